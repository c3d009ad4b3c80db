//! When a connection is to run: a pure function of `spec.schedule`, the object's UID and the time.
//!
//! The rules are told to users in `docs/schedule.md`. They are those of a Kubernetes `CronJob` (only the most recent
//! missed tick counts, a starting deadline) except where the clocks change: a `CronJob` skips a time that does not
//! exist and runs twice at a time that comes twice, we run once. croner reads the five fields; the search is ours, because
//! croner 4 counts `0 2,14 * * *` as no fixed time, gives up on a gap of more than two hours (Pacific/Apia, 2011), and
//! keeps 5 KiB for each schedule.
//!
//! Whether a run may start (one at a time, the switch, a retry) is the controller's to decide.

mod cron;
mod error;
mod interval;
mod pattern;
mod zoned;

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};

pub use self::error::ScheduleError;
use self::interval::Interval;
use self::zoned::Zoned;
use crate::api::Schedule;

/// A schedule that was understood. Its ticks are whole seconds, so that a tick written down in a status reads back as
/// itself.
#[derive(Clone, Debug)]
pub struct Timetable {
    ticks: Ticks,
    deadline: Option<SignedDuration>,
}

#[derive(Clone, Debug)]
enum Ticks {
    Cron(Zoned),
    Interval(Interval),
}

impl Timetable {
    /// Reads a schedule. `seed`, the object's UID, decides where in an interval its ticks lie, so that many connections
    /// with one interval spread over it, and each keeps its place when the controller restarts.
    pub fn new(schedule: &Schedule, seed: &str) -> Result<Self, ScheduleError> {
        read(schedule, seed).map_err(|mut faults| faults.swap_remove(0))
    }

    /// The most recent tick in `(after, now]`, unless it is later than the starting deadline by now. Earlier ticks of
    /// that range are forgotten: a controller that was down for a day runs once. A clock that was set back, so that
    /// `now` lies before `after`, makes nothing due.
    ///
    /// Costs the same whether a minute or ten years lie between: it searches backwards from `now`.
    pub fn due(&self, after: Timestamp, now: Timestamp) -> Option<Timestamp> {
        if now <= after {
            return None;
        }
        let tick = match &self.ticks {
            Ticks::Cron(cron) => cron.latest(now),
            Ticks::Interval(interval) => interval.latest(now),
        };
        let started_late = |tick| self.deadline.is_some_and(|deadline| now.duration_since(tick) > deadline);
        tick.filter(|tick| *tick > after && !started_late(*tick))
    }

    /// The first tick later than `after`; none beyond the calendar's end (the year 9999).
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.ticks {
            Ticks::Cron(cron) => cron.next(after),
            Ticks::Interval(interval) => interval.next(after),
        }
    }
}

/// All that is wrong with a schedule, for those who check manifests; [`Timetable::new`] tells the first.
pub fn faults(schedule: &Schedule) -> Vec<ScheduleError> {
    read(schedule, "").err().unwrap_or_default()
}

/// The error is never empty.
fn read(schedule: &Schedule, seed: &str) -> Result<Timetable, Vec<ScheduleError>> {
    let mut faults = Vec::new();
    let zone = zoned::zone(schedule.time_zone.as_deref()).map_err(|fault| faults.push(fault));
    let deadline = match schedule.starting_deadline {
        Some(deadline) if deadline.is_negative() => {
            faults.push(ScheduleError::NegativeDeadline);
            None
        }
        // What does not fit is longer than time itself.
        Some(deadline) => SignedDuration::try_from(std::time::Duration::from(deadline)).ok(),
        None => None,
    };
    let ticks = match (&schedule.cron, schedule.interval) {
        (Some(text), None) => match (cron::read(text), zone) {
            (Ok(cron), Ok(zone)) => Some(Ticks::Cron(Zoned::new(cron, zone))),
            (Err(fault), _) => {
                faults.push(fault);
                None
            }
            _ => None,
        },
        (None, Some(interval)) => {
            Interval::new(interval, seed).map_err(|fault| faults.push(fault)).ok().map(Ticks::Interval)
        }
        _ => {
            faults.push(ScheduleError::NotOne);
            None
        }
    };
    match ticks {
        Some(ticks) if faults.is_empty() => Ok(Timetable { ticks, deadline }),
        _ => Err(faults),
    }
}
