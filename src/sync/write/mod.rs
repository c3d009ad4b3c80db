//! Carries out what was decided: rounds of creates and updates, the contacts that stood in the way, then the leavers.

mod conflicts;
mod foresee;
mod outbox;
mod people;
mod probe;
mod removals;
mod tally;
mod verify;

use std::collections::{BTreeSet, HashSet};

use tokio::sync::mpsc;

use super::account::Account;
use super::decide::Claims;
use super::owned::OwnedIndex;
use super::read::{Fields, Gathered};
use super::settle::Settling;
use super::{ConnectionSettings, Error};
use crate::desk::{Change, Desk, Outcome};
use outbox::{Event, Outbox};
use tally::Tally;

pub(super) use tally::Spending;

/// What waits for approval, by place of the candidate, and the owned contacts that must not be removed.
#[derive(Debug, Default)]
pub(super) struct HeldBack {
    pub(super) keys: HashSet<usize>,
    pub(super) grants: HashSet<usize>,
    pub(super) revokes: HashSet<usize>,
    pub(super) removals: HashSet<usize>,
    /// Nobody is made: the directory looks like another one.
    pub(super) newcomers: bool,
    /// Nobody is even marked as left: nobody is in scope.
    pub(super) marks: bool,
}

/// Everything that writing needs to know; it decides nothing about who.
pub(super) struct Writer<'a> {
    pub(super) desk: &'a Desk,
    pub(super) settings: &'a ConnectionSettings,
    pub(super) fields: &'a Fields,
    pub(super) index: &'a OwnedIndex,
    pub(super) gathered: &'a Gathered,
    pub(super) claims: &'a Claims,
    pub(super) held: &'a HeldBack,
    /// Fields that are not emptied although everybody lost them (L15), by place.
    pub(super) lost: &'a BTreeSet<usize>,
    pub(super) now: jiff::Timestamp,
    pub(super) planning: bool,
    /// The desk shows none of the contacts that the connection had (L16).
    pub(super) shows_none: bool,
}

impl Writer<'_> {
    /// Creates and updates, in rounds, then whatever met a conflict.
    pub(super) async fn people(
        &self,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<Spending, Error> {
        let mut tally = Tally::new(self.gathered.candidates.len() as u64);
        let refused = if self.planning { self.foresee().await? } else { HashSet::new() };
        let doubtful = self.shows_none && !self.planning;
        let tried = if doubtful { self.probe(account, settling, &mut tally).await? } else { HashSet::new() };
        for round in 0..self.claims.rounds() {
            self.pass(account, settling, &mut tally, |outbox| self.round(round, &refused, &tried, outbox)).await?;
        }
        let taken = std::mem::take(&mut tally.taken);
        let moved = std::mem::take(&mut tally.moved_in_vain);
        if !taken.is_empty() || !moved.is_empty() {
            self.pass(account, settling, &mut tally, |outbox| self.conflicts(&taken, &moved, outbox)).await?;
        }
        self.verify(&moved, account, settling).await?;
        Ok(tally.spending)
    }

    /// Marks, turns off, deletes or releases the contacts of leavers.
    pub(super) async fn leavers(
        &self,
        leavers: &[super::leave::Leaver],
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<(), Error> {
        let mut tally = Tally::new(leavers.len() as u64);
        self.pass(account, settling, &mut tally, |outbox| self.removals(leavers, outbox)).await
    }

    /// One pass: `produce` sends changes, the desk carries them out, the tally accounts for each.
    async fn pass<'s, F>(
        &'s self,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
        tally: &mut Tally,
        produce: impl FnOnce(Outbox) -> F,
    ) -> Result<(), Error>
    where
        F: Future<Output = Result<(), Error>> + 's,
    {
        let (changes, to_desk) = mpsc::channel::<Change>(512);
        let (outcomes, from_desk) = mpsc::channel::<Outcome>(512);
        let (events, told) = mpsc::channel::<Event>(512);
        let outbox = Outbox::new((!self.planning).then_some(changes), events);
        let pending = outbox.pending();
        let producing = produce(outbox);
        let writing = async {
            if self.planning {
                drop((to_desk, outcomes));
                return Ok(());
            }
            self.desk.write(to_desk, outcomes).await.map_err(Error::from)
        };
        let tallying = tally.take(from_desk, told, &pending, account, settling);
        // Every outcome that is known is accounted for, also when the desk or the producer gave up.
        let (produced, written, tallied) = tokio::join!(producing, writing, tallying);
        tallied.and(produced).and(written)
    }
}
