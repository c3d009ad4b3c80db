//! Who left: owned contacts whose person was not seen in a whole read, asked for again before anything is decided (L3).

use std::collections::{HashMap, HashSet};

use super::Error;
use super::account::{Account, Stage};
use super::decide::{Absence, LeaverStep, Reading, leaver_step, milder};
use super::owned::{Owned, OwnedIndex};
use crate::api::LeaverPolicy;
use crate::directory::{Directory, ReadQuery, WholeRead};
use crate::person::{OutReason, PersonId, Program, ScopeDecision};
use crate::runlog::Entry;
use jiff::{SignedDuration, Timestamp};

/// People asked for together: each time, the directory's groups are walked anew.
const BATCH: usize = 5000;

/// One contact whose person left, and what is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaver {
    /// Place in the index.
    pub(super) owned: usize,
    pub(super) absence: Absence,
    pub(super) step: LeaverStep,
}

/// What a connection does about leavers.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeaverRules {
    pub(super) policy: LeaverPolicy,
    pub(super) handover: SignedDuration,
    pub(super) now: Timestamp,
}

/// Finds them. The proof of a whole read is asked for, so that this cannot be called without one (L2).
pub(super) async fn leavers(
    whole: &WholeRead,
    directory: &dyn Directory,
    program: &Program,
    query: &ReadQuery,
    index: &OwnedIndex,
    rules: LeaverRules,
    account: &mut Account<'_>,
) -> Result<Vec<Leaver>, Error> {
    let absent: Vec<(usize, Absence)> = index
        .iter()
        .filter(|(_, owned)| !owned.staff)
        .filter_map(|(place, owned)| Some((place, read_as(owned, whole)?)))
        .filter(|(place, _)| index.get(*place).is_some_and(|owned| !index.is_doubled(&owned.person.to_string())))
        .collect();
    tell_doubled(index, account).await?;
    let mut leavers = Vec::new();
    // Only where something would be done is it worth asking again.
    let due = |place: usize, absence: Absence| {
        let owned = index.get(place)?;
        let step = leaver_step(absence, owned.standing, owned.active, rules.policy, rules.handover, rules.now);
        (step != LeaverStep::Nothing).then_some(Leaver { owned: place, absence, step })
    };
    let candidates: Vec<Leaver> = absent.into_iter().filter_map(|(place, absence)| due(place, absence)).collect();
    account.observer().stage(Stage::Confirming);
    for batch in candidates.chunks(BATCH) {
        let ids: Vec<PersonId> =
            batch.iter().filter_map(|leaver| PersonId::new(index.get(leaver.owned)?.person.to_string())).collect();
        let again = match directory.read_again(query, &ids).await {
            Ok(people) => people,
            Err(error) => {
                hold(batch, index, "NotConfirmed", &error.to_string(), account).await?;
                continue;
            }
        };
        let found: HashMap<&str, ScopeDecision> =
            again.iter().map(|person| (person.id.as_str(), program.decide_again(person))).collect();
        for leaver in batch {
            let Some(owned) = index.get(leaver.owned) else { continue };
            if let Some(again) = confirmed(found.get(owned.person.to_string().as_str())) {
                leavers.extend(due(leaver.owned, milder(leaver.absence, again)));
            } else {
                let why = "the directory was asked again, and the person is in scope or cannot be decided";
                hold(&[*leaver], index, "StillInScope", why, account).await?;
            }
        }
    }
    Ok(leavers)
}

/// People who left and have several contacts: which of them was theirs is for somebody to see, so all of them stay. That
/// is no success (L19).
async fn tell_doubled(index: &OwnedIndex, account: &mut Account<'_>) -> Result<(), Error> {
    if index.doubled.is_empty() {
        return Ok(());
    }
    // What was read of a person stands at one of their contacts.
    let left = |(_, owned): &(usize, &Owned)| absence(owned.reading).is_some();
    let there: HashSet<String> = index.iter().filter(|one| !left(one)).map(|(_, o)| o.person.to_string()).collect();
    let mut doubled: Vec<&String> = index.doubled.iter().filter(|person| !there.contains(*person)).collect();
    doubled.sort_unstable();
    for person in doubled {
        account.counts.skipped += 1;
        let why = "somebody who left has several contacts, and none of them was touched: merge them on the desk";
        account.note(Entry::of("skipped", person).because("SeveralContacts").saying(why)).await?;
    }
    Ok(())
}

async fn hold(
    leavers: &[Leaver],
    index: &OwnedIndex,
    reason: &str,
    message: &str,
    account: &mut Account<'_>,
) -> Result<(), Error> {
    for owned in leavers.iter().filter_map(|leaver| index.get(leaver.owned)) {
        account.counts.held += 1;
        let entry = Entry::of("held", &owned.person.to_string()).on(owned.contact_text());
        account.note(entry.because(reason).saying(message)).await?;
    }
    Ok(())
}

/// In which way the whole read says that a person left; `None`: they did not. Who was met and passed over is not gone.
fn read_as(owned: &Owned, whole: &WholeRead) -> Option<Absence> {
    match absence(owned.reading)? {
        Absence::Gone if whole.passed_over(&owned.person.to_string()) => Some(Absence::OutOfScope),
        absence => Some(absence),
    }
}

/// What was read of a person says; `None`: the person did not leave.
fn absence(reading: Reading) -> Option<Absence> {
    match reading {
        Reading::Seen | Reading::Undecided => None,
        Reading::Unread => Some(Absence::Gone),
        Reading::Out(reason) => Some(out(reason)),
    }
}

/// What asking again says; `None`: not confirmed (L1, L3).
fn confirmed(decision: Option<&ScopeDecision>) -> Option<Absence> {
    match decision {
        None => Some(Absence::Gone),
        Some(ScopeDecision::Out(reason)) => Some(out(*reason)),
        Some(ScopeDecision::In | ScopeDecision::Undecided(_)) => None,
    }
}

fn out(reason: OutReason) -> Absence {
    match reason {
        OutReason::Disabled => Absence::Disabled,
        OutReason::NotInScope | OutReason::Excluded => Absence::OutOfScope,
    }
}
