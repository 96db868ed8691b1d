//! What the libraries alone cost: a server that parses alerts and drops them, and a client that
//! posts one body over and over. Runs as a process of its own, so that it is measured as the
//! daemons are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::thread;

use serde::Deserialize;
use tiny_http::{Method, Request, Response, Server};

/// Workers that post, as many as the daemon lets one receiver have.
const WORKERS: usize = 4;

/// An alert in which nothing is copied that need not be.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    #[serde(borrow)]
    labels: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    annotations: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow, rename = "startsAt")]
    starts_at: Cow<'a, str>,
}

/// Serves until it is killed.
pub fn serve() {
    let server = Server::http("127.0.0.1:0").expect("a free port");
    let address = server.server_addr();
    // The line that the driver looks for, which both daemons print as well.
    println!("msg=\"Listening on\" address={address}");
    io::stdout().flush().expect("a log");
    for request in server.incoming_requests() {
        answer(request);
    }
}

fn answer(mut request: Request) {
    let mut body = Vec::with_capacity(request.body_length().unwrap_or_default());
    request.as_reader().read_to_end(&mut body).expect("a body");
    match (request.method(), request.url()) {
        (Method::Post, "/api/v2/alerts") => {
            let alerts: Vec<Alert<'_>> = serde_json::from_slice(&body).expect("alerts");
            let is_whole = |alert: &Alert<'_>| {
                !alert.labels.is_empty()
                    && !alert.annotations.is_empty()
                    && !alert.starts_at.is_empty()
            };
            assert!(alerts.iter().all(is_whole), "all of it was parsed");
        }
        (Method::Post, "/tell") => tell(&String::from_utf8(body).expect("an order")),
        _ => {}
    }
    // Who does not wait for the answer has gone.
    let _ = request.respond(Response::empty(200));
}

/// Posts as many bodies as the order says to where it says.
fn tell(order: &str) {
    let (count, url) = order.split_once(' ').expect("a count and a URL");
    let count: usize = count.parse().expect("a count");
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .max_idle_connections_per_host(WORKERS)
        .build()
        .into();
    // As large as a webhook about one alert.
    let body = vec![b'x'; 1100];
    thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (agent, body) = (&agent, &body);
            scope.spawn(move || {
                for _ in (worker..count).step_by(WORKERS) {
                    let mut response = agent
                        .post(url)
                        .header("Content-Type", "application/json")
                        .send(&body[..])
                        .expect("an answer");
                    response.body_mut().read_to_vec().expect("an empty body");
                }
            });
        }
    });
}
