//! Schedules: a cron that is one and comes true, a time zone that exists.

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::date;
use jiff::tz::{self, TimeZone};

use super::validate::Findings;
use super::words::{nearest, shown};
use crate::api::ContactSyncConnection;

/// Checks `spec.schedule`.
pub(super) fn check(found: &mut Findings<'_, ContactSyncConnection>) {
    let Some(schedule) = &found.object.value.spec.schedule else { return };
    if let Some(zone) = &schedule.time_zone
        && TimeZone::get(zone).is_err()
    {
        let names: Vec<String> = tz::db().available().map(|name| name.to_string()).collect();
        let mend = match nearest(zone, names.iter().map(String::as_str)) {
            Some(name) => format!("did you mean {name}?"),
            None => "name an IANA time zone, such as Europe/Stockholm".to_owned(),
        };
        found.error("spec.schedule.timeZone", format!("{} is no time zone", shown(zone)), mend);
    }
    let Some(cron) = &schedule.cron else { return };
    let field = "spec.schedule.cron";
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let nicknames = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly"];
    match parser.parse(cron) {
        // Other than five fields was told by the schema's rule.
        Err(_) if !cron.starts_with('@') && cron.split_whitespace().count() != 5 => {}
        Err(_) if cron.starts_with('@') => {
            let mend = match nearest(cron, nicknames) {
                Some(name) => format!("did you mean {name}?"),
                None => "use @hourly, @daily, @weekly, @monthly or @yearly, or interval: 30m".to_owned(),
            };
            found.error(field, format!("{} is no schedule", shown(cron)), mend);
        }
        Err(error) => {
            let mend =
                "write minute (0-59) hour (0-23) day (1-31) month (1-12) weekday (0-7), such as \"*/30 * * * *\"";
            found.error(field, format!("{} is no schedule ({error})", shown(cron)), mend);
        }
        Ok(parsed) => {
            let start = date(2026, 1, 1).to_zoned(TimeZone::UTC);
            if start.is_ok_and(|start| parsed.find_next_occurrence(&start, false).is_err()) {
                found.error(field, format!("{} never comes", shown(cron)), "check day and month");
            }
        }
    }
}
