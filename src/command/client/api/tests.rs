//! Tests of URLs and of the words of refusals.

use std::time::Duration;

use super::*;
use crate::clock::Clock;
use crate::config::HttpConfig;

fn api(url: &str) -> Api {
    let timeout = Duration::from_secs(60);
    let clock = Clock::start();
    let requester = Requester::new(HttpConfig::default(), "test".to_owned(), timeout, clock);
    Api::new(url, requester)
}

#[test]
fn the_path_of_the_url_is_the_route_prefix() {
    for (url, base) in [
        ("http://host:9093", "http://host:9093/api/v2"),
        ("http://host:9093/", "http://host:9093/api/v2"),
        ("https://host/alerts/?x#y", "https://host/alerts/api/v2"),
        ("host:9093", "http://host:9093/api/v2"),
        ("http://u:p@host", "http://u:p@host/api/v2"),
        ("http://", "http://localhost:9093/api/v2"),
    ] {
        assert_eq!(api(url).base, base, "{url}");
    }
}

#[test]
fn nobody_who_answers_is_named_without_the_credentials() {
    let refusal = api("http://u:secret@127.0.0.1:1/x").tell(DELETE_SILENCE, "a/b", None);
    let refusal = refusal.expect_err("nothing listens on port 1");
    assert_eq!(
        refusal.in_words_of_amtool(),
        "Delete \"http://127.0.0.1:1/x/api/v2/silence/a%2Fb\": 127.0.0.1:1: connection refused"
    );
    assert_eq!(
        refusal.to_string(),
        "no answer from the daemon: 127.0.0.1:1: connection refused; start it, or name its address \
         with --url"
    );
}

#[test]
fn a_refusal_is_worded_for_either_grammar() {
    let refused = |call, status, text: &str| {
        let text = text.to_owned();
        let refusal = Refusal::Status { call, status, text };
        (refusal.in_words_of_amtool(), refusal.to_string())
    };
    for (refused, amtool, ours) in [
        (
            refused(GET_ALERTS, 400, "\"bad matcher\""),
            "[GET /alerts][400] getAlertsBadRequest \"bad matcher\"",
            "the daemon refuses this: bad matcher (400)",
        ),
        (
            refused(DELETE_SILENCE, 404, ""),
            "[DELETE /silence/{silenceID}][404] deleteSilenceNotFound",
            "there is no silence with this id",
        ),
        (
            refused(
                DELETE_SILENCE,
                422,
                r#"{"code":602,"message":"must be of type uuid"}"#,
            ),
            "[DELETE /silence/{silenceID}] deleteSilence (status 422): {}",
            "the daemon refuses this: must be of type uuid (422)",
        ),
        (
            refused(GET_STATUS, 404, "404 page not found"),
            "[GET /status] getStatus (status 404): {}",
            "there is no Alertmanager API at this URL (404); a route prefix belongs to it, as in \
             --url=http://host:9093/prefix",
        ),
    ] {
        assert_eq!(refused, (amtool.to_owned(), ours.to_owned()));
    }
}
