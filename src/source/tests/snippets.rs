//! The snippets of `etc/sources`: what the sender's template yields is an alert, and its end ends it.

use std::fs;
use std::path::Path;

use super::*;

/// A sender, and the values of its placeholders when an alert fires and when it has resolved.
struct Sender {
    file: &'static str,
    firing: &'static [(&'static str, &'static str)],
    resolved: &'static [(&'static str, &'static str)],
    /// The alert that fires, with its key.
    alert: &'static str,
}

const SENDERS: [Sender; 10] = [
    Sender {
        file: "cron",
        firing: &[
            ("$status", "firing"),
            ("$host", "db1"),
            ("$name", "backup"),
            ("$output", "rc=2\n100% full"),
        ],
        resolved: &[
            ("$status", "resolved"),
            ("$host", "db1"),
            ("$name", "backup"),
            ("$output", ""),
        ],
        alert: "db1/backup {alertname=\"CronJobFailed\"}",
    },
    Sender {
        file: "datadog",
        firing: &[
            ("$ALERT_ID", "7"),
            ("$ALERT_SCOPE", "host:web1"),
            ("$EVENT_TITLE", "[P2] [Triggered] Load is high"),
            ("$TEXT_ONLY_MSG", "Load is 12"),
            ("$ALERT_TRANSITION", "Triggered"),
            ("$ALERT_PRIORITY", "P2"),
            ("$ALERT_TYPE", "error"),
            ("$TAGS", "env:prod,team:web"),
            ("$LINK", "https://app.datadoghq.com/event/1"),
            ("$DATE", "1796040000000"),
        ],
        resolved: &[
            ("$ALERT_ID", "7"),
            ("$ALERT_SCOPE", "host:web1"),
            ("$EVENT_TITLE", "[P2] [Recovered] Load is high"),
            ("$TEXT_ONLY_MSG", ""),
            ("$ALERT_TRANSITION", "Recovered"),
            ("$ALERT_PRIORITY", "P2"),
            ("$ALERT_TYPE", "success"),
            ("$TAGS", ""),
            ("$LINK", ""),
            ("$DATE", "1796041000000"),
        ],
        alert: "7/host:web1 {alertname=\"Load is high\", priority=\"P2\", scope=\"host:web1\", severity=\"critical\"}",
    },
    Sender {
        file: "home-assistant",
        firing: &[
            ("{{ name }}", "FreezerWarm"),
            ("{{ status }}", "firing"),
            ("{{ key }}", "freezer"),
            ("{{ summary }}", "The freezer has -9 °C"),
        ],
        resolved: &[
            ("{{ name }}", "FreezerWarm"),
            ("{{ status }}", "resolved"),
            ("{{ key }}", "freezer"),
            ("{{ summary }}", ""),
        ],
        alert: "freezer {alertname=\"FreezerWarm\"}",
    },
    Sender {
        file: "icinga",
        firing: &[
            ("$notification.type$", "PROBLEM"),
            ("$host.name$", "web1"),
            ("$service.name$", "http"),
            ("$service.state$", "CRITICAL"),
            ("$service.output$", "HTTP CRITICAL - a=b&c \"d\""),
        ],
        resolved: &[
            ("$notification.type$", "RECOVERY"),
            ("$host.name$", "web1"),
            ("$service.name$", "http"),
            ("$service.state$", "OK"),
            ("$service.output$", "HTTP OK"),
        ],
        alert: "web1!http {alertname=\"http\", host=\"web1\", severity=\"critical\"}",
    },
    Sender {
        file: "monit",
        firing: &[
            ("$1", "firing"),
            ("$MONIT_HOST", "web1"),
            ("$MONIT_SERVICE", "root"),
            ("$MONIT_EVENT", "Resource limit matched"),
            ("$MONIT_DESCRIPTION", "space usage 91%"),
        ],
        resolved: &[
            ("$1", "resolved"),
            ("$MONIT_HOST", "web1"),
            ("$MONIT_SERVICE", "root"),
            ("$MONIT_EVENT", "Resource limit succeeded"),
            ("$MONIT_DESCRIPTION", ""),
        ],
        alert: "web1/root {alertname=\"root\", host=\"web1\"}",
    },
    Sender {
        file: "nagios",
        firing: &[
            ("$NOTIFICATIONTYPE$", "PROBLEM"),
            ("$HOSTNAME$", "web1"),
            ("$SERVICEDESC$", ""),
            ("$SERVICESTATE$", "DOWN"),
            ("$SERVICEOUTPUT$", "PING CRITICAL"),
        ],
        resolved: &[
            ("$NOTIFICATIONTYPE$", "RECOVERY"),
            ("$HOSTNAME$", "web1"),
            ("$SERVICEDESC$", ""),
            ("$SERVICESTATE$", "UP"),
            ("$SERVICEOUTPUT$", "PING OK"),
        ],
        alert: "web1! {alertname=\"Host down\", host=\"web1\", severity=\"down\"}",
    },
    Sender {
        file: "netdata-agent",
        firing: &[
            ("${host}", "web1"),
            ("${name}", "ram_in_use"),
            ("${chart}", "system.ram"),
            ("${status}", "WARNING"),
            ("${value_string}", "91%"),
            ("${info}", "memory"),
            ("${when}", "1796040000"),
            ("${goto_url}", "https://app.netdata.cloud/x?y=z"),
        ],
        resolved: &[
            ("${host}", "web1"),
            ("${name}", "ram_in_use"),
            ("${chart}", "system.ram"),
            ("${status}", "CLEAR"),
            ("${value_string}", "40%"),
            ("${info}", ""),
            ("${when}", "1796041000"),
            ("${goto_url}", ""),
        ],
        alert: "web1/system.ram/ram_in_use {alertname=\"ram_in_use\", chart=\"system.ram\", host=\"web1\", severity=\"warning\"}",
    },
    Sender {
        file: "proxmox-ve",
        firing: &[
            ("{{ escape title }}", "vzdump backup status: backup failed"),
            ("{{ escape message }}", "line one\\nline \\\"two\\\""),
            ("{{ severity }}", "error"),
            ("{{ timestamp }}", "1796040000"),
            ("{{ fields.type }}", "vzdump"),
            ("{{ fields.hostname }}", "pve1"),
        ],
        resolved: &[
            (
                "{{ escape title }}",
                "vzdump backup status: backup successful",
            ),
            ("{{ escape message }}", ""),
            ("{{ severity }}", "info"),
            ("{{ timestamp }}", "1796041000"),
            ("{{ fields.type }}", "vzdump"),
            ("{{ fields.hostname }}", "pve1"),
        ],
        alert: "pve1/vzdump {alertname=\"vzdump\", host=\"pve1\", severity=\"error\"}",
    },
    Sender {
        file: "synology",
        firing: &[("@@TEXT@@", "Storage Pool 1 on nas1 has degraded")],
        resolved: &[],
        alert: "- {alertname=\"Synology\", text_hash=\"1175eafeeb1b\"}",
    },
    Sender {
        file: "zabbix",
        firing: &[
            ("{EVENT.ID}", "4711"),
            ("{EVENT.NAME}", "Disk is full"),
            ("{EVENT.STATUS}", "PROBLEM"),
            ("{EVENT.SEVERITY}", "High"),
            ("{HOST.HOST}", "db1"),
            ("{EVENT.DATE}", "2026.11.29"),
            ("{EVENT.TIME}", "11:00:00"),
            ("{EVENT.OPDATA}", "99%"),
            (
                "{EVENT.TAGSJSON}",
                r#"[{\"tag\":\"team\",\"value\":\"dba\"},{\"tag\":\"x\",\"value\":\"\"}]"#,
            ),
        ],
        resolved: &[
            ("{EVENT.ID}", "4711"),
            ("{EVENT.NAME}", "Disk is full"),
            ("{EVENT.STATUS}", "RESOLVED"),
            ("{EVENT.SEVERITY}", "High"),
            ("{HOST.HOST}", "db1"),
            ("{EVENT.DATE}", "2026.11.29"),
            ("{EVENT.TIME}", "11:00:00"),
            ("{EVENT.OPDATA}", ""),
            ("{EVENT.TAGSJSON}", "[]"),
        ],
        alert: "4711 {alertname=\"Disk is full\", host=\"db1\", severity=\"high\", team=\"dba\"}",
    },
];

fn page(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/sources");
    fs::read_to_string(folder.join(format!("{file}.md"))).expect("a page")
}

/// The block of a page in this language.
fn block<'p>(page: &'p str, language: &str) -> &'p str {
    let start = format!("```{language}\n");
    let (_, rest) = page.split_once(&start).expect("a block");
    rest.split_once("\n```").expect("its end").0
}

/// The source of a page's configuration, which must give no warning.
fn source_of(page: &str) -> Arc<SourceEntry> {
    let yaml = block(page, "yaml");
    let text = format!("route: {{receiver: r}}\nreceivers: [{{name: r}}]\n{yaml}\n");
    let loaded = config::parse("page.yml", &text, ParserMode::default());
    let loaded = loaded.unwrap_or_else(|faults| panic!("{faults}"));
    loaded.config.sources[0].clone()
}

/// What the sender posts with these values: in a form they are encoded, as curl does it.
fn posted(page: &str, values: &[(&str, &str)]) -> Request {
    let mut text = block(page, "http").to_owned();
    let is_form = text.contains("urlencoded");
    for (placeholder, value) in values {
        assert!(text.contains(placeholder), "{placeholder} is not in {text}");
        let value = if is_form {
            encoded(value)
        } else {
            (*value).to_owned()
        };
        text = text.replace(placeholder, &value);
    }
    Request::read(&text)
}

fn encoded(value: &str) -> String {
    let bytes = value.bytes().map(|byte| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[test]
fn what_a_sender_posts_is_an_alert_and_its_end_ends_it() {
    for sender in SENDERS {
        let page = page(sender.file);
        let source = source_of(&page);
        let fired = source
            .source
            .read(&posted(&page, sender.firing).posted(), now());
        let fired = fired.unwrap_or_else(|fault| panic!("{}: {fault}", sender.file));
        assert_eq!(fired.faults, [""; 0], "{}", sender.file);
        assert_eq!(
            shown(&fired),
            format!("firing {}", sender.alert),
            "{}",
            sender.file
        );
        assert!(
            annotations(&fired).get("summary").is_some(),
            "{}",
            sender.file
        );
        if sender.resolved.is_empty() {
            assert!(source.source.settings().ttl.is_some(), "{}", sender.file);
            continue;
        }
        let ended = source
            .source
            .read(&posted(&page, sender.resolved).posted(), now());
        let ended = ended.expect("what ends an alert");
        let key = fired.reports[0].key.as_deref().expect("a key");
        assert_eq!(
            shown(&ended),
            format!("resolved {key} {{}}"),
            "{}",
            sender.file
        );
    }
}

#[test]
fn every_page_is_tried() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("etc/sources");
    let names = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a page").file_name());
    let mut names: Vec<_> = names
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    names.sort();
    let tried: Vec<_> = SENDERS
        .iter()
        .map(|sender| format!("{}.md", sender.file))
        .collect();
    assert_eq!(names, tried);
}

#[test]
fn times_of_zabbix_are_in_its_own_zone_and_its_test_button_makes_no_alert() {
    let page = page("zabbix");
    let source = source_of(&page);
    let zabbix = &SENDERS[9];
    let fired = source
        .source
        .read(&posted(&page, zabbix.firing).posted(), now());
    let fired = fired.expect("an alert");
    assert_eq!(
        firing(&fired)[0].starts_at,
        "2026-11-29T10:00:00Z".parse().ok()
    );
    let test = source
        .source
        .read(&posted(&page, &[]).posted(), now())
        .expect("a test");
    assert_eq!(shown(&test), "dropped 1");
}
