//! Takes changes as they come, makes batches of them, and keeps several in flight.

use std::collections::HashSet;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{Change, ChangeKind, Desk, Error, Outcome, Refusal};

/// What is still to be sent, and which contacts are on their way.
#[derive(Default)]
struct Queue {
    waiting: Vec<Change>,
    busy: HashSet<String>,
    closed: bool,
    /// What waits has waited long enough.
    ripe: bool,
}

impl Desk {
    /// Carries changes out, by Bulk where the desk takes it, several requests in flight, under the budget; at most one
    /// operation per contact at a time, later ones after it (L12). Each change gets exactly one outcome, whatever
    /// happens; outcomes come in any order and must be received while changes are sent.
    ///
    /// Ends when `changes` closes. An error means that more changes would fare no better: those not yet sent have got
    /// [`Refusal::Unavailable`], and `changes` is closed. Dropping it stops sending; what was in flight is unknown.
    pub async fn write(
        &self,
        mut changes: mpsc::Receiver<Change>,
        outcomes: mpsc::Sender<Outcome>,
    ) -> Result<(), Error> {
        let mut queue = Queue::default();
        let mut running = FuturesUnordered::new();
        let mut fatal = None;
        loop {
            let room = running.len() < self.in_flight() && fatal.is_none();
            if room && let Some(batch) = queue.ready(self.batch_size()) {
                let outcomes = &outcomes;
                self.0.census.heed(&batch);
                running.push(async move {
                    let subjects: Vec<String> = batch.iter().map(subject).collect();
                    (subjects, self.settle(batch, outcomes).await)
                });
                continue;
            }
            if fatal.is_some() && running.is_empty() || queue.closed && queue.waiting.is_empty() && running.is_empty() {
                break;
            }
            let listening = !queue.closed && fatal.is_none() && queue.waiting.len() < self.batch_size();
            tokio::select! {
                Some((subjects, result)) = running.next(), if !running.is_empty() => {
                    for subject in subjects {
                        queue.busy.remove(&subject);
                    }
                    if let Err(error) = result {
                        changes.close();
                        fatal.get_or_insert(error);
                    }
                }
                () = queue.fill(&mut changes, self.batch_size(), self.wire().tuning.linger), if listening => {}
                else => break,
            }
        }
        let Some(error) = fatal else { return Ok(()) };
        let mut unsent = queue.waiting;
        while let Some(change) = changes.recv().await {
            unsent.push(change);
        }
        for Change { key, .. } in unsent {
            let refusal = Refusal::Unavailable { reason: error.to_string() };
            if outcomes.send(Outcome { key, result: Err(refusal) }).await.is_err() {
                return Err(Error::Cancelled);
            }
        }
        Err(error)
    }

    fn batch_size(&self) -> usize {
        self.bulk_limits().map_or(1, |limits| limits.max_operations)
    }
}

impl Queue {
    /// Waits for a change, and then a little for more, so that batches are full.
    async fn fill(&mut self, changes: &mut mpsc::Receiver<Change>, limit: usize, linger: Duration) {
        if self.waiting.is_empty() || self.ripe {
            let change = changes.recv().await;
            self.take(change);
        }
        let until = Instant::now() + linger;
        while !self.closed && !self.ripe && self.waiting.len() < limit {
            match timeout_at(until, changes.recv()).await {
                Ok(change) => self.take(change),
                Err(_elapsed) => break,
            }
        }
        self.ripe = true;
    }

    fn take(&mut self, change: Option<Change>) {
        match change {
            Some(change) => self.waiting.push(change),
            None => self.closed = true,
        }
    }

    /// The next batch: in order, without contacts that are on their way or in it already.
    fn ready(&mut self, limit: usize) -> Option<Vec<Change>> {
        if !self.ripe {
            return None;
        }
        let mut batch = Vec::new();
        let mut held: HashSet<String> = HashSet::new();
        let mut kept = Vec::new();
        for change in self.waiting.drain(..) {
            let subject = subject(&change);
            if batch.len() >= limit || self.busy.contains(&subject) || held.contains(&subject) {
                held.insert(subject);
                kept.push(change);
            } else {
                self.busy.insert(subject);
                batch.push(change);
            }
        }
        self.waiting = kept;
        self.ripe = !self.waiting.is_empty();
        (!batch.is_empty()).then_some(batch)
    }
}

/// Which contact a change is about.
fn subject(change: &Change) -> String {
    match &change.kind {
        ChangeKind::Create { external_id, .. } => format!("{}/{}", external_id.owner, external_id.person),
        ChangeKind::Update { contact, .. } | ChangeKind::Delete { contact } => format!("id:{}", contact.id),
    }
}
