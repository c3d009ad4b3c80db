//! So many requests in a window of time, by a clock of the server's own.

use std::time::{Duration, Instant, SystemTime};

use contactsync::clock;
use serde_json::json;

use super::super::service::Reply;

/// The server's clock is wrong by this much.
const AHEAD: Duration = Duration::from_hours(3);

/// A limit, and how far it is used up.
#[derive(Debug)]
pub struct Limit {
    requests: usize,
    window: Duration,
    left: usize,
    until: Option<Instant>,
    /// Requests that came although none was left.
    pub exceeded: usize,
}

impl Limit {
    pub fn new(requests: usize, window: Duration) -> Self {
        Self { requests, window, left: requests, until: None, exceeded: 0 }
    }

    /// A window that somebody else has used up.
    pub fn used_up(window: Duration) -> Self {
        let until = Some(whole_second(Instant::now() + window));
        Self { requests: 1_000, window, left: 0, until, exceeded: 0 }
    }

    /// Takes one request of the window, or refuses it.
    pub(super) fn take(&mut self) -> Result<(), Reply> {
        let now = Instant::now();
        if self.until.is_none_or(|until| until <= now) {
            // A reset is told in whole seconds, so it is one.
            self.until = Some(whole_second(now + self.window));
            self.left = self.requests;
        }
        if self.left > 0 {
            self.left -= 1;
            return Ok(());
        }
        self.exceeded += 1;
        Err(self.mark(Reply::json(
            429,
            &json!({
                "errorCode": "E0000047", "errorSummary": "API call exceeded rate limit due to too many requests.",
                "errorLink": "E0000047", "errorId": "oae1", "errorCauses": []
            }),
        )))
    }

    /// The headers that every answer has.
    pub(super) fn mark(&self, reply: Reply) -> Reply {
        let left = self.until.unwrap_or_else(Instant::now).saturating_duration_since(Instant::now());
        let now = now() + AHEAD;
        let reset = (now + left).duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64().round();
        reply
            .with("date", httpdate::fmt_http_date(now))
            .with("x-rate-limit-limit", self.requests.to_string())
            .with("x-rate-limit-remaining", self.left.to_string())
            .with("x-rate-limit-reset", format!("{reset}"))
    }
}

fn now() -> SystemTime {
    clock::system()().into()
}

fn whole_second(then: Instant) -> Instant {
    let since =
        (now() + then.saturating_duration_since(Instant::now())).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    then + Duration::from_nanos(1_000_000_000 - u64::from(since.subsec_nanos()))
}
