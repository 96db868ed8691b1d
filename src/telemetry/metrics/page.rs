//! PURE. Adds summaries to the page, which the metrics library does not support.
//!
//! Owns the one difference between the library's page and Alertmanager's: [`super::summary`] is encoded as a
//! histogram without buckets, to which the library adds the bucket without a bound. Runs on connection
//! threads.

/// The page, with each histogram without bounds turned into a summary.
pub fn with_summaries(page: &str) -> String {
    let mut written = String::with_capacity(page.len());
    let mut is_summary = false;
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let title = line.strip_prefix("# TYPE ");
        if let Some(title) = title {
            let is_histogram = title.ends_with(" histogram");
            is_summary = is_histogram && lines.peek().is_some_and(|first| has_no_bound(first));
        }
        match title.and_then(|title| title.strip_suffix(" histogram")) {
            Some(name) if is_summary => written.push_str(&format!("# TYPE {name} summary\n")),
            _ if is_summary && has_no_bound(line) => {}
            _ => {
                written.push_str(line);
                written.push('\n');
            }
        }
    }
    written
}

/// Whether this is a sample of the bucket without a bound (`+Inf`).
fn has_no_bound(sample: &str) -> bool {
    let series = sample.rsplit_once(' ').map_or("", |(series, _)| series);
    let name = series.split('{').next().unwrap_or("");
    name.ends_with("_bucket") && series.ends_with("le=\"+Inf\"}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_without_bounds_is_a_summary_and_others_stay() {
        let from_library = "\
# HELP a_total le=\"+Inf\"}\n# TYPE a_total counter\na_total{x=\"_bucket{le=\\\"+Inf\\\"}\"} 1\n\
# HELP c Took.\n# TYPE c histogram\nc_bucket{a=\"b\",le=\"+Inf\"} 2\nc_sum{a=\"b\"} 0.5\nc_count{a=\"b\"} 2\n\
c_bucket{a=\"c\",le=\"+Inf\"} 1\nc_sum{a=\"c\"} 0.5\nc_count{a=\"c\"} 1\n\
# HELP d Took.\n# TYPE d histogram\nd_bucket{le=\"0.5\"} 0\nd_bucket{le=\"+Inf\"} 2\nd_sum 0.5\nd_count 2\n";
        let page = "\
# HELP a_total le=\"+Inf\"}\n# TYPE a_total counter\na_total{x=\"_bucket{le=\\\"+Inf\\\"}\"} 1\n\
# HELP c Took.\n# TYPE c summary\nc_sum{a=\"b\"} 0.5\nc_count{a=\"b\"} 2\n\
c_sum{a=\"c\"} 0.5\nc_count{a=\"c\"} 1\n\
# HELP d Took.\n# TYPE d histogram\nd_bucket{le=\"0.5\"} 0\nd_bucket{le=\"+Inf\"} 2\nd_sum 0.5\nd_count 2\n";
        assert_eq!(with_summaries(from_library), page);
    }
}
