//! Ticks a fixed time apart, at a place that is the object's own.

use jiff::Timestamp;

use super::ScheduleError;

/// The longest interval, in seconds: 999,999 hours, 114 years.
const LONGEST: i64 = 999_999 * 3600;

/// Ticks at `phase + n * every` seconds since 1970: they never drift, whatever happened between two of them.
#[derive(Clone, Debug)]
pub(super) struct Interval {
    every: i64,
    phase: i64,
}

impl Interval {
    /// A part of a second counts as a whole one, since ticks are whole seconds.
    pub(super) fn new(interval: kube::core::Duration, seed: &str) -> Result<Self, ScheduleError> {
        let length = std::time::Duration::from(interval);
        let every = length.as_secs().saturating_add(u64::from(length.subsec_nanos() > 0));
        let every = i64::try_from(every).unwrap_or(i64::MAX);
        if interval.is_negative() || !(60..=LONGEST).contains(&every) {
            return Err(ScheduleError::IntervalBounds);
        }
        Ok(Self { every, phase: phase(seed, every) })
    }

    pub(super) fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let now = super::zoned::whole_second(now);
        tick(now - (now - self.phase).rem_euclid(self.every))
    }

    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = super::zoned::whole_second(after);
        tick(after - (after - self.phase).rem_euclid(self.every) + self.every)
    }
}

fn tick(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

/// A share of the interval drawn by hash: even over seeds, and the same for ever.
fn phase(seed: &str, every: i64) -> i64 {
    let mut first = [0; 8];
    let hash = blake3::hash(seed.as_bytes());
    first.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    let share = (u128::from(u64::from_le_bytes(first)) * u128::from(every.unsigned_abs())) >> 64;
    i64::try_from(share).unwrap_or(0)
}
