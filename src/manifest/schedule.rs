//! Schedules: what [`crate::schedule`] says is wrong with one, at the field it is wrong in.

use super::validate::Findings;
use super::words::{nearest, shown};
use crate::api::ContactSyncConnection;
use crate::schedule::{self, ScheduleError};

/// Checks `spec.schedule`.
pub(super) fn check(found: &mut Findings<'_, ContactSyncConnection>) {
    let Some(schedule) = &found.object.value.spec.schedule else { return };
    for fault in schedule::faults(schedule) {
        let candidates = fault.candidates();
        let field = format!("spec.schedule.{}", fault.field());
        let problem = match &fault {
            // Told by the schema's rules.
            ScheduleError::NotOne | ScheduleError::IntervalBounds | ScheduleError::NegativeDeadline => continue,
            ScheduleError::NotCron(cron) if cron.split_whitespace().count() != 5 => continue,
            ScheduleError::NotCron(word) | ScheduleError::UnknownNickname(word) => {
                (word, format!("{} is no schedule", shown(word)))
            }
            ScheduleError::NeverComes(word) => (word, format!("{} never comes", shown(word))),
            ScheduleError::UnknownZone(word) => (word, format!("{} is no time zone", shown(word))),
        };
        let mend = match nearest(problem.0, candidates.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {name}?"),
            None => fault.mend().to_owned(),
        };
        found.error(&field, problem.1, mend);
    }
}
