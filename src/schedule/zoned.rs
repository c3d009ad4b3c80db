//! A cron on the clocks of a place.
//!
//! Between two changes of its clock a zone is a fixed offset, where a cron is plain calendar arithmetic. So the search
//! goes from one such stretch to the next, and the rules are applied where they meet:
//!
//! - the clock was put forward: times of day that were left out come once, together, at the moment of the change;
//! - the clock was put back: times of day that come again do not count again.
//!
//! A schedule that names all 24 hours (`*/30 * * * *`) is not of times of day but of time that passes, and takes what
//! each clock shows.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::ScheduleError;
use super::pattern::Pattern;

/// No date is further away than this: 29 February on both sides of a year like 2100, and one year more.
const FURTHEST: SignedDuration = SignedDuration::from_hours(9 * 366 * 24);

/// The zone of that name; UTC where none is given.
pub(super) fn zone(name: Option<&str>) -> Result<TimeZone, ScheduleError> {
    let Some(name) = name else { return Ok(TimeZone::UTC) };
    #[expect(clippy::map_err_ignore, reason = "jiff's text tells where it looked; users want to know what to write")]
    TimeZone::get(name).map_err(|_| ScheduleError::UnknownZone(name.to_owned()))
}

/// The second that a time lies in, since 1970; `Timestamp::as_second` rounds towards 1970.
pub(super) fn whole_second(time: Timestamp) -> i64 {
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
}

/// A cron and where its times are read.
#[derive(Clone, Debug)]
pub(super) struct Zoned {
    pattern: Pattern,
    zone: TimeZone,
    /// Times of day, each of which comes once.
    once: bool,
}

/// A stretch of time in which the clock is not changed.
struct Stretch {
    offset: Offset,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// What the clock showed when it was changed at `start`, before and after.
    change: Option<(DateTime, DateTime)>,
}

impl Stretch {
    fn around(zone: &TimeZone, time: Timestamp) -> Self {
        let offset = zone.to_offset(time);
        let past = time.checked_add(SignedDuration::from_nanos(1)).unwrap_or(time);
        let start = zone.preceding(past).next().map(|change| change.timestamp());
        let end = zone.following(time).next().map(|change| change.timestamp());
        let change = start.and_then(|start| {
            let before = start.checked_sub(SignedDuration::from_secs(1)).ok()?;
            Some((zone.to_offset(before).to_datetime(start), offset.to_datetime(start)))
        });
        Self { offset, start, end, change }
    }

    fn clock(&self, time: Timestamp) -> DateTime {
        self.offset.to_datetime(time)
    }

    /// The first time on the clock that counts.
    fn first(&self, once: bool) -> Option<DateTime> {
        let (before, after) = self.change?;
        Some(if once { before.max(after) } else { after })
    }
}

impl Zoned {
    pub(super) fn new(pattern: Pattern, zone: TimeZone) -> Self {
        let once = !pattern.every_hour();
        Self { pattern, zone, once }
    }

    /// The first tick later than `after`.
    pub(super) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let mut from = Timestamp::from_second(whole_second(after) + 1).ok()?;
        let horizon = from.checked_add(FURTHEST).unwrap_or(Timestamp::MAX);
        loop {
            let stretch = Stretch::around(&self.zone, from);
            if stretch.start == Some(from) && self.left_out(&stretch) {
                return Some(from);
            }
            let clock = stretch.clock(from);
            let clock = stretch.first(self.once).map_or(clock, |first| first.max(clock));
            let found = self.pattern.first(clock);
            let tick = found.and_then(|found| stretch.offset.to_timestamp(found).ok());
            match (tick, stretch.end) {
                (tick, None) => return tick,
                (Some(tick), Some(end)) if tick < end => return Some(tick),
                (_, Some(end)) if end > horizon => return None,
                (_, Some(end)) => from = end,
            }
        }
    }

    /// The last tick not later than `now`.
    pub(super) fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let mut from = Timestamp::from_second(whole_second(now)).ok()?;
        let horizon = from.checked_sub(FURTHEST).unwrap_or(Timestamp::MIN);
        loop {
            let stretch = Stretch::around(&self.zone, from);
            let found = self.pattern.last(stretch.clock(from));
            let counted = found.filter(|found| stretch.first(self.once).is_none_or(|first| *found >= first));
            if let Some(tick) = counted.and_then(|found| stretch.offset.to_timestamp(found).ok()) {
                return Some(tick);
            }
            let start = stretch.start.filter(|start| *start >= horizon)?;
            if self.left_out(&stretch) {
                return Some(start);
            }
            from = start.checked_sub(SignedDuration::from_secs(1)).ok()?;
        }
    }

    /// Whether the change at the start of this stretch left out a time of day that the schedule names.
    fn left_out(&self, stretch: &Stretch) -> bool {
        let Some((before, after)) = stretch.change else { return false };
        self.once && before < after && self.pattern.first(before).is_some_and(|found| found < after)
    }
}
