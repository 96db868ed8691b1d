//! Tests of a worker from the dispatcher's side: from jobs to outcomes.

use std::fs;
use std::time::Duration;

use super::fake_receiver::{FakeReceiver, Reply, answer};
use super::*;
use crate::config::{Endpoint, Webhook};
use crate::dispatch::inbox::Event;
use crate::engine::{AttemptId, FailureKind, Reason};
use crate::model::Labels;
use crate::telemetry::metrics::Metrics;
use crate::template::Payload;
use crate::threads;
use crate::waker::Waker;

fn deliverer() -> Arc<Deliverer> {
    let settings = Settings {
        external_url: "http://alerts.example:9093".to_owned(),
        version: "0.1.0".to_owned(),
        workers: 8,
        workers_per_endpoint: 4,
    };
    Arc::new(Deliverer::new(
        settings,
        Arc::new(Metrics::new("test")),
        Clock::start(),
    ))
}

fn job(attempt: u64, destination: Destination) -> Job {
    let notification = Notification {
        receiver: "team".into(),
        webhook_index: 0,
        reason: Reason::FirstNotification,
        group_key: "{}:{}".into(),
        group_labels: Labels::default(),
        route_labels: Arc::default(),
        alerts: Vec::new(),
        truncated_alerts: 0,
    };
    let webhook = Webhook {
        destination,
        method: "POST",
        send_resolved: true,
        max_alerts: 0,
        timeout: None,
        heartbeat: None,
        endpoint: Endpoint("http://127.0.0.1".into()),
        http: Arc::default(),
        payload: None,
        templates: Arc::default(),
    };
    Job {
        attempt: AttemptId(attempt),
        webhook: Arc::new(webhook),
        notification: Arc::new(notification),
        timeout: Duration::from_secs(10),
    }
}

fn verdict_on(destination: Destination) -> Verdict {
    deliverer().deliver(&job(1, destination)).verdict
}

fn final_text(destination: Destination) -> String {
    match verdict_on(destination) {
        Verdict::GiveUp(failure) if failure.kind == FailureKind::Other => failure.text,
        other => panic!("a final failure was expected, not {other:?}"),
    }
}

#[test]
fn each_job_gives_one_outcome_until_the_jobs_end() {
    let receiver = FakeReceiver::start(|seen| {
        Reply::Write(if seen.request_line().contains("/bad") {
            answer("404 Gone", "", "no such team\n")
        } else {
            answer("200 OK", "", "")
        })
    });
    let (jobs, work) = waker::mailbox(2);
    let (events, taken) = waker::channel(2, &Waker::default());
    let outcomes = OutcomeSender::new(0, events);
    for (attempt, path) in [(7, "/good"), (8, "/bad")] {
        let destination = Destination::Url(receiver.url(path));
        jobs.send(job(attempt, destination)).expect("room");
    }
    drop(jobs);
    let worker = threads::spawn("send-0", threads::WORKER_STACK, move || {
        run(work, outcomes, deliverer());
    });
    worker.expect("a thread").join().expect("no panic");
    let outcomes: Vec<Outcome> = taken
        .iter()
        .map(|event| match event {
            Event::Outcome { outcome, .. } => outcome,
            other => panic!("an outcome was expected, not {other:?}"),
        })
        .collect();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[0].attempt, AttemptId(7));
    assert_eq!(outcomes[0].verdict, Verdict::Delivered);
    assert_eq!(outcomes[1].attempt, AttemptId(8));
    let Verdict::GiveUp(failure) = &outcomes[1].verdict else {
        panic!("a 404 must be final, not {:?}", outcomes[1].verdict);
    };
    assert_eq!(failure.kind, FailureKind::ClientError);
    assert_eq!(failure.text, "unexpected status code 404: no such team");
    let body = &receiver.take_seen()[0].body;
    assert!(body.starts_with(b"{\"receiver\":\"team\",\"status\":"));
}

#[test]
fn a_fault_of_the_network_is_retried_without_naming_the_url() {
    let receiver = FakeReceiver::start(|_| Reply::WriteAndClose(String::new()));
    let verdict = verdict_on(Destination::Url(receiver.url("/secret")));
    let port = receiver.port();
    let text = format!(
        "Post \"<redacted>\": 127.0.0.1:{port}: connection closed before the answer was complete"
    );
    assert_eq!(verdict, verdict::retry(text));
}

#[test]
fn the_address_in_a_file_is_read_at_each_attempt_and_may_be_half_written() {
    let receiver = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "")));
    let path = std::env::temp_dir().join(format!("url-file-{}", std::process::id()));
    let destination = Destination::UrlFile(path.clone());
    let fault = |cause: &str| format!("read url_file: {}: {cause}", path.display());
    let retried_text = || match verdict_on(destination.clone()) {
        Verdict::Retry { failure, .. } if failure.kind == FailureKind::Other => failure.text,
        other => panic!("a failure that may pass was expected, not {other:?}"),
    };

    let text = retried_text();
    assert!(text.starts_with(&fault("No such file")), "{text}");
    fs::write(&path, " \n").expect("a file");
    assert_eq!(retried_text(), fault("the file is empty"));
    fs::write(&path, "htt").expect("a file");
    let no_url = fault("the content is no http or https URL");
    assert_eq!(retried_text(), no_url);
    fs::write(&path, "http://host/{{ .Rec").expect("a file");
    let text = retried_text();
    assert!(
        text.starts_with("failed to template webhook URL: "),
        "{text}"
    );
    fs::write(&path, format!("{}\n", receiver.url("/hook"))).expect("a file");
    assert_eq!(verdict_on(destination), Verdict::Delivered);
    fs::remove_file(&path).expect("the file");
}

#[test]
fn a_url_that_cannot_be_read_is_final_and_stays_secret() {
    let text = final_text(Destination::Url("http://host:port/secret".to_owned()));
    assert_eq!(text, "the url is no http or https URL");
}

#[test]
fn a_panic_ends_its_attempt_only() {
    let deliverer = deliverer();
    let formatted = deliverer.contain(|| panic!("in alert {}", 7));
    assert_eq!(
        formatted,
        verdict::retry("panic while sending: in alert 7".to_owned())
    );
    let plain = deliverer.contain(|| panic!("oh"));
    assert_eq!(plain, verdict::retry("panic while sending: oh".to_owned()));
}

#[test]
fn addresses_are_templates_and_those_that_fail_are_final() {
    let receiver = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "")));
    let template = |path: &str| Destination::UrlTemplate(format!("{}{path}", receiver.url("/")));
    assert_eq!(verdict_on(template("{{ .Receiver }}")), Verdict::Delivered);
    assert_eq!(
        receiver.take_seen()[0].request_line(),
        "post /team http/1.1"
    );

    let text = final_text(template("{{ .Typo }}"));
    assert!(
        text.starts_with("failed to template webhook URL: template: "),
        "{text}"
    );
    let text = final_text(Destination::UrlTemplate("{{ .CommonLabels.none }}".into()));
    assert_eq!(text, "webhook URL is empty after templating");
    let long = format!("{{{{ .Receiver }}}}{}", "x".repeat(70_000));
    assert_eq!(
        final_text(template(&long)),
        "the templated url is longer than the 64 KiB that an address may have"
    );
    let elsewhere = r#"http://{{ print "127.0.0.2:9/" }}.example.com/x"#;
    let text = final_text(Destination::UrlTemplate(elsewhere.into()));
    assert!(text.contains("leads to another host"), "{text}");
    let text = final_text(Destination::UrlTemplate("secret{{ .Receiver }}".into()));
    assert_eq!(text, "the templated url is no http or https URL");
}

#[test]
fn a_payload_that_cannot_be_rendered_does_not_swallow_the_notification() {
    let receiver = FakeReceiver::start(|_| Reply::Write(answer("200 OK", "", "")));
    let with_payload = |text: &str| {
        let mut job = job(1, Destination::Url(receiver.url("/")));
        let mut webhook = (*job.webhook).clone();
        webhook.payload = Some(Arc::new(Payload::Text(text.into())));
        job.webhook = Arc::new(webhook);
        deliverer().deliver(&job).verdict
    };
    assert_eq!(with_payload("{name: {{ .Receiver }}}"), Verdict::Delivered);
    assert_eq!(with_payload("{{ .Typo }}"), Verdict::Delivered);
    let bodies: Vec<serde_json::Value> = (receiver.take_seen().iter())
        .map(|seen| serde_json::from_slice(&seen.body).expect("JSON"))
        .collect();
    assert_eq!(bodies[0], serde_json::json!({"name": "team"}));
    assert_eq!(bodies[1]["receiver"], "team");
    let fault = bodies[1]["templateError"].as_str().expect("a fault");
    assert!(
        fault.starts_with("failed to render custom payload: "),
        "{fault}"
    );
}
