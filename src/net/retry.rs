//! How long to wait before asking again: backoff with jitter, and what a server says in `Retry-After`.

use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder, ExponentialBuilder};
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use tokio::time::Instant;

/// Longest pause that a server's `Retry-After` is believed for: whoever cannot wait so long gives up, and comes back later.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How often and how long a request is tried again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// No try begins later than this after the first one, pauses that the server asked for left out.
    pub total: Duration,
    /// How long pauses that the server asks for are waited for besides, together.
    pub asked: Duration,
    /// Wait after the first failure; it doubles each time.
    pub first: Duration,
    /// Longest wait that is not asked for by the server.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            total: Duration::from_mins(2),
            asked: Duration::ZERO,
            first: Duration::from_millis(250),
            longest: Duration::from_secs(20),
        }
    }
}

impl RetryPolicy {
    /// Starts counting.
    pub fn start(&self) -> Retries {
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.first)
            .with_max_delay(self.longest)
            .with_jitter()
            .without_max_times()
            .build();
        Retries { waits, until: Instant::now() + self.total, asked: self.asked }
    }
}

/// The waits that are left for one request.
#[derive(Debug)]
pub struct Retries {
    waits: backon::ExponentialBackoff,
    until: Instant,
    /// What is left for pauses that are asked for.
    asked: Duration,
}

impl Retries {
    /// When time is up, however long the server asks to wait.
    pub fn until(&self) -> Instant {
        self.until + self.asked
    }

    /// So long the server had asked to wait: that is no time for tries, as far as it is granted.
    pub fn paused(&mut self, pause: Duration) {
        let granted = pause.min(self.asked);
        self.asked -= granted;
        self.until += granted;
    }

    /// How long to wait before the next try, at least as long as the server asked; `None` when time is up.
    pub fn next_wait(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let asked = asked.unwrap_or_default();
        let wait = self.waits.next()?.max(asked);
        self.paused(asked);
        (Instant::now() + wait <= self.until).then_some(wait)
    }
}

/// What `Retry-After` asks for (RFC 9110 section 10.2.3), as seconds or as a date, at most an hour.
///
/// A date is measured against the answer's own `Date`, so that a wrong clock on either side does no harm.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let until = httpdate::parse_http_date(text).ok()?;
        let stated = headers.get(DATE).and_then(|date| date.to_str().ok());
        let now = stated.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(system_time);
        until.duration_since(now).unwrap_or_default()
    };
    Some(pause.min(LONGEST_PAUSE))
}

#[expect(clippy::disallowed_methods, reason = "a date on the wire without the sender's own clock beside it")]
fn system_time() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_capped() {
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, "7")])), Some(Duration::from_secs(7)));
        let date = [(RETRY_AFTER, "Fri, 31 Dec 1999 23:59:59 GMT"), (DATE, "Fri, 31 Dec 1999 23:59:49 GMT")];
        assert_eq!(retry_after(&headers(&date)), Some(Duration::from_secs(10)));
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, "86400")])), Some(LONGEST_PAUSE));
        assert_eq!(retry_after(&headers(&[(RETRY_AFTER, "soon")])), None);
    }

    #[test]
    fn waits_grow_and_end_when_time_is_up() {
        let policy = RetryPolicy { total: Duration::from_secs(10), ..RetryPolicy::default() };
        let mut retries = policy.start();
        assert_eq!(retries.next_wait(Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
        assert_eq!(retries.next_wait(Some(Duration::from_secs(11))), None, "later than the time for it");
        let mut retries = policy.start();
        let waits: Vec<_> = std::iter::from_fn(|| retries.next_wait(None)).take(20).collect();
        assert!(waits.len() < 20 && waits.windows(2).all(|two| two[0] < two[1]), "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_asked_for_has_time_of_its_own() {
        let policy =
            RetryPolicy { total: Duration::from_secs(10), asked: Duration::from_mins(10), ..RetryPolicy::default() };
        let mut retries = policy.start();
        assert_eq!(retries.until(), Instant::now() + Duration::from_secs(610));
        let wait = retries.next_wait(Some(Duration::from_mins(8))).unwrap();
        tokio::time::advance(wait).await;
        assert!(retries.next_wait(None).is_some(), "the time for tries is not spent by it");
        assert_eq!(retries.next_wait(Some(Duration::from_mins(8))), None, "nor is it had twice");
    }
}
