//! The rules of docs/schedule.md one by one, then thousands of schedules against a reference that is too slow to be wrong.

mod examples;
mod intervals;
mod random;
mod reference;
mod words;

use jiff::Timestamp;

use super::{ScheduleError, Timetable};
use crate::api::Schedule;

fn schedule() -> Schedule {
    Schedule { cron: None, time_zone: None, interval: None, starting_deadline: None }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn duration(text: &str) -> kube::core::Duration {
    text.parse().unwrap()
}

fn read(cron: &str) -> Result<Timetable, ScheduleError> {
    Timetable::new(&Schedule { cron: Some(cron.to_owned()), ..schedule() }, "")
}

fn cron_in(cron: &str, zone: &str) -> Timetable {
    let schedule = Schedule { cron: Some(cron.to_owned()), time_zone: Some(zone.to_owned()), ..schedule() };
    Timetable::new(&schedule, "").unwrap()
}

/// The ticks after a time, as the clocks of the place show them.
fn ticks(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let table = cron_in(cron, zone);
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let ticks = std::iter::successors(table.next(at(after)), |tick| table.next(*tick));
    ticks.take(count).map(|tick| tick.to_zoned(zone.clone()).strftime("%F %H:%M%:z").to_string()).collect()
}
