//! Carries a batch of changes out until each has its one outcome (L12, L19): sends, and where an answer was lost finds
//! out what became of the change before anything is sent again.

use std::collections::HashMap;

use http::Method;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::{Change, ChangeKind, Contact, ContactId, Desk, Error, Outcome, Refusal, Written};

/// How often one change is sent whose answer is lost each time.
const MOST_LOSSES: u8 = 4;

/// A change that has no outcome yet.
pub(super) struct Op {
    key: u64,
    pub(super) kind: ChangeKind,
    /// How often its answer was lost; then an earlier request may have been carried out.
    losses: u8,
    /// Whether it was made anew after 412.
    refreshed: bool,
    reason: String,
}

impl Op {
    /// The contact that it changes; `None` for a creation.
    pub(super) fn contact(&self) -> Option<&Contact> {
        match &self.kind {
            ChangeKind::Create { .. } => None,
            ChangeKind::Update { contact, .. } | ChangeKind::Delete { contact } => Some(contact),
        }
    }

    fn is_delete(&self) -> bool {
        matches!(self.kind, ChangeKind::Delete { .. })
    }

    /// Whether a contact found on the desk still is the one that this change was meant for: its owner is as it was, or
    /// as this change makes it (L7).
    fn still_meant(&self, found: &Contact) -> bool {
        let as_it_was = self.contact().is_some_and(|contact| contact.external_id == found.external_id);
        let as_made = match &self.kind {
            ChangeKind::Update { external_id: Some(made), .. } => {
                made.as_ref().map(ToString::to_string) == found.external_id
            }
            _ => false,
        };
        as_it_was || as_made
    }

    fn rebase(&mut self, found: Contact) {
        match &mut self.kind {
            ChangeKind::Create { .. } => {}
            ChangeKind::Update { contact, .. } | ChangeKind::Delete { contact } => *contact = found,
        }
    }
}

/// A change, ready for the wire.
pub(super) struct Sending {
    pub(super) op: Op,
    pub(super) method: Method,
    pub(super) id: Option<ContactId>,
    pub(super) body: Option<Box<RawValue>>,
    pub(super) version: Option<String>,
}

/// What one sending of a change came to.
pub(super) enum Reply {
    Done(Box<Written>),
    Refused(Refusal),
    /// Not carried out; later perhaps.
    Throttled(String),
    /// Nobody knows.
    Lost(String),
    /// The contact is not as it was fetched (412).
    Stale,
    Fatal(Error),
}

/// One batch on its way.
struct Batch<'a> {
    desk: &'a Desk,
    outcomes: &'a mpsc::Sender<Outcome>,
    fatal: Option<Error>,
    again: Vec<Op>,
    lost: Vec<Op>,
    stale: Vec<Op>,
}

impl Desk {
    /// Carries changes out; every one of them gets its outcome, also when an error is given back that makes further
    /// changes pointless.
    pub(super) async fn settle(&self, changes: Vec<Change>, outcomes: &mpsc::Sender<Outcome>) -> Result<(), Error> {
        let fresh = |change: Change| Op {
            key: change.key,
            kind: change.kind,
            losses: 0,
            refreshed: false,
            reason: String::new(),
        };
        let mut retries = self.wire().tuning.retry.start();
        let mut batch =
            Batch { desk: self, outcomes, fatal: None, again: Vec::new(), lost: Vec::new(), stale: Vec::new() };
        let mut open: Vec<Op> = changes.into_iter().map(fresh).collect();
        loop {
            batch.send(open).await;
            batch.find_out().await;
            batch.refresh().await;
            open = std::mem::take(&mut batch.again);
            if open.is_empty() {
                return batch.fatal.map_or(Ok(()), Err);
            }
            let wait = retries.next_wait(None).filter(|_| batch.fatal.is_none());
            let Some(wait) = wait else {
                for op in open {
                    let reason = op.reason.clone();
                    batch.tell(op.key, Err(Refusal::Unavailable { reason })).await;
                }
                return batch.fatal.map_or(Ok(()), Err);
            };
            tokio::time::sleep(wait).await;
        }
    }
}

impl Batch<'_> {
    async fn tell(&mut self, key: u64, result: Result<Written, Refusal>) {
        if self.outcomes.send(Outcome { key, result }).await.is_err() {
            self.fatal = Some(Error::Cancelled);
        }
    }

    fn fail(&mut self, error: Error) {
        self.fatal.get_or_insert(error);
    }

    async fn send(&mut self, ops: Vec<Op>) {
        let mut sendings = Vec::with_capacity(ops.len());
        for op in ops {
            match self.desk.prepare(op) {
                Ok(sending) => sendings.push(sending),
                Err(settled) => self.sort(settled.0, settled.1).await,
            }
        }
        for (op, reply) in self.desk.send_all(sendings).await {
            self.sort(op, reply).await;
        }
    }

    async fn sort(&mut self, mut op: Op, reply: Reply) {
        match reply {
            Reply::Done(written) => self.tell(op.key, Ok(*written)).await,
            // Perhaps it is our own earlier request that stands in the way.
            Reply::Refused(Refusal::Conflict) if op.losses > 0 && op.contact().is_none() => {
                op.losses = u8::MAX;
                self.lost.push(op);
            }
            Reply::Refused(Refusal::NotFound) if op.losses > 0 && op.is_delete() => self.gone(op).await,
            Reply::Refused(refusal) => self.tell(op.key, Err(refusal)).await,
            Reply::Throttled(reason) => {
                op.reason = reason;
                self.again.push(op);
            }
            Reply::Lost(reason) => {
                op.losses = op.losses.saturating_add(1);
                op.reason = reason;
                self.lost.push(op);
            }
            Reply::Stale if op.refreshed => self.tell(op.key, Err(Refusal::Changed)).await,
            Reply::Stale => {
                op.refreshed = true;
                self.stale.push(op);
            }
            Reply::Fatal(error) => {
                let reason = error.to_string();
                self.fail(error);
                let refusal = if op.losses > 0 { Refusal::Unknown { reason } } else { Refusal::Unavailable { reason } };
                self.tell(op.key, Err(refusal)).await;
            }
        }
    }

    /// Finds out what became of the changes whose answer was lost.
    async fn find_out(&mut self) {
        let (creates, others): (Vec<Op>, Vec<Op>) =
            std::mem::take(&mut self.lost).into_iter().partition(|op| op.contact().is_none());
        self.look_up_created(creates).await;
        self.fetch_again(others).await;
    }

    async fn refresh(&mut self) {
        let stale = std::mem::take(&mut self.stale);
        self.fetch_again(stale).await;
    }

    async fn look_up_created(&mut self, ops: Vec<Op>) {
        if ops.is_empty() {
            return;
        }
        let ids: Vec<_> = ops
            .iter()
            .filter_map(|op| match &op.kind {
                ChangeKind::Create { external_id, .. } => Some(external_id),
                ChangeKind::Update { .. } | ChangeKind::Delete { .. } => None,
            })
            .collect();
        let found = match self.desk.find_created(&ids).await {
            Ok(found) => found,
            Err(error) => return self.unknown(ops, error).await,
        };
        let mut found: HashMap<String, Contact> =
            found.into_iter().filter_map(|contact| Some((contact.external_id.clone()?, contact))).collect();
        for op in ops {
            let ChangeKind::Create { external_id, .. } = &op.kind else { continue };
            match found.remove(&external_id.to_string()) {
                Some(contact) => {
                    let written = Written { id: contact.id.clone(), contact: Some(contact) };
                    self.tell(op.key, Ok(written)).await;
                }
                None if op.losses == u8::MAX => self.tell(op.key, Err(Refusal::Conflict)).await,
                None => self.once_more(op).await,
            }
        }
    }

    /// Updates and deletions: the contact as it is now tells what is left to do.
    async fn fetch_again(&mut self, ops: Vec<Op>) {
        let ids: Vec<ContactId> = ops.iter().filter_map(|op| Some(op.contact()?.id.clone())).collect();
        if ids.is_empty() {
            return;
        }
        let mut found: HashMap<ContactId, Contact> = match self.desk.get(&ids).await {
            Ok(found) => found.into_iter().map(|contact| (contact.id.clone(), contact)).collect(),
            Err(error) => return self.unknown(ops, error).await,
        };
        for mut op in ops {
            match op.contact().and_then(|contact| found.remove(&contact.id)) {
                None if op.losses > 0 && op.is_delete() => self.gone(op).await,
                None => self.tell(op.key, Err(Refusal::NotFound)).await,
                Some(contact) if contact.staff => self.tell(op.key, Err(Refusal::Staff)).await,
                Some(contact) if !op.still_meant(&contact) => self.tell(op.key, Err(Refusal::Changed)).await,
                Some(contact) => {
                    op.rebase(contact);
                    match self.desk.prepare(op) {
                        Ok(sending) => self.once_more(sending.op).await,
                        Err(settled) => self.sort(settled.0, settled.1).await,
                    }
                }
            }
        }
    }

    async fn once_more(&mut self, op: Op) {
        if op.losses >= MOST_LOSSES {
            let reason = op.reason.clone();
            self.tell(op.key, Err(Refusal::Unavailable { reason })).await;
        } else {
            self.again.push(op);
        }
    }

    async fn gone(&mut self, op: Op) {
        if let Some(contact) = op.contact() {
            let written = Written { id: contact.id.clone(), contact: None };
            self.tell(op.key, Ok(written)).await;
        }
    }

    async fn unknown(&mut self, ops: Vec<Op>, error: Error) {
        for op in ops {
            let reason = format!("{}; then {error}", op.reason);
            let refusal = if op.losses > 0 { Refusal::Unknown { reason } } else { Refusal::Unavailable { reason } };
            self.tell(op.key, Err(refusal)).await;
        }
        self.fail(error);
    }
}
