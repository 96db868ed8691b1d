//! Tests with a real Prometheus, which evaluates rules, sends their alerts to our daemon and to Alertmanager,
//! and scrapes our daemon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use tiny_http::{Header, Response};

use crate::daemon::Daemon;
use crate::local_server::LocalServer;
use crate::pair::Pair;
use crate::peers::Peers;
use crate::process::{Folder, Process};
use crate::receiver::Receiver;
use crate::wait;

/// Two alerts from one rule, which one group holds.
const RULES: &str = r#"
groups:
- name: lamps
  rules:
  - alert: LampIsOn
    expr: lamp_on == 1
    labels: {severity: page}
    annotations: {summary: 'lamp {{ $labels.lamp }} is on'}
"#;

/// What the rule's graph is called, as Prometheus writes it.
const GENERATOR: &str = "http://prometheus.test/graph?g0.expr=lamp_on+%3D%3D+1&g0.tab=1";

#[test]
fn what_prometheus_fires_and_resolves_is_told_as_by_alertmanager() {
    let test = "what_prometheus_fires_and_resolves_is_told_as_by_alertmanager";
    let Some(peers) = Peers::find(test) else {
        return;
    };
    let [ours, theirs] = [Receiver::start(), Receiver::start()];
    let lamps = Lamps::start();
    let pair = pair_towards(&peers, &ours, &theirs);
    let prometheus = Prometheus::start(&peers, &lamps, &[&pair.ours, &pair.theirs]);

    lamps.switch_on();
    let firing = told_alike(&ours, &theirs);
    expect_both_lamps(&firing, "firing");

    lamps.switch_off();
    let resolved = told_alike(&ours, &theirs);
    expect_both_lamps(&resolved, "resolved");

    let query = "alertmanager_alerts_received_total{job=\"alertwheel\",status=\"resolved\"}";
    wait::until("the count of resolved alerts in Prometheus", || {
        (prometheus.value_of(query)? >= 2.0).then_some(())
    });
    assert_eq!(prometheus.value_of("up{job=\"alertwheel\"}"), Some(1.0));
    assert_eq!([ours.unexpected(), theirs.unexpected()], [None, None]);
    assert_eq!(pair.ours.stop().code(), Some(0));
}

/// Both daemons, each telling its own receiver and taking itself for the same address.
fn pair_towards(peers: &Peers, ours: &Receiver, theirs: &Receiver) -> Pair {
    let configurations = [ours, theirs].map(|receiver| {
        format!(
            "route: {{receiver: desk, group_by: [alertname], group_wait: 1s, group_interval: 1s}}\n\
             receivers:\n- name: desk\n  webhook_configs: [{{url: '{}'}}]\n",
            receiver.url()
        )
    });
    let flags = ["--web.external-url=http://dispatcher.test"];
    Pair::start_each(peers, configurations.each_ref().map(String::as_str), &flags)
}

/// The next webhook of both, which must have the same bytes.
fn told_alike(ours: &Receiver, theirs: &Receiver) -> Value {
    let [ours, theirs] = [ours.next(), theirs.next()];
    assert_eq!(ours, theirs, "ours, then Alertmanager's");
    serde_json::from_str(&ours).expect("a webhook is JSON")
}

fn expect_both_lamps(webhook: &Value, status: &str) {
    assert_eq!(webhook["status"], status);
    assert_eq!(webhook["groupLabels"]["alertname"], "LampIsOn");
    assert_eq!(webhook["groupKey"], "{}:{alertname=\"LampIsOn\"}");
    let alerts = webhook["alerts"].as_array().expect("alerts are a list");
    assert_eq!(alerts.len(), 2, "{webhook}");
    for (alert, lamp) in alerts.iter().zip(["a", "b"]) {
        assert_eq!(alert["status"], status);
        assert_eq!(alert["labels"]["lamp"], lamp);
        assert_eq!(
            alert["annotations"]["summary"],
            format!("lamp {lamp} is on")
        );
        assert_eq!(alert["generatorURL"], GENERATOR);
    }
}

/// An exporter of two lamps.
pub struct Lamps {
    are_on: Arc<AtomicBool>,
    server: LocalServer,
}

impl Lamps {
    /// Starts it with both lamps off.
    pub fn start() -> Lamps {
        let are_on = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&are_on);
        let content_type = "Content-Type: text/plain; version=0.0.4";
        let content_type: Header = content_type.parse().expect("the header is well-formed");
        let server = LocalServer::start("lamps", move |request| {
            let value = u8::from(seen.load(Ordering::Relaxed));
            let text = format!("lamp_on{{lamp=\"a\"}} {value}\nlamp_on{{lamp=\"b\"}} {value}\n");
            let response = Response::from_string(text).with_header(content_type.clone());
            // A scrape that was given up is followed by another.
            let _ = request.respond(response);
        });
        Lamps { are_on, server }
    }

    /// Switches both on.
    pub fn switch_on(&self) {
        self.are_on.store(true, Ordering::Relaxed);
    }

    /// Switches both off.
    pub fn switch_off(&self) {
        self.are_on.store(false, Ordering::Relaxed);
    }
}

/// A Prometheus that scrapes the lamps and our daemon, and posts alerts to daemons.
pub struct Prometheus {
    url: String,
    /// Held so that it runs.
    _process: Process,
}

impl Prometheus {
    /// Starts one that posts to these daemons, of which the first is ours.
    pub fn start(peers: &Peers, lamps: &Lamps, daemons: &[&Daemon]) -> Prometheus {
        let targets: Vec<String> = daemons
            .iter()
            .map(|daemon| format!("'{}'", daemon.address()))
            .collect();
        let folder = Folder::create("prometheus");
        folder.write("rules.yml", RULES);
        let configuration = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\n\
             rule_files: [rules.yml]\n\
             alerting: {{alertmanagers: [{{api_version: v2, static_configs: [{{targets: [{targets}]}}]}}]}}\n\
             scrape_configs:\n\
             - {{job_name: lamps, static_configs: [{{targets: ['{lamps}']}}]}}\n\
             - {{job_name: alertwheel, static_configs: [{{targets: ['{ours}']}}]}}\n",
            ours = daemons[0].address(),
            targets = targets.join(", "),
            lamps = lamps.server.address(),
        );
        let file = folder.write("prometheus.yml", &configuration);
        let arguments = [
            format!("--config.file={}", file.display()),
            format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ),
            "--web.listen-address=127.0.0.1:0".to_owned(),
            "--web.external-url=http://prometheus.test/".to_owned(),
            "--rules.alert.resend-delay=1s".to_owned(),
        ];
        let mut process = Process::start("prometheus", &peers.prometheus(), &arguments, folder);
        let url = format!("http://{}", process.address());
        Prometheus {
            url,
            _process: process,
        }
    }

    /// The value of the one series that `query` selects, if there is one yet.
    pub fn value_of(&self, query: &str) -> Option<f64> {
        let request = ureq::get(format!("{}/api/v1/query", self.url)).query("query", query);
        let mut response = request.call().ok()?;
        let text = response.body_mut().read_to_string().ok()?;
        let answer: Value = serde_json::from_str(&text).ok()?;
        let value = &answer["data"]["result"][0]["value"][1];
        value.as_str()?.parse().ok()
    }
}
