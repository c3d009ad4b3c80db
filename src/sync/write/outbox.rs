//! Where changes are put on their way; each is remembered until it is accounted for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use super::Error;
use crate::contact::{Field, Value};
use crate::desk::{Change, ChangeKind, ContactId};
use crate::runlog::{Entry, FieldChange};
use crate::sync::settle::Brief;

/// What a change is, for the log and the counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Act {
    Create,
    Update,
    Reactivate,
    Adopt,
    Claim,
    /// The contact's address is moved out of the way for a moment (L11).
    Park,
    MarkLeft,
    Deactivate,
    Delete,
    Release,
}

impl Act {
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Create => "created",
            Self::Update => "updated",
            Self::Reactivate => "reactivated",
            Self::Adopt => "adopted",
            Self::Claim => "claimed",
            Self::Park => "parked",
            Self::MarkLeft => "left",
            Self::Deactivate => "deactivated",
            Self::Delete => "deleted",
            Self::Release => "released",
        }
    }
}

/// A change on its way.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) act: Act,
    /// The candidate's place, where it is one.
    pub(super) place: Option<usize>,
    /// Whether a refusal of its address is looked into in a second pass.
    pub(super) again: bool,
    pub(super) person: String,
    pub(super) contact: Option<ContactId>,
    pub(super) reason: Option<String>,
    /// The fields that change; of a creation, `target` tells them.
    pub(super) fields: Vec<FieldChange>,
    /// Every mapped field as it should be afterwards.
    pub(super) target: Vec<(Field, Option<Value>)>,
    /// Portal access is not given or taken along with it, though that is wanted.
    pub(super) without_access: bool,
    /// The fingerprint of every mapped field before it, where there was a contact.
    pub(super) before: Option<Brief>,
}

/// Which count a line adds to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Count {
    None,
    Skipped,
    Conflict,
    Waiting,
    Failed,
    Held,
}

/// What the producer tells beside its changes.
#[derive(Debug)]
pub(super) enum Event {
    /// A change that a plan would make.
    Planned(Box<Pending>),
    /// A line for the log, and what it counts as.
    Note(Count, Box<Entry>),
    /// A contact that is right already.
    Right,
}

pub(super) type PendingMap = Arc<Mutex<HashMap<u64, Pending>>>;

/// Takes changes and lines.
pub(super) struct Outbox {
    changes: Option<mpsc::Sender<Change>>,
    events: mpsc::Sender<Event>,
    pending: PendingMap,
    next: std::sync::atomic::AtomicU64,
}

impl Outbox {
    /// Without a way to the desk, changes are only told: that is a plan.
    pub(super) fn new(changes: Option<mpsc::Sender<Change>>, events: mpsc::Sender<Event>) -> Self {
        Self { changes, events, pending: PendingMap::default(), next: 0.into() }
    }

    pub(super) fn pending(&self) -> PendingMap {
        Arc::clone(&self.pending)
    }

    /// Puts a change on its way.
    pub(super) async fn send(&self, kind: ChangeKind, pending: Pending) -> Result<(), Error> {
        let Some(changes) = &self.changes else {
            return self.tell(Event::Planned(Box::new(pending))).await;
        };
        let key = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).insert(key, pending);
        if changes.send(Change { key, kind }).await.is_err() {
            // The desk gave up; its own error says why. What was not sent was not done.
            self.pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
            return Err(Error::Desk(crate::desk::Error::Cancelled));
        }
        Ok(())
    }

    /// Writes a line and counts it.
    pub(super) async fn note(&self, count: Count, entry: Entry) -> Result<(), Error> {
        self.tell(Event::Note(count, Box::new(entry))).await
    }

    /// Counts a contact that is right already.
    pub(super) async fn right(&self) -> Result<(), Error> {
        self.tell(Event::Right).await
    }

    async fn tell(&self, event: Event) -> Result<(), Error> {
        self.events.send(event).await.map_err(|_closed| Error::Internal("nobody keeps the tally".to_owned()))
    }
}
