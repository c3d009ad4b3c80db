//! Accounts for every change, exactly once (L19).

use std::sync::PoisonError;

use tokio::sync::mpsc;

use super::Error;
use super::outbox::{Act, Count, Event, Pending, PendingMap};
use crate::desk::{Outcome, Refusal, Written};
use crate::runlog::Entry;
use crate::sync::account::{Account, field_change};
use crate::sync::settle::{Settling, Untold};

/// Contacts more or fewer than before.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::sync) struct Spending {
    pub(in crate::sync) gained: u64,
}

/// What writing came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    total: u64,
    done: u64,
    pub(super) spending: Spending,
    /// Candidates whose creation met a contact that is there.
    pub(super) taken: std::collections::HashSet<usize>,
    /// Candidates whose new address the desk refused: everything else of them is still to be written.
    pub(super) moved_in_vain: std::collections::HashSet<usize>,
    /// Of some change, nobody knows whether it was done.
    pub(super) unknown: bool,
}

impl Tally {
    pub(super) fn new(total: u64) -> Self {
        Self { total, ..Self::default() }
    }

    /// Takes outcomes and lines until nobody sends any more; what is then still pending was never answered.
    pub(super) async fn take(
        &mut self,
        mut outcomes: mpsc::Receiver<Outcome>,
        mut events: mpsc::Receiver<Event>,
        pending: &PendingMap,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<(), Error> {
        let (mut desk_open, mut events_open) = (true, true);
        while desk_open || events_open {
            tokio::select! {
                outcome = outcomes.recv(), if desk_open => match outcome {
                    Some(outcome) => self.outcome(outcome, pending, account, settling).await?,
                    None => desk_open = false,
                },
                event = events.recv(), if events_open => match event {
                    Some(event) => self.event(event, account).await?,
                    None => events_open = false,
                },
            }
        }
        let lost: Vec<Pending> =
            pending.lock().unwrap_or_else(PoisonError::into_inner).drain().map(|(_, pending)| pending).collect();
        for pending in lost {
            self.refused(
                pending,
                &Refusal::Unavailable { reason: "the run ended before it was sent".to_owned() },
                account,
            )
            .await?;
        }
        Ok(())
    }

    async fn outcome(
        &mut self,
        outcome: Outcome,
        pending: &PendingMap,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<(), Error> {
        let Some(pending) = pending.lock().unwrap_or_else(PoisonError::into_inner).remove(&outcome.key) else {
            return Err(Error::Internal("the desk accounted for a change twice".to_owned()));
        };
        match outcome.result {
            Ok(written) => self.done(pending, Some(written), account, settling).await,
            Err(refusal) => self.refused(pending, &refusal, account).await,
        }
    }

    async fn event(&mut self, event: Event, account: &mut Account<'_>) -> Result<(), Error> {
        match event {
            Event::Planned(pending) => self.count(&pending, account).await,
            Event::Right => {
                account.counts.unchanged += 1;
                self.step(account);
                Ok(())
            }
            Event::Note(count, entry) => {
                let counts = &mut account.counts;
                match count {
                    Count::None => {}
                    Count::Skipped => counts.skipped += 1,
                    Count::Conflict => counts.conflicts += 1,
                    Count::Waiting => counts.waiting += 1,
                    Count::Failed => counts.failed += 1,
                    Count::Held => counts.held += 1,
                }
                account.note(*entry).await
            }
        }
    }

    async fn done(
        &mut self,
        pending: Pending,
        written: Option<Written>,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<(), Error> {
        let mut pending = pending;
        if let Some(written) = written {
            pending.contact = Some(written.id.clone());
            match (&written.contact, pending.place) {
                (Some(stored), Some(_)) if !pending.target.is_empty() => {
                    settling.compare(&pending.person, &pending.target, pending.before, stored)?;
                }
                (None, Some(place)) if !pending.target.is_empty() => {
                    settling.untold.push(Untold::new(place, &written.id, pending.without_access, pending.before));
                }
                _ => {}
            }
        }
        self.count(&pending, account).await
    }

    async fn count(&mut self, pending: &Pending, account: &mut Account<'_>) -> Result<(), Error> {
        let counts = &mut account.counts;
        match pending.act {
            Act::Create => counts.created += 1,
            Act::Update => counts.updated += 1,
            Act::Reactivate => counts.reactivated += 1,
            Act::Adopt => counts.adopted += 1,
            Act::Claim => counts.claimed += 1,
            Act::Park => {}
            Act::MarkLeft => counts.left += 1,
            Act::Deactivate => counts.deactivated += 1,
            Act::Delete => counts.deleted += 1,
            Act::Release => counts.released += 1,
        }
        self.spending.gained += u64::from(matches!(pending.act, Act::Create | Act::Adopt | Act::Claim));
        account.wrote(&pending.person);
        self.step(account);
        account.note(entry(pending, pending.act.event())).await
    }

    async fn refused(&mut self, pending: Pending, refusal: &Refusal, account: &mut Account<'_>) -> Result<(), Error> {
        match (pending.act, refusal, pending.place) {
            (Act::Create, Refusal::Conflict, Some(place)) if pending.again => {
                self.taken.insert(place);
                return Ok(());
            }
            (Act::Update | Act::Reactivate, Refusal::Conflict, Some(place))
                if pending.again && self.moved_in_vain.insert(place) =>
            {
                account.kept_key(&pending.person);
                return Ok(());
            }
            _ => {}
        }
        if matches!(refusal, Refusal::Unknown { .. }) {
            account.wrote(&pending.person);
            self.unknown = true;
        }
        self.step(account);
        account.counts.failed += 1;
        account.note(entry(&pending, "failed").because(word(refusal)).saying(refusal.to_string())).await
    }

    fn step(&mut self, account: &Account<'_>) {
        self.done += 1;
        account.observer().progress(self.done, Some(self.total.max(self.done)));
    }
}

fn entry(pending: &Pending, event: &str) -> Entry {
    let fields = if pending.act == Act::Create {
        let values = pending.target.iter().filter_map(|(field, value)| Some((field, value.as_ref()?)));
        values.map(|(field, value)| field_change(field, None, Some(value))).collect()
    } else {
        pending.fields.clone()
    };
    Entry {
        event: event.to_owned(),
        person: Some(pending.person.clone()),
        contact: pending.contact.as_ref().map(ToString::to_string),
        reason: pending.reason.clone(),
        message: None,
        fields,
    }
}

fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Conflict => "EmailTaken",
        Refusal::NotFound => "ContactVanished",
        Refusal::Changed => "ContactChanged",
        Refusal::Invalid { .. } => "Refused",
        Refusal::Unavailable { .. } => "NotDone",
        Refusal::Unknown { .. } => "AnswerLost",
        Refusal::Staff => "Staff",
    }
}
