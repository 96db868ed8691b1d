//! PURE. From OpenMetrics, which the library writes, to the older text format that Alertmanager serves.
//!
//! Owns the differences: there a counter's family has the name of its samples, an info is a gauge, a
//! family without samples is left out, bounds of buckets are written as Go writes numbers (`le="1"`),
//! and no line marks the end. Every reader of Prometheus' formats understands the older one. Runs on
//! connections' threads.

use std::borrow::Cow;
use std::mem;

/// A family while its samples are read.
#[derive(Default)]
struct Family<'a> {
    name: &'a str,
    help: &'a str,
    kind: &'a str,
    samples: Vec<&'a str>,
}

/// The page in the older format.
pub fn plain(open_metrics: &str) -> String {
    let mut page = String::with_capacity(open_metrics.len());
    let mut family = Family::default();
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            mem::take(&mut family).write(&mut page);
            (family.name, family.help) = rest.split_once(' ').unwrap_or((rest, ""));
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            family.kind = rest.split_once(' ').map_or("", |(_, kind)| kind);
        } else if !line.starts_with('#') {
            family.samples.push(line);
        }
    }
    family.write(&mut page);
    page
}

impl Family<'_> {
    fn write(self, page: &mut String) {
        if self.samples.is_empty() {
            return;
        }
        let has_buckets = || {
            let is_bucket = |sample: &&str| {
                let rest = sample.strip_prefix(self.name);
                rest.is_some_and(|rest| rest.starts_with("_bucket"))
            };
            self.samples.iter().any(is_bucket)
        };
        let (suffix, kind) = match self.kind {
            "counter" => ("_total", "counter"),
            "info" => ("_info", "gauge"),
            "unknown" => ("", "untyped"),
            "histogram" if !has_buckets() => ("", "summary"),
            kind => ("", kind),
        };
        let Family { name, help, .. } = self;
        page.push_str(&format!("# HELP {name}{suffix} {help}\n"));
        page.push_str(&format!("# TYPE {name}{suffix} {kind}\n"));
        for sample in self.samples {
            page.push_str(&with_bound(name, sample));
            page.push('\n');
        }
    }
}

/// The sample with its bucket's bound, if it has one, as Go writes it.
fn with_bound<'a>(family: &str, sample: &'a str) -> Cow<'a, str> {
    let bound = || {
        let rest = sample.strip_prefix(family)?;
        let rest = rest.strip_prefix("_bucket{le=\"")?;
        let (bound, rest) = rest.split_once('"')?;
        let bound = go_number(bound.parse().ok()?);
        Some(format!("{family}_bucket{{le=\"{bound}\"{rest}"))
    };
    bound().map_or(Cow::Borrowed(sample), Cow::Owned)
}

/// The shortest way to write a number, with an exponent from a million on.
fn go_number(number: f64) -> String {
    if number.is_infinite() {
        return "+Inf".into();
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if number >= 1e6 => format!("{digits}e+{exponent:0>2}"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_named_as_the_older_format_has_it() {
        let open_metrics = "\
# HELP a Alerts.\n# TYPE a counter\na_total{x=\"# y\"} 1\n\
# HELP b Build.\n# TYPE b info\nb_info{v=\"1\"} 1\n\
# HELP c Took.\n# TYPE c histogram\nc_sum 0.5\nc_count 2\n\
# HELP d Took.\n# TYPE d histogram\nd_sum 0.5\nd_count 2\n\
d_bucket{le=\"0.5\",a=\"b\"} 0\nd_bucket{le=\"1.0\"} 2\nd_bucket{le=\"100000000.0\"} 2\nd_bucket{le=\"+Inf\"} 2\n\
# HELP e Nothing.\n# TYPE e gauge\n\
# EOF\n";
        let older = "\
# HELP a_total Alerts.\n# TYPE a_total counter\na_total{x=\"# y\"} 1\n\
# HELP b_info Build.\n# TYPE b_info gauge\nb_info{v=\"1\"} 1\n\
# HELP c Took.\n# TYPE c summary\nc_sum 0.5\nc_count 2\n\
# HELP d Took.\n# TYPE d histogram\nd_sum 0.5\nd_count 2\n\
d_bucket{le=\"0.5\",a=\"b\"} 0\nd_bucket{le=\"1\"} 2\nd_bucket{le=\"1e+08\"} 2\nd_bucket{le=\"+Inf\"} 2\n";
        assert_eq!(plain(open_metrics), older);
    }
}
