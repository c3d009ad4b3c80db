//! What servers say of being asked too much.

use std::time::Duration;

use super::Answer;

/// What an answer says of the pace, besides 429 and 503 with `Retry-After`, which every server means alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Pace {
    /// Nothing.
    Free,
    /// It is an answer; the next request waits so long.
    Spent(Duration),
    /// It is no answer: the request is sent again, not before this if it is told.
    Throttled(Option<Duration>),
}

/// Reads the pace from an answer.
pub type PaceOf = fn(&Answer) -> Pace;

/// How often a server asked to be asked less (429, 503 with `Retry-After`, or in words of its own), and how long it was waited for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Throttling {
    /// Answers that asked for it.
    pub times: u64,
    /// Time that requests waited because of it, together.
    pub waited: Duration,
}
