//! The state of an endpoint whose answers the tests choose.

use super::*;

const LARGEST: usize = 200;

/// An endpoint, a clock, and the attempts in flight.
struct Scene {
    state: EndpointState,
    random: Random,
    now: Mono,
    out: VecDeque<Mono>,
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn failure(kind: FailureKind) -> Failure {
    Failure {
        kind,
        text: "no".into(),
    }
}

fn fails() -> Verdict {
    Verdict::Retry {
        failure: failure(FailureKind::ServerError),
        after: None,
    }
}

fn throttles(after: u64) -> Verdict {
    Verdict::Retry {
        failure: failure(FailureKind::RateLimited),
        after: Some(seconds(after)),
    }
}

impl Scene {
    fn new() -> Self {
        Scene {
            state: EndpointState::new(LARGEST, true),
            random: Random::seeded(1),
            now: Mono::START + seconds(1000),
            out: VecDeque::new(),
        }
    }

    /// An endpoint that has had one success, which took this long.
    fn known(took: Duration) -> Self {
        let mut scene = Scene::new();
        scene.start();
        scene.end_after(took, &Verdict::Delivered);
        scene
    }

    fn start(&mut self) {
        assert_eq!(self.state.turn(self.now), Turn::Now);
        self.state.start(self.now);
        self.out.push_back(self.now);
    }

    /// Starts all attempts that may start now. Returns the number of attempts in flight.
    fn start_all(&mut self) -> usize {
        while self.state.turn(self.now) == Turn::Now {
            self.start();
        }
        self.out.len()
    }

    /// Ends the oldest attempt in flight.
    fn end(&mut self, verdict: &Verdict) -> Option<Change> {
        let started_at = self.out.pop_front().expect("an attempt is out");
        let took = self.now.since(started_at);
        self.state
            .end(started_at, took, verdict, self.now, &mut self.random)
    }

    fn end_after(&mut self, took: Duration, verdict: &Verdict) -> Option<Change> {
        self.now = self.now + took;
        self.end(verdict)
    }

    /// Ends all attempts in flight with `verdict`, and after each starts all that may start. Returns the
    /// number of attempts in flight.
    fn round(&mut self, took: Duration, verdict: &Verdict) -> usize {
        self.now = self.now + took;
        for _ in 0..self.out.len() {
            self.end(verdict);
            self.start_all();
        }
        self.out.len()
    }

    /// Advances the clock to the next turn. Returns the wait.
    fn wait_for_turn(&mut self) -> Duration {
        let Turn::At(at) = self.state.turn(self.now) else {
            panic!("no turn is set for later: {:?}", self.state.turn(self.now));
        };
        let waited = at.since(self.now);
        self.now = at;
        waited
    }
}

#[test]
fn a_slow_endpoint_that_answers_gets_twice_as_many_each_round_up_to_its_bound() {
    let mut scene = Scene::new();
    assert_eq!(scene.start_all(), WINDOW_UNKNOWN);
    let rounds: Vec<usize> = (0..7)
        .map(|_| scene.round(millis(500), &Verdict::Delivered))
        .collect();
    assert_eq!(rounds, [8, 16, 32, 64, 128, 200, 200]);
}

#[test]
fn a_fast_endpoint_gets_few_at_a_time_since_more_would_gain_nothing() {
    let mut scene = Scene::known(millis(1));
    for _ in 0..100 {
        scene.start_all();
        assert_eq!(scene.round(millis(1), &Verdict::Delivered), WINDOW_FAST);
    }
}

#[test]
fn a_failure_halves_the_window_once_for_all_that_were_out_with_it() {
    let mut scene = Scene::known(seconds(1));
    scene.start_all();
    scene.round(seconds(1), &Verdict::Delivered);
    let before = scene.state.window;
    scene.now = scene.now + seconds(1);
    scene.end(&fails());
    scene.end(&fails());
    assert_eq!(scene.state.window, before / 2.0);
    while !scene.out.is_empty() {
        scene.end(&Verdict::Delivered);
    }
    let after = scene.state.window;
    scene.start_all();
    scene.round(seconds(1), &Verdict::Delivered);
    let grown = scene.state.window - after;
    assert!(grown > 0.5 && grown < 2.0, "by about one a round: {grown}");
}

#[test]
fn failures_in_a_row_open_the_breaker_and_the_first_success_closes_it() {
    let mut scene = Scene::new();
    let mut changes = Vec::new();
    for _ in 0..3 {
        scene.start();
        changes.push(scene.end_after(millis(10), &fails()));
    }
    let down = Some(Change::Down(failure(FailureKind::ServerError)));
    assert_eq!(changes, [None, None, down]);
    let since = scene.now;
    scene.wait_for_turn();
    scene.start();
    assert!(matches!(scene.state.turn(scene.now), Turn::At(_)), "one");
    let up = scene.end_after(millis(10), &Verdict::Delivered);
    assert_eq!(up, Some(Change::Up(since)));
    assert!(scene.start_all() >= WINDOW_FAST);
}

#[test]
fn probes_come_ever_later_but_never_so_late_that_an_end_of_the_outage_is_missed_for_long() {
    let mut scene = Scene::new();
    for _ in 0..3 {
        scene.start();
        scene.end_after(millis(10), &fails());
    }
    let mut waits = Vec::new();
    for _ in 0..200 {
        waits.push(scene.wait_for_turn());
        scene.start();
        scene.end_after(millis(10), &fails());
    }
    assert!(waits[0] < seconds(1));
    assert!(
        waits
            .iter()
            .all(|wait| *wait < PROBE_WAIT_MOST.mul_f64(1.5))
    );
    let late = &waits[100..];
    let longest = late.iter().max().expect("a hundred");
    let shortest = late.iter().min().expect("a hundred");
    assert!(*longest > shortest.mul_f64(1.5), "with jitter: {waits:?}");
}

#[test]
fn an_endpoint_that_asks_for_time_gets_it_and_then_one_probe() {
    let mut scene = Scene::known(millis(20));
    scene.start_all();
    let change = scene.end_after(millis(20), &throttles(30));
    assert_eq!(change, Some(Change::Paused(seconds(30))));
    let unavailable = Verdict::Retry {
        failure: failure(FailureKind::ServerError),
        after: Some(seconds(40)),
    };
    assert_eq!(scene.end(&unavailable), None, "the longer one holds");
    scene.out.clear();
    scene.state.out.clear();
    assert_eq!(scene.wait_for_turn(), seconds(40));
    scene.start();
    assert!(!scene.state.is_well(scene.now));
    assert_ne!(scene.state.turn(scene.now), Turn::Now);
}

/// Delivers `posts` posts to a receiver that accepts `quota` of them in each time of `window`, and refuses
/// the others with `Retry-After`.
fn served_by_throttle(posts: usize, quota: usize, window: Duration) -> (Duration, usize) {
    let mut scene = Scene::new();
    let began = scene.now;
    let (mut taken, mut refused): (Vec<Mono>, usize) = (Vec::new(), 0);
    while taken.len() < posts {
        if scene.start_all() == 0 {
            scene.wait_for_turn();
            continue;
        }
        scene.now = scene.now + millis(1);
        let lately = taken.iter().filter(|at| scene.now.since(**at) < window);
        if lately.count() < quota {
            taken.push(scene.now);
            scene.end(&Verdict::Delivered);
        } else {
            refused += 1;
            scene.end(&throttles(window.as_secs()));
        }
    }
    (scene.now.since(began), refused)
}

#[test]
fn a_throttle_gets_as_much_in_its_time_as_it_was_seen_to_take() {
    for (quota, window) in [(5, 2), (1, 1), (20, 60), (30, 1)] {
        let (took, refused) = served_by_throttle(100, quota, seconds(window));
        let least = seconds(window) * (100_usize.div_ceil(quota) as u32 - 1);
        let most = least.mul_f64(1.2).max(seconds(2 * window));
        assert!(
            took <= most,
            "{quota} per {window} s: {took:?} of {least:?}"
        );
        assert!(refused <= 15, "{quota} per {window} s: {refused} refused");
    }
}

#[test]
fn a_rate_limit_is_not_kept_for_ever() {
    let mut scene = Scene::known(millis(20));
    scene.start();
    scene.end_after(millis(20), &throttles(1));
    scene.wait_for_turn();
    let mut posts = 0;
    while scene.state.rate.is_some() {
        posts += 1;
        assert!(posts < 10_000, "the limit stays");
        scene.start();
        scene.end_after(millis(20), &Verdict::Delivered);
        if matches!(scene.state.turn(scene.now), Turn::At(_)) {
            scene.wait_for_turn();
        }
    }
}

#[test]
fn what_swallows_requests_gets_one_now_and_then_beside_those_it_holds() {
    let mut scene = Scene::known(millis(100));
    assert_eq!(scene.start_all(), WINDOW_UNKNOWN);
    let mut waits = Vec::new();
    while let Turn::At(_) = scene.state.turn(scene.now) {
        waits.push(scene.wait_for_turn());
        scene.start();
        assert_ne!(scene.state.turn(scene.now), Turn::Now);
        assert!(!scene.state.is_well(scene.now));
    }
    assert_eq!(waits, [PATIENCE; WINDOW_UNKNOWN]);
    assert_eq!(scene.state.turn(scene.now), Turn::AfterAnEnd);
    for _ in 0..2 * WINDOW_UNKNOWN {
        scene.end(&Verdict::Delivered);
    }
    assert!(scene.state.is_well(scene.now));
    assert!(scene.start_all() >= WINDOW_UNKNOWN);
}

#[test]
fn an_endpoint_that_is_slow_as_ever_swallows_nothing() {
    let mut scene = Scene::known(seconds(30));
    scene.start();
    scene.now = scene.now + seconds(60);
    assert!(scene.state.is_well(scene.now));
    assert_eq!(scene.state.turn(scene.now), Turn::Now);
}

#[test]
fn a_template_may_lead_to_many_hosts_of_which_one_says_nothing_about_another() {
    let mut scene = Scene::new();
    scene.state = EndpointState::new(LARGEST, false);
    for _ in 0..10 {
        scene.start();
        assert_eq!(scene.end_after(seconds(60), &fails()), None);
    }
    assert_eq!(scene.start_all(), LARGEST);
    assert_eq!(scene.state.turn(scene.now), Turn::AfterAnEnd);
}
