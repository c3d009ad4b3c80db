//! When changes are too many to be believed (L4).

use crate::api::Hold;
use crate::runlog::Spent;

/// The limits of a connection. Both given: both must be exceeded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    above_percent: Option<u64>,
    above_count: Option<u64>,
}

impl Limits {
    /// The limits that a manifest gives; absent: more than 10 percent and more than 5.
    pub fn new(hold: Option<&Hold>) -> Self {
        let number = |value: Option<i32>| value.and_then(|value| u64::try_from(value).ok());
        match hold {
            None => Self { above_percent: Some(10), above_count: Some(5) },
            Some(hold) => Self { above_percent: number(hold.above_percent), above_count: number(hold.above_count) },
        }
    }

    fn exceeded(self, changes: u64, base: u64) -> bool {
        let percent = self.above_percent.map(|limit| changes.saturating_mul(100) > limit.saturating_mul(base));
        let count = self.above_count.map(|limit| changes > limit);
        match (percent, count) {
            (Some(percent), Some(count)) => percent && count,
            (Some(one), None) | (None, Some(one)) => one,
            // Neither is refused at admission; here it must not mean "no limit".
            (None, None) => changes > 0,
        }
    }
}

/// What a run wants of one limited kind of change (removals, sign-in keys, grants).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stretch {
    /// Changes wanted now that nobody approved.
    pub wanted: u64,
    /// Changes of the window so far; `None` when the history does not prove a number.
    pub spent: Option<u64>,
    /// Owned active contacts when the window began.
    pub base: u64,
}

impl Stretch {
    /// Takes this kind's number out of the window.
    pub fn new(wanted: u64, spent: Spent, of: impl Fn(&crate::runlog::WindowCounts) -> u64, base: u64) -> Self {
        let spent = match spent {
            Spent::Known(counts) => Some(of(&counts)),
            Spent::Unknown => None,
        };
        Self { wanted, spent, base }
    }

    /// Whether all of them wait for approval.
    pub fn held(self, limits: Limits) -> bool {
        self.wanted > 0 && self.spent.is_none_or(|spent| limits.exceeded(spent.saturating_add(self.wanted), self.base))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stretch(wanted: u64, spent: u64, base: u64) -> Stretch {
        Stretch { wanted, spent: Some(spent), base }
    }

    #[test]
    fn l04_both_default_limits_must_be_exceeded() {
        let limits = Limits::new(None);
        assert!(!stretch(5, 0, 10).held(limits), "not more than 5");
        assert!(stretch(6, 0, 10).held(limits));
        assert!(!stretch(100, 0, 1000).held(limits), "not more than 10 percent");
        assert!(stretch(101, 0, 1000).held(limits));
    }

    #[test]
    fn l04_one_limit_alone_counts_alone() {
        let limits = Limits::new(Some(&Hold { above_percent: None, above_count: Some(0) }));
        assert!(stretch(1, 0, 1000).held(limits));
    }

    #[test]
    fn l04_an_unknown_window_holds_any_removal() {
        let unknown = |wanted| Stretch { wanted, spent: None, base: 1_000_000 };
        assert!(unknown(1).held(Limits::new(None)));
        assert!(!unknown(0).held(Limits::new(None)));
    }

    proptest! {
        #[test]
        fn l04_small_steps_gain_nothing(first in 0_u64..500, second in 1_u64..500, base in 1_u64..2000) {
            let limits = Limits::new(None);
            let at_once = stretch(first + second, 0, base).held(limits);
            prop_assert_eq!(stretch(second, first, base).held(limits), at_once);
        }
    }
}
