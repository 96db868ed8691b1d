//! How a receiver limits what it takes: so many webhooks in a span of time, counted by one of the two
//! clocks that are common.

use std::collections::VecDeque;
use std::time::Duration;

use alertwheel::model::Mono;

/// What a receiver takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// So many webhooks.
    pub webhooks: usize,
    /// In so long.
    pub span: Duration,
    /// Which span that is.
    pub window: Window,
}

/// Which of the webhooks that were taken count against the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Those since the last full span: all is forgotten when a new one begins.
    Fixed,
    /// Those of the span that ends now, each until it is over for itself: a sliding log.
    Sliding,
}

/// The webhooks that were taken.
pub struct Gate {
    throttle: Throttle,
    began: Mono,
    /// When, counted from the beginning; the oldest first.
    taken: VecDeque<Duration>,
}

impl Throttle {
    /// The answer to one that is too much. Whole seconds are all that the header can say.
    pub fn refusal(&self) -> String {
        let seconds = self.span.as_secs();
        format!(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: {seconds}\r\nContent-Length: 0\r\n\r\n"
        )
    }
}

impl Gate {
    /// One that has taken nothing, and whose first span begins now.
    pub fn new(throttle: Throttle, began: Mono) -> Self {
        Gate {
            throttle,
            began,
            taken: VecDeque::new(),
        }
    }

    /// Whether it takes a webhook now; if so, that counts.
    pub fn takes(&mut self, now: Mono) -> bool {
        let now = now.since(self.began);
        let span = self.throttle.span;
        let counts = |taken: Duration| match self.throttle.window {
            Window::Fixed => taken.as_nanos() / span.as_nanos() == now.as_nanos() / span.as_nanos(),
            Window::Sliding => taken + span > now,
        };
        while self.taken.front().is_some_and(|taken| !counts(*taken)) {
            self.taken.pop_front();
        }
        let is_taken = self.taken.len() < self.throttle.webhooks;
        if is_taken {
            self.taken.push_back(now);
        }
        is_taken
    }
}
