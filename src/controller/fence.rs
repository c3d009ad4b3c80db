//! Until when this process may believe that it holds a lease. It is asked before each request to a desk.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;
use crate::net::Gate;

/// One term of this process as the leader: open as long as it may believe that it leads. Once shut it stays shut, also
/// where the lease turns out to be still ours: whoever waited at it waits for ever, until the term's work is dropped.
#[derive(Clone)]
pub(super) struct Fence {
    clock: Clock,
    until: Arc<Mutex<Option<Until>>>,
}

/// The end of a term, on both clocks: one stands still while the machine sleeps, the other may be set.
#[derive(Clone, Copy)]
struct Until {
    passed: Instant,
    shown: Timestamp,
}

impl Fence {
    /// Opens for so long, counted from a moment ago.
    pub(super) fn open(clock: Clock, asked: Asked, length: Duration) -> Self {
        let until = Arc::new(Mutex::new(Some(asked.and(length))));
        Self { clock, until }
    }

    /// Whether it leads now.
    pub(super) fn is_open(&self) -> bool {
        self.remaining().is_some()
    }

    /// The same as a gate for requests.
    pub(super) fn gate(&self) -> Gate {
        let fence = self.clone();
        Arc::new(move || fence.is_open())
    }

    /// For how long it will be open unless it is extended; `None`: it is shut.
    pub(super) fn remaining(&self) -> Option<Duration> {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.and_then(|until| self.left(until));
        if left.is_none() {
            *until = None;
        }
        left
    }

    /// Goes on for so long, counted from a moment ago; `false`: it was shut before, and stays so.
    pub(super) fn extend(&self, asked: Asked, length: Duration) -> bool {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        let open = until.is_some_and(|until| self.left(until).is_some());
        *until = open.then(|| asked.and(length));
        open
    }

    pub(super) fn shut(&self) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn left(&self, until: Until) -> Option<Duration> {
        let left = until.passed.checked_duration_since(Instant::now())?;
        (!left.is_zero() && (self.clock)() < until.shown).then_some(left)
    }
}

/// Open while both terms last.
pub(super) fn both(one: &Fence, other: &Fence) -> Gate {
    let (one, other) = (one.clone(), other.clone());
    Arc::new(move || one.is_open() && other.is_open())
}

/// When the API server was asked, on both clocks.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    passed: Instant,
    shown: Timestamp,
}

impl Asked {
    pub(super) fn now(clock: &Clock) -> Self {
        Self { passed: Instant::now(), shown: clock() }
    }

    fn and(self, length: Duration) -> Until {
        let by_clock = SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX);
        let shown = self.shown.checked_add(by_clock).unwrap_or(Timestamp::MAX);
        Until { passed: self.passed + length, shown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    /// A fence of a minute, and the clock that it looks at.
    fn fence() -> (Fence, Clock, Arc<Mutex<Timestamp>>) {
        let shown = Arc::new(Mutex::new("2026-11-23T10:00:00Z".parse::<Timestamp>().unwrap()));
        let now = Arc::clone(&shown);
        let clock: Clock = Arc::new(move || *now.lock().unwrap());
        (Fence::open(Arc::clone(&clock), Asked::now(&clock), MINUTE), clock, shown)
    }

    #[test]
    fn a_fence_shuts_by_itself_and_stays_shut() {
        let (fence, clock, _) = fence();
        let (other, ..) = self::fence();
        let gate = both(&fence, &other);
        assert!(gate() && fence.is_open() && fence.extend(Asked::now(&clock), MINUTE));
        let asked = Asked::now(&clock);
        assert!(fence.extend(asked, Duration::ZERO), "it was open until then");
        assert!(!fence.extend(asked, MINUTE), "without anybody having shut it");
        assert!(!fence.is_open() && !gate(), "who waited at it is not let through later");
    }

    #[test]
    fn who_needs_two_leases_is_stopped_when_either_is_lost() {
        let fences = || (fence().0, fence().0);
        let (one, other) = fences();
        let gate = both(&one, &other);
        assert!(gate());
        one.shut();
        assert!(!gate());
        let (one, other) = fences();
        let gate = both(&one, &other);
        other.shut();
        assert!(!gate());
    }

    #[test]
    fn a_fence_is_shut_after_the_machine_slept() {
        let (fence, clock, shown) = fence();
        let later = |seconds| {
            let mut shown = shown.lock().unwrap();
            *shown = shown.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        };
        later(59);
        assert!(fence.is_open());
        later(-3600);
        assert!(fence.is_open(), "a clock that is set back makes it last no longer, and no shorter");
        later(3601);
        assert!(!fence.is_open(), "the other clock stood still meanwhile");
        assert!(!fence.extend(Asked::now(&clock), MINUTE));
    }
}
