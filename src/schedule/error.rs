//! What can be wrong with a schedule, and how to mend it.

use jiff::tz;

use super::cron::NICKNAMES;

/// Why a schedule cannot be followed. Its text says what is wrong and how to mend it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// Both of cron and interval, or neither.
    #[error("a schedule is exactly one of cron and interval: keep one")]
    NotOne,
    /// No five fields, or fields that do not read.
    #[error("{0:?} is no schedule: {hint}", hint = self.mend())]
    NotCron(String),
    /// `@` and a word that is not known.
    #[error("{0:?} is no schedule: {hint}", hint = self.mend())]
    UnknownNickname(String),
    /// A day that no month has.
    #[error("{0:?} never comes: {hint}", hint = self.mend())]
    NeverComes(String),
    /// Not in the IANA database.
    #[error("{0:?} is no time zone: {hint}", hint = self.mend())]
    UnknownZone(String),
    /// Below a minute, or without end.
    #[error("interval must be at least 1m and at most 999999h: {hint}", hint = self.mend())]
    IntervalBounds,
    /// Below zero.
    #[error("startingDeadline is negative: {hint}", hint = self.mend())]
    NegativeDeadline,
}

impl ScheduleError {
    /// The field at fault, below `spec.schedule`; empty for the schedule as a whole.
    pub fn field(&self) -> &'static str {
        match self {
            Self::NotOne => "",
            Self::NotCron(_) | Self::UnknownNickname(_) | Self::NeverComes(_) => "cron",
            Self::UnknownZone(_) => "timeZone",
            Self::IntervalBounds => "interval",
            Self::NegativeDeadline => "startingDeadline",
        }
    }

    /// How to mend it.
    pub fn mend(&self) -> &'static str {
        match self {
            Self::NotOne => "keep one",
            Self::NotCron(_) => {
                "write minute (0-59) hour (0-23) day (1-31) month (1-12 or JAN-DEC) weekday (0-7 or SUN-SAT), each as *, \
                 a number, a range, a list or a step, such as \"*/30 * * * *\""
            }
            Self::UnknownNickname(_) => "use @hourly, @daily, @weekly, @monthly or @yearly, or interval: 30m",
            Self::NeverComes(_) => "check day and month",
            Self::UnknownZone(_) => "name an IANA time zone, such as Europe/Stockholm",
            Self::IntervalBounds => "write a time such as 30m or 24h",
            Self::NegativeDeadline => "write a time such as 10m, or leave it out",
        }
    }

    /// The words that could have been meant, where there is a list of them.
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Self::UnknownNickname(_) => NICKNAMES.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Self::UnknownZone(_) => tz::db().available().map(|name| name.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}
