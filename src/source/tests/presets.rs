//! Every preset with the requests of its sender.

use std::collections::BTreeMap;

use super::*;

fn of_preset(preset: &Preset) -> Arc<SourceEntry> {
    let extra = if preset.name == "slack" {
        "\nttl: 1h"
    } else {
        ""
    };
    source(&format!("preset: {}{extra}", preset.name))
}

/// What names an alert: its key or, without one, its labels.
fn identities(read: &Yield, is_firing: bool) -> Vec<String> {
    let named = read.reports.iter().filter_map(|report| {
        let labels = match &report.change {
            ReportedChange::Firing { alert, .. } if is_firing => &alert.labels,
            ReportedChange::Resolved { labels, .. } if !is_firing => labels,
            _ => return None,
        };
        let labels = || labels.to_string();
        Some(report.key.as_deref().map_or_else(labels, str::to_owned))
    });
    named.collect()
}

fn told(preset: &Preset, fixture: &Fixture) -> Yield {
    let read = of_preset(preset)
        .source
        .read(&fixture.request().posted(), now());
    let read = read.unwrap_or_else(|fault| panic!("{}/{}: {fault}", preset.name, fixture.name));
    let (name, fixture) = (preset.name, fixture.name);
    assert_eq!(read.refused, [], "{name}/{fixture}");
    assert_eq!(read.faults, [""; 0], "{name}/{fixture}");
    read
}

#[test]
fn what_fires_has_a_name_and_a_summary_and_resolves_by_the_rule_of_its_sender() {
    for preset in Preset::ALL {
        let mut fired = BTreeMap::new();
        for fixture in preset.fixtures {
            let read = told(preset, fixture);
            let place = format!("{}/{}", preset.name, fixture.name);
            let pair = fixture.name.trim_start_matches(fixture.outcome());
            match fixture.outcome() {
                "firing" => {
                    assert_eq!(read.dropped, 0, "{place}");
                    assert!(!read.reports.is_empty(), "{place} is no alert");
                    assert_eq!(firing(&read).len(), read.reports.len(), "{place}");
                    for alert in firing(&read) {
                        assert!(alert.labels.get("alertname").is_some(), "{place}");
                        assert!(alert.annotations.get("summary").is_some(), "{place}");
                    }
                    fired.insert(pair, identities(&read, true));
                }
                "resolved" => {
                    let ended = identities(&read, false);
                    assert_eq!(Some(&ended), fired.get(pair), "{place} ends what fired");
                }
                "test" => assert_eq!(shown(&read), "dropped 1", "{place}"),
                other => panic!("{place} begins with {other}"),
            }
        }
    }
}

#[test]
fn every_file_of_a_preset_is_part_of_the_program() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/presets");
    let names = |path: std::path::PathBuf, end: &str| -> Vec<String> {
        let entries = std::fs::read_dir(path).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.filter_map(|name| {
            let name = name.into_string().expect("a name in UTF-8");
            name.strip_suffix(end).map(str::to_owned)
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    let known: Vec<_> = Preset::ALL.iter().map(|preset| preset.name).collect();
    assert_eq!(names(folder.clone(), ".yml"), known);
    for preset in Preset::ALL {
        let mut fixtures: Vec<_> = preset.fixtures.iter().map(|fixture| fixture.name).collect();
        fixtures.sort_unstable();
        assert_eq!(names(folder.join(preset.name), ".http"), fixtures);
    }
}

/// What is made of a fixture.
fn made_of(preset: &str, fixture: &str) -> Yield {
    let preset = Preset::find(preset).expect("a preset");
    let mut fixtures = preset.fixtures.iter();
    let fixture = fixtures.find(|other| other.name == fixture);
    told(preset, fixture.expect("a fixture"))
}

#[test]
fn an_alertmanager_keeps_labels_annotations_times_and_links() {
    let read = made_of("alertmanager", "firing");
    assert_eq!(
        shown(&read),
        "firing - {alertname=\"HighLoad\", instance=\"web1:9100\", severity=\"page\"}\n\
         firing - {alertname=\"HighLoad\", instance=\"web2:9100\", severity=\"page\"}"
    );
    let first = firing(&read)[0];
    assert_eq!(first.annotations.get("summary"), Some("Load is 12"));
    assert_eq!(first.starts_at, "2026-11-29T10:00:00.123Z".parse().ok());
    assert_eq!(first.ends_at, None, "year 1 is no end");
    assert_eq!(
        &*first.generator_url,
        "http://prometheus.example:9090/graph?g0.expr=load1"
    );
    let ended = made_of("alertmanager", "resolved");
    let ReportedChange::Resolved { ended_at, .. } = &ended.reports[0].change else {
        panic!("{ended:?}");
    };
    assert_eq!(*ended_at, "2026-11-29T10:20:00Z".parse().ok());
}

#[test]
fn grafanas_further_fields_are_annotations() {
    let read = made_of("alertmanager", "firing-grafana");
    let annotations = annotations(&read);
    assert_eq!(
        annotations.get("grafana_dashboard"),
        Some("https://grafana.example/d/abc?orgId=1")
    );
    assert!(
        annotations
            .get("grafana_values")
            .is_some_and(|text| text.contains("value=93.5"))
    );
}

#[test]
fn the_generic_form_has_a_key_a_time_and_a_ttl() {
    let read = made_of("generic", "firing");
    assert_eq!(
        shown(&read),
        "firing backup/db1 {alertname=\"BackupFailed\", host=\"db1\", severity=\"page\", try=\"3\"}"
    );
    let ReportedChange::Firing { alert, ttl } = &read.reports[0].change else {
        panic!("{read:?}");
    };
    assert_eq!(*ttl, Some(std::time::Duration::from_secs(26 * 3600)));
    assert_eq!(&*alert.generator_url, "https://backup.example/db1");
    let list = made_of("generic", "firing-list");
    assert_eq!(
        firing(&list)[0].starts_at,
        "2026-12-04T00:00:00Z".parse().ok()
    );
    assert_eq!(
        shown(&made_of("generic", "firing-text")),
        "firing - {alertname=\"s\"}"
    );
}

/// What every request of every preset becomes, for a reader: write it anew with UPDATE_STORIES=1, and read the
/// difference.
#[test]
fn the_requests_become_what_is_written_down() {
    let mut told = String::new();
    for preset in Preset::ALL {
        for fixture in preset.fixtures {
            let read = self::told(preset, fixture);
            told.push_str(&format!(
                "{}/{}\n{}",
                preset.name,
                fixture.name,
                in_full(&read)
            ));
        }
    }
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/source/tests/presets.txt");
    if std::env::var_os("UPDATE_STORIES").is_some() {
        std::fs::write(&path, &told).expect("a file to write");
    }
    let written = std::fs::read_to_string(&path).expect("what is written down");
    let pairs = told.lines().zip(written.lines());
    for (told, written) in pairs {
        assert_eq!(told, written);
    }
    assert_eq!(told.lines().count(), written.lines().count());
}

fn in_full(read: &Yield) -> String {
    let mut out = String::new();
    for report in &read.reports {
        let key = report.key.as_deref().unwrap_or("-");
        match &report.change {
            ReportedChange::Resolved { labels, ended_at } => {
                out.push_str(&format!("  resolved {key} {}\n", **labels));
                line(&mut out, "ended", ended_at.map(|at| at.to_string()));
            }
            ReportedChange::Firing { alert, ttl } => {
                out.push_str(&format!("  firing {key} {}\n", *alert.labels));
                for (name, text) in alert.annotations.iter() {
                    line(&mut out, name, Some(text.replace('\n', "\\n")));
                }
                line(&mut out, "began", alert.starts_at.map(|at| at.to_string()));
                line(&mut out, "ends", alert.ends_at.map(|at| at.to_string()));
                line(&mut out, "for", ttl.map(|ttl| format!("{ttl:?}")));
                line(&mut out, "link", Some(alert.generator_url.to_string()));
            }
        }
    }
    if read.dropped > 0 {
        out.push_str("  no alert\n");
    }
    out
}

fn line(out: &mut String, name: &str, text: Option<String>) {
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        out.push_str(&format!("    {name}: {text}\n"));
    }
}
