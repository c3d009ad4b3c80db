//! The rules said once more, slowly: a walk through every minute, looking at the clock on the wall.

use std::collections::BTreeSet;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// One field, as text and as what it means.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) text: String,
    pub(super) values: BTreeSet<i8>,
    pub(super) star: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Cron {
    pub(super) minute: Field,
    pub(super) hour: Field,
    pub(super) day: Field,
    pub(super) month: Field,
    pub(super) weekday: Field,
}

impl Cron {
    pub(super) fn text(&self) -> String {
        let fields = [&self.minute, &self.hour, &self.day, &self.month, &self.weekday];
        fields.map(|field| field.text.as_str()).join(" ")
    }

    /// Whether the day of that time in UTC is one of the schedule's.
    pub(super) fn names_day(&self, midnight: Timestamp) -> bool {
        let clock = TimeZone::UTC.to_datetime(midnight);
        self.month.values.contains(&clock.month()) && self.names_of_days(clock)
    }

    fn names_of_days(&self, clock: DateTime) -> bool {
        let day = self.day.values.contains(&clock.day());
        let weekday = self.weekday.values.contains(&clock.weekday().to_sunday_zero_offset());
        if self.day.star || self.weekday.star { day && weekday } else { day || weekday }
    }

    fn names(&self, clock: DateTime) -> bool {
        self.minute.values.contains(&clock.minute())
            && self.hour.values.contains(&clock.hour())
            && self.month.values.contains(&clock.month())
            && self.names_of_days(clock)
    }

    /// All ticks from `start` to `end`, both at a whole minute.
    pub(super) fn ticks(&self, zone: &TimeZone, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
        let every_hour = self.hour.values.len() == 24;
        let mut ticks = Vec::new();
        let mut time = start - SignedDuration::from_hours(26);
        let mut highest = zone.to_datetime(time - SignedDuration::from_mins(1));
        while time <= end {
            let clock = zone.to_datetime(time);
            let fresh = clock > highest;
            let mut tick = self.names(clock) && (fresh || every_hour);
            let mut left_out = highest + 1.minute();
            while !every_hour && left_out < clock {
                tick |= self.names(left_out);
                left_out += 1.minute();
            }
            if tick && time >= start {
                ticks.push(time);
            }
            highest = highest.max(clock);
            time += SignedDuration::from_mins(1);
        }
        ticks
    }
}
