//! Makes one configuration of many scenarios. Each scenario has its own subtree of routes, receivers and
//! rules, and its alerts carry its number.

use std::fmt::Write;

use regex::{Captures, Regex};

use crate::scenario::Scenario;

/// The label that leads an alert to its scenario.
pub const LABEL: &str = "scenario";

/// What a scenario may name: intervals that hold at all times, never, and both at once.
const TIME_INTERVALS: &str = "
time_intervals:
- {name: always, time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]}
- {name: never, time_intervals: [{years: ['1999']}]}
- {name: twice, time_intervals: [{years: ['1999']}, {years: ['2000:2999']}, {months: ['1:12']}]}
- {name: abroad, time_intervals: [{years: ['2000:2999'], location: 'Asia/Kolkata'}]}
- {name: empty, time_intervals: [{weekdays: []}]}
";

/// The receiver where no section names any.
const RECEIVER: &str = "name: $team, webhook_configs: [{url: 'http://team/'}]";

/// The configuration `variant` of these scenarios, with receivers that listen on
/// `port`.
pub fn compose(scenarios: &[Scenario], variant: &str, port: u16) -> String {
    let mut text = String::new();
    for global in each(scenarios, "global", variant) {
        writeln!(text, "global: {{{global}}}").expect("a string");
    }
    text.push_str(
        "route:\n  receiver: nobody\n  group_wait: 1s\n  group_interval: 3s\n  repeat_interval: 1h\n  routes:\n",
    );
    for scenario in scenarios {
        let route = scenario.section("route", variant).unwrap_or_default();
        let route = format!("matchers: [HERE], receiver: $team, {route}");
        let route = localised(scenario, &route.replace('\n', " "), port);
        writeln!(text, "  - {{{route}}}").expect("a string");
    }
    text.push_str("receivers:\n- {name: nobody}\n");
    for scenario in scenarios {
        let receivers = scenario.section("receivers", variant).unwrap_or(RECEIVER);
        push_items(&mut text, &localised(scenario, receivers, port));
    }
    text.push_str(TIME_INTERVALS);
    text.push_str("inhibit_rules:\n");
    for scenario in scenarios {
        let rules = scenario
            .section("inhibit_rules", variant)
            .unwrap_or_default();
        push_items(&mut text, &localised(scenario, rules, port));
    }
    text
}

fn each<'a>(
    scenarios: &'a [Scenario],
    section: &'a str,
    variant: &'a str,
) -> impl Iterator<Item = &'a str> {
    scenarios
        .iter()
        .filter_map(move |scenario| scenario.section(section, variant))
}

fn push_items(text: &mut String, lines: &str) {
    for line in lines.lines() {
        writeln!(text, "- {{{line}}}").expect("a string");
    }
}

/// `text` with names, matchers and addresses that are this scenario's only. Each webhook has a host
/// of its own, for we hold a host's failures against all that goes there.
fn localised(scenario: &Scenario, text: &str, port: u16) -> String {
    let number = scenario.number;
    let text = text.replace('$', &scenario.prefix());
    let text = text.replace("HERE", &format!("{LABEL}=\"{number}\""));
    let webhook = Regex::new("http://([a-z])([a-z0-9-]*)/").expect("the pattern is right");
    let addressed = webhook.replace_all(&text, |found: &Captures| {
        let host = found[1].as_bytes()[0];
        format!(
            "http://127.1.{number}.{host}:{port}/{number}/{}{}",
            &found[1], &found[2]
        )
    });
    addressed.into_owned()
}
