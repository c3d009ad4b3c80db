//! What a run tells: counts, lines of its log, and to whoever watches.

use std::collections::{BTreeMap, HashMap};

use crate::api::RunCounts;
use crate::clock::Clock;
use crate::contact::{Field, Value};
use crate::runlog::{Entry, FieldChange, HeldChange, HeldKind, Intent, LogWriter, WindowCounts};

use super::Error;

/// How far a run is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stage {
    /// Asking directory and desk whether they are there.
    Preflight,
    /// Listing the owned contacts.
    Listing,
    /// Reading the directory.
    Reading,
    /// Asking again for people who are missing.
    Confirming,
    /// Writing contacts.
    Writing,
    /// Removing contacts of people who left.
    Removing,
}

/// One change that a plan shows.
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// created, updated, reactivated, left, deactivated, deleted, released, held, skipped.
    pub action: String,
    /// The directory's id of the person.
    pub person: String,
    /// The desk's id of the contact, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Why, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Field by field, old and new.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldChange>,
}

/// Watches a run: a progress bar, a plan, a metric. Called often; must not block.
pub trait Observer: Send + Sync {
    /// A stage begins.
    fn stage(&self, _stage: Stage) {}
    /// So many of so many are done in this stage; the total is `None` while nobody knows it.
    fn progress(&self, _done: u64, _total: Option<u64>) {}
    /// A change that a plan would make, with its values.
    fn planned(&self, _change: PlannedChange) {}
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// Counts, and writes the log.
pub(super) struct Account<'a> {
    pub(super) counts: RunCounts,
    log: LogWriter,
    clock: &'a Clock,
    observer: &'a dyn Observer,
    log_values: bool,
    planning: bool,
    /// Why people were skipped, held, refused and so on.
    pub(super) reasons: BTreeMap<String, BTreeMap<String, u64>>,
    /// Something is not as mapped although no count says so.
    pub(super) blemish: bool,
    /// What the run set out to do that counts against the hold's limits (L4).
    intent: Intent,
    /// The people concerned, and whether their contact was written, or may have been.
    limited: HashMap<String, bool>,
}

impl<'a> Account<'a> {
    pub(super) fn new(
        log: LogWriter,
        clock: &'a Clock,
        observer: &'a dyn Observer,
        log_values: bool,
        planning: bool,
    ) -> Self {
        Self {
            counts: RunCounts::default(),
            log,
            clock,
            observer,
            log_values,
            planning,
            reasons: BTreeMap::new(),
            blemish: false,
            intent: Intent::default(),
            limited: HashMap::new(),
        }
    }

    /// Notes what the run sets out to do.
    pub(super) fn set_out(&mut self, intent: Intent) {
        let people = intent.changes.iter().chain(&intent.approved).map(|change| (change.person.clone(), false));
        self.limited = people.collect();
        self.intent = intent;
    }

    pub(super) fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Notes that a person's contact was written, or that nobody knows whether it was.
    pub(super) fn wrote(&mut self, person: &str) {
        if let Some(written) = self.limited.get_mut(person) {
            *written = true;
        }
    }

    /// Notes that a contact keeps its sign-in key, whatever else of it is written.
    pub(super) fn kept_key(&mut self, person: &str) {
        self.intent.changes.remove(&HeldChange { kind: HeldKind::ChangeKey, person: person.to_owned() });
    }

    /// How much it did of what it set out to do.
    pub(super) fn spent(&self) -> WindowCounts {
        self.intent.counts(|change| self.limited.get(&change.person).copied().unwrap_or(true))
    }

    pub(super) fn observer(&self) -> &'a dyn Observer {
        self.observer
    }

    /// Writes a line, its values only where they are asked for (L20); a plan shows them to whoever asked for the plan.
    pub(super) async fn note(&mut self, mut entry: Entry) -> Result<(), Error> {
        if let Some(reason) = &entry.reason {
            *self.reasons.entry(entry.event.clone()).or_default().entry(reason.clone()).or_default() += 1;
        }
        if self.planning && entry.person.is_some() {
            self.observer.planned(PlannedChange {
                action: entry.event.clone(),
                person: entry.person.clone().unwrap_or_default(),
                contact: entry.contact.clone(),
                reason: entry.reason.clone(),
                fields: entry.fields.clone(),
            });
        }
        if !self.log_values {
            for change in &mut entry.fields {
                change.old = None;
                change.new = None;
            }
        }
        let now = (self.clock)();
        Ok(self.log.write(now, &entry).await?)
    }

    pub(super) fn into_log(self) -> LogWriter {
        self.log
    }
}

/// How a field changes, for people.
pub(super) fn field_change(field: &Field, old: Option<&Value>, new: Option<&Value>) -> FieldChange {
    FieldChange { field: field.to_string(), old: old.map(show), new: new.map(show) }
}

fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Texts(texts) => texts.join(", "),
        Value::Flag(flag) => flag.to_string(),
    }
}
