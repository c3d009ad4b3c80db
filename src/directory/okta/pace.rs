//! How Okta asks to be asked less: `X-Rate-Limit-Reset` in place of `Retry-After`
//! (developer.okta.com/docs/reference/rl-best-practices).

use std::time::{Duration, UNIX_EPOCH};

use http::HeaderName;
use http::header::DATE;

use crate::net::api::{Answer, Pace};

const REMAINING: HeaderName = HeaderName::from_static("x-rate-limit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-rate-limit-reset");

/// Longest pause that is believed: limits are counted by the minute.
const LONGEST: Duration = Duration::from_hours(1);

/// The pace that an answer asks for. Too many requests at one time look alike, with a limit of 0 and a reset that is an
/// estimate: whoever asks too soon is told so again, and then waits longer each time.
pub(super) fn of(answer: &Answer) -> Pace {
    let pause = until_reset(answer);
    if answer.status == 429 {
        return Pace::Throttled(pause);
    }
    match (number(answer, &REMAINING), pause) {
        (Some(0), Some(pause)) if !pause.is_zero() => Pace::Spent(pause),
        _ => Pace::Free,
    }
}

/// Measured against the answer's own `Date`, never against this machine's clock.
fn until_reset(answer: &Answer) -> Option<Duration> {
    let reset = number(answer, &RESET)?;
    let date = httpdate::parse_http_date(answer.header(&DATE)?).ok()?;
    let date = date.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Duration::from_secs(reset.saturating_sub(date)).min(LONGEST))
}

fn number(answer: &Answer, name: &HeaderName) -> Option<u64> {
    answer.header(name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(status: u16, headers: &[(HeaderName, &str)]) -> Pace {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        of(&Answer { status, headers, body: Vec::new() })
    }

    const SOME_DATE: &str = "Fri, 01 Jan 2021 00:00:00 GMT";
    const THEN: &str = "1609459230";

    #[test]
    fn a_refusal_is_waited_for_until_the_reset_by_the_servers_clock() {
        let both = [(DATE, SOME_DATE), (RESET, THEN)];
        assert_eq!(pace(429, &both), Pace::Throttled(Some(Duration::from_secs(30))));
        assert_eq!(pace(429, &[(RESET, THEN)]), Pace::Throttled(None), "no date, no measure");
        assert_eq!(pace(429, &[(DATE, SOME_DATE)]), Pace::Throttled(None));
        let passed = [(DATE, SOME_DATE), (RESET, "1609459199")];
        assert_eq!(pace(429, &passed), Pace::Throttled(Some(Duration::ZERO)));
        let millis = [(DATE, SOME_DATE), (RESET, "1609459230000")];
        assert_eq!(pace(429, &millis), Pace::Throttled(Some(LONGEST)));
    }

    #[test]
    fn the_last_request_of_a_window_makes_the_next_one_wait() {
        let spent = [(DATE, SOME_DATE), (RESET, THEN), (REMAINING, "0")];
        assert_eq!(pace(200, &spent), Pace::Spent(Duration::from_secs(30)));
        assert_eq!(pace(200, &[(DATE, SOME_DATE), (RESET, THEN), (REMAINING, "1")]), Pace::Free);
        assert_eq!(pace(200, &[(REMAINING, "0")]), Pace::Free);
        assert_eq!(pace(200, &[]), Pace::Free);
    }
}
