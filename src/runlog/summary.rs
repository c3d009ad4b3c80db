//! The summary of a run: what `history` shows, and what the hold's window is counted from.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::{RunCounts, RunReport, RunResult, RunTrigger};

/// A run's id: when it began, to the millisecond, and what tells it from another. Ids sort by time.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The id of a run that begins now.
    pub fn new(now: Timestamp) -> Self {
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let unique: String = unique.chars().take(6).collect();
        Self(format!("{}-{unique}", now.strftime("%Y%m%dt%H%M%S%3fz")))
    }

    /// The id of a run that begins now, after another. Where the clock was set back since, it takes the other's time and a
    /// millisecond more: ids sort in the order in which runs ran, which the hold's window relies on (L4).
    pub fn after(previous: &Self, now: Timestamp) -> Self {
        let next = previous.time().and_then(|time| time.checked_add(SignedDuration::from_millis(1)).ok());
        Self::new(next.map_or(now, |next| next.max(now)))
    }

    /// The latest time that the clock had shown when the run began, as its id tells.
    pub fn time(&self) -> Option<Timestamp> {
        let (time, _) = self.0.split_once('-')?;
        let civil = jiff::civil::DateTime::strptime("%Y%m%dt%H%M%S", time.get(..15)?).ok()?;
        let second = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        let milliseconds = time.get(15..18).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        second.checked_add(SignedDuration::from_millis(milliseconds)).ok()
    }

    /// Reads an id as a person types it; `None` when no run can have it.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = !text.is_empty()
            && text.len() <= 64
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        plain.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a run spent of the hold's limits (L4): changes that nobody approved.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WindowCounts {
    /// Contacts turned off or deleted, and portal access taken away.
    pub removals: u64,
    /// Removals that somebody approved: they count against no limit, but the desk shows their marks.
    pub approved: u64,
    /// Sign-in keys changed.
    pub key_changes: u64,
    /// Portal access given to contacts that existed.
    pub grants: u64,
}

/// What is left of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The run.
    pub id: RunId,
    /// The run before it, so that a gap in the history shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<RunId>,
    /// `<namespace>/<name>` of the connection.
    pub connection: String,
    /// Why it ran.
    pub trigger: RunTrigger,
    /// The generation of the spec, in a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When it began.
    pub start_time: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_time: Option<Timestamp>,
    /// How it ended; Running in a summary that nobody closed means that it was cut off.
    pub result: RunResult,
    /// One sentence, without anybody's data.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Why it failed, in the one word that a connection's condition gives as its reason; where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// What it counted.
    #[serde(default)]
    pub counts: RunCounts,
    /// Why people were skipped, held, refused and so on, each reason with its count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reasons: BTreeMap<String, BTreeMap<String, u64>>,
    /// Contacts owned when it began, once they were listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned_at_start: Option<u64>,
    /// Of them, active ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active_at_start: Option<u64>,
    /// Contacts owned when it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owned: Option<u64>,
    /// What it spent of the hold's limits; before it ends, what it set out to spend.
    #[serde(default)]
    pub spent: WindowCounts,
    /// The plan of what it held back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Fields that were not emptied although everybody lost them (L15).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clears_held: Vec<String>,
    /// Fields that the desk stores differently from what was written (L14).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_converging: Vec<String>,
}

impl Summary {
    /// When it counts as begun: by the clock, or by the latest time that the clock had shown, if it was set back.
    pub(super) fn time(&self) -> Timestamp {
        self.id.time().map_or(self.start_time, |time| time.max(self.start_time))
    }

    /// Whether the connection owned contacts when the run ended, as far as it tells. One that failed or was cut off does
    /// not know the number; that there were some, it may.
    pub fn left_contacts(&self) -> Option<bool> {
        let counts = &self.counts;
        let made = counts.created + counts.adopted + counts.claimed > 0;
        let may_have_made = self.end_time.is_none() && counts.in_scope > 0;
        let some = made || may_have_made || self.owned_at_start.is_some_and(|owned| owned > 0);
        self.owned.map(|owned| owned > 0).or(some.then_some(true))
    }

    /// The run as status and `-o json` show it.
    pub fn report(&self) -> RunReport {
        RunReport {
            id: self.id.to_string(),
            trigger: self.trigger,
            generation: self.generation,
            start_time: by_millisecond(self.start_time),
            end_time: self.end_time.map(by_millisecond),
            result: self.result,
            message: (!self.message.is_empty()).then(|| self.message.clone()),
            counts: self.counts,
            log_ref: None,
        }
    }
}

/// Finer than a run's length, and still a time that people can read.
fn by_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l04_ids_sort_by_time_within_a_second() {
        let at = |text: &str| RunId::new(text.parse().unwrap());
        let ids = [at("2026-11-23T09:33:54.007Z"), at("2026-11-23T09:33:54.07Z"), at("2026-11-23T09:33:54.7Z")];
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| RunId::parse(id.as_str()).as_ref() == Some(id)));
    }

    #[test]
    fn l16_a_run_tells_whether_it_left_contacts() {
        let told = |fields: &str| {
            let text = format!(
                r#"{{"id": "20261123t093354507z-aaaaaa", "connection": "support/staff", "trigger": "Request",
                    "startTime": "2026-11-23T09:33:54Z", "result": "Failed"{fields}}}"#
            );
            serde_json::from_str::<Summary>(&text).unwrap().left_contacts()
        };
        assert_eq!(told(r#", "owned": 3"#), Some(true));
        assert_eq!(told(r#", "owned": 0, "ownedAtStart": 3"#), Some(false), "all of them left");
        assert_eq!(told(r#", "ownedAtStart": 3"#), Some(true), "it failed");
        assert_eq!(told(r#", "ownedAtStart": 0, "counts": {"created": 1}"#), Some(true));
        assert_eq!(told(r#", "ownedAtStart": 0, "counts": {"inScope": 1}"#), Some(true), "it was cut off");
        assert_eq!(told(r#", "endTime": "2026-11-23T09:33:55Z", "ownedAtStart": 0, "counts": {"inScope": 1}"#), None);
    }

    #[test]
    fn an_id_tells_when_its_run_began() {
        let begin: Timestamp = "2026-11-23T09:33:54.507Z".parse().unwrap();
        assert_eq!(RunId::new(begin).time(), Some(begin));
        assert_eq!(RunId::parse("a-run").unwrap().time(), None);
    }

    #[test]
    fn l04_ids_sort_in_the_order_of_runs_though_the_clock_is_set_back() {
        let now: Timestamp = "2026-11-23T09:33:54.999Z".parse().unwrap();
        let earlier = now.checked_sub(SignedDuration::from_hours(30)).unwrap();
        let first = RunId::new(now);
        let second = RunId::after(&first, earlier);
        let third = RunId::after(&second, earlier);
        assert!([&first, &second, &third].is_sorted(), "{first} {second} {third}");
        let later = now.checked_add(SignedDuration::from_hours(1)).unwrap();
        assert_eq!(RunId::after(&third, later).time(), Some(later));
    }
}
