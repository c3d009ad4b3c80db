//! The minutes that a cron names, on a clock that never changes.
//!
//! croner's own pattern weighs 5 KiB and searches second by second where it must; a cluster has many connections.

use croner::Cron;
use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime};

/// Days to look through before giving up: 29 February comes once in eight years around a year like 2100.
const FURTHEST: usize = 9 * 366;

/// A cron as sets of bits, bit n for the value n.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// One of the fields of days is `*`, so that the other decides; else either will do.
    one_field: bool,
}

impl Pattern {
    pub(super) fn new(cron: &Cron) -> Self {
        let pattern = &cron.pattern;
        let bits = |values: Vec<u16>| values.into_iter().fold(0, |bits, value| bits | bit(value));
        Self {
            minutes: bits(pattern.minutes.values()),
            hours: bits(pattern.hours.values()),
            days: bits(pattern.days.values()),
            months: bits(pattern.months.values()),
            weekdays: bits(pattern.days_of_week.values()),
            one_field: pattern.is_dom_wildcard() || pattern.is_dow_wildcard(),
        }
    }

    /// Whether it names all 24 hours, and so means time that passes rather than times of day.
    pub(super) fn every_hour(&self) -> bool {
        self.hours.count_ones() == 24
    }

    /// Whether any day at all is named; hours and minutes always are.
    pub(super) fn comes(&self) -> bool {
        Date::new(2024, 1, 1).is_ok_and(|leap_year| leap_year.series(1.day()).take(366).any(|day| self.names(day)))
    }

    /// The first minute named, from this time on.
    pub(super) fn first(&self, from: DateTime) -> Option<DateTime> {
        let from = match (from.second(), from.subsec_nanosecond()) {
            (0, 0) => from,
            _ => from.date().at(from.hour(), from.minute(), 0, 0).checked_add(1.minute()).ok()?,
        };
        let mut day = from.date();
        let mut hour = from.hour();
        if self.names(day)
            && bit(hour) & self.hours != 0
            && let Some(minute) = lowest(self.minutes & !below(from.minute()))
        {
            return Some(day.at(hour, minute, 0, 0));
        }
        hour += 1;
        for _ in 0..FURTHEST {
            if self.names(day)
                && let Some(hour) = lowest(self.hours & !below(hour))
            {
                return Some(day.at(hour, lowest(self.minutes)?, 0, 0));
            }
            day = if self.names_month(day) { day } else { day.last_of_month() }.tomorrow().ok()?;
            hour = 0;
        }
        None
    }

    /// The last minute named, up to this time.
    pub(super) fn last(&self, upto: DateTime) -> Option<DateTime> {
        let mut day = upto.date();
        let mut hour = upto.hour();
        if self.names(day)
            && bit(hour) & self.hours != 0
            && let Some(minute) = highest(self.minutes & below(upto.minute() + 1))
        {
            return Some(day.at(hour, minute, 0, 0));
        }
        for _ in 0..FURTHEST {
            if self.names(day)
                && let Some(hour) = highest(self.hours & below(hour))
            {
                return Some(day.at(hour, highest(self.minutes)?, 0, 0));
            }
            day = if self.names_month(day) { day } else { day.first_of_month() }.yesterday().ok()?;
            hour = 24;
        }
        None
    }

    fn names(&self, day: Date) -> bool {
        let of_month = bit(day.day()) & self.days != 0;
        let of_week = bit(day.weekday().to_sunday_zero_offset()) & self.weekdays != 0;
        self.names_month(day) && if self.one_field { of_month && of_week } else { of_month || of_week }
    }

    fn names_month(&self, day: Date) -> bool {
        bit(day.month()) & self.months != 0
    }
}

/// No value of a field is above 59.
fn bit(value: impl Into<i32>) -> u64 {
    1_u64.checked_shl(value.into().unsigned_abs()).unwrap_or(0)
}

/// The bits of all values below this one.
fn below(value: i8) -> u64 {
    bit(value).wrapping_sub(1)
}

fn lowest(bits: u64) -> Option<i8> {
    if bits == 0 { None } else { i8::try_from(bits.trailing_zeros()).ok() }
}

fn highest(bits: u64) -> Option<i8> {
    i8::try_from(bits.checked_ilog2()?).ok()
}
