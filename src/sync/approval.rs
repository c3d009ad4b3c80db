//! What is held, and what somebody approved (L4, L5).

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;

use super::Error;
use super::account::Account;
use super::decide::{LeaverStep, Limits, Stretch};
use super::leave::Leaver;
use super::owned::OwnedIndex;
use super::read::Gathered;
use super::settings::ConnectionSettings;
use super::write::HeldBack;
use crate::api::ContactSyncConnectionSpec;
use crate::runlog::{Entry, HeldChange, HeldKind, Intent, RunStore, Summary, Window};

/// The changes that `leavers.approvedPlan` approves.
#[derive(Debug, Default)]
pub(super) struct Approval {
    changes: BTreeSet<HeldChange>,
}

impl Approval {
    /// Reads the plan that the manifest names. One that is gone or too old approves nothing.
    pub(super) async fn load(store: &RunStore, settings: &ConnectionSettings, now: Timestamp) -> Result<Self, Error> {
        let Some(hash) = &settings.spec.leavers.approved_plan else { return Ok(Self::default()) };
        let plan = store.plan(&settings.key, hash).await?.filter(|plan| !plan.expired(now));
        Ok(Self { changes: plan.map(|plan| plan.changes).unwrap_or_default() })
    }

    fn has(&self, kind: HeldKind, person: &str) -> bool {
        !self.changes.is_empty() && self.changes.contains(&HeldChange { kind, person: person.to_owned() })
    }
}

/// What a run wants to do.
pub(super) struct Demand<'a> {
    pub(super) gathered: &'a Gathered,
    pub(super) index: &'a OwnedIndex,
    pub(super) leavers: &'a [Leaver],
    /// Nobody is left in scope although contacts are owned: always held.
    pub(super) nobody: bool,
    /// The directory has nobody whose contact is owned: always held, and so are the people whom it has instead.
    pub(super) strange: bool,
}

impl Demand<'_> {
    /// Compares the demand with the limits; says what is held, and notes in the summary what is about to be spent.
    pub(super) async fn hold(
        &self,
        spec: &ContactSyncConnectionSpec,
        window: &Window,
        approval: &Approval,
        summary: &mut Summary,
        account: &mut Account<'_>,
    ) -> Result<HeldBack, Error> {
        let keys = self.heads(approval, HeldKind::ChangeKey, |head| head.moves);
        let grants = self.heads(approval, HeldKind::GrantAccess, |head| head.grants);
        let revokes = self.heads(approval, HeldKind::RevokeAccess, |head| head.revokes);
        let removals: HashSet<usize> = self
            .removals()
            .filter(|leaver| !approval.has(HeldKind::Remove, &self.person(leaver.owned)))
            .map(|leaver| leaver.owned)
            .collect();
        let wanted = self.all();
        let spent = window.spent_besides(|change| wanted.contains(change));
        let limits = Limits::new(spec.leavers.hold.as_ref());
        let base = window.active_at_start.unwrap_or(self.index.active() as u64);
        let nobody = self.nobody;
        let removing = (removals.len() + revokes.len()) as u64;
        let stretch = |wanted: usize, of: fn(&crate::runlog::WindowCounts) -> u64| {
            Stretch::new(wanted as u64, spent, of, base).held(limits)
        };
        let hold_removals = nobody || self.strange || Stretch::new(removing, spent, |c| c.removals, base).held(limits);
        let (hold_keys, hold_grants) = (stretch(keys.len(), |c| c.key_changes), stretch(grants.len(), |c| c.grants));
        let or_none = |hold: bool, set: HashSet<usize>| if hold { set } else { HashSet::new() };
        let held = HeldBack {
            keys: or_none(hold_keys, keys),
            grants: or_none(hold_grants, grants),
            revokes: or_none(hold_removals, revokes),
            newcomers: self.strange && !removals.is_empty(),
            removals: or_none(hold_removals, removals),
            marks: nobody,
        };
        account.set_out(self.intent(&held, approval));
        summary.spent = account.intent().counts(|_| true);
        self.tell(&held, account).await?;
        Ok(held)
    }

    /// What is about to be done that counts against the limits.
    fn intent(&self, held: &HeldBack, approval: &Approval) -> Intent {
        let goes_on = |places: HashSet<usize>, held: &HashSet<usize>| places.difference(held).copied().collect();
        let keys = self.heads(approval, HeldKind::ChangeKey, |head| head.moves);
        let grants = self.heads(approval, HeldKind::GrantAccess, |head| head.grants);
        let revokes = self.heads(approval, HeldKind::RevokeAccess, |head| head.revokes);
        let removals = self.removals().filter(|leaver| !held.removals.contains(&leaver.owned));
        let (approved, removals): (Vec<HeldChange>, Vec<HeldChange>) =
            removals.map(|leaver| self.removal(leaver)).partition(|change| approval.has(change.kind, &change.person));
        let mut changes: BTreeSet<HeldChange> = removals.into_iter().collect();
        changes.extend(self.changes(HeldKind::ChangeKey, &goes_on(keys, &held.keys)));
        changes.extend(self.changes(HeldKind::GrantAccess, &goes_on(grants, &held.grants)));
        changes.extend(self.changes(HeldKind::RevokeAccess, &goes_on(revokes, &held.revokes)));
        Intent { changes, approved: approved.into_iter().collect() }
    }

    /// Everything limited that is to be done, held or not.
    fn all(&self) -> HashSet<HeldChange> {
        let nothing = HeldBack::default();
        self.intent(&nothing, &Approval::default()).changes.into_iter().collect()
    }

    fn removal(&self, leaver: &Leaver) -> HeldChange {
        HeldChange { kind: HeldKind::Remove, person: self.person(leaver.owned) }
    }

    /// The changes of candidates, by place.
    fn changes(&self, kind: HeldKind, places: &HashSet<usize>) -> Vec<HeldChange> {
        let owned = places.iter().filter_map(|place| self.gathered.heads.get(*place)?.owned);
        owned.map(|owned| HeldChange { kind, person: self.person(owned as usize) }).collect()
    }

    fn removals(&self) -> impl Iterator<Item = &Leaver> {
        self.leavers.iter().filter(|leaver| matches!(leaver.step, LeaverStep::Remove(_)))
    }

    fn heads(&self, approval: &Approval, kind: HeldKind, which: impl Fn(&super::read::Head) -> bool) -> HashSet<usize> {
        let wanted = self.gathered.heads.iter().enumerate().filter(|(_, head)| which(head));
        wanted
            .filter_map(|(place, head)| Some((place, head.owned? as usize)))
            .filter(|(_, owned)| !approval.has(kind, &self.person(*owned)))
            .map(|(place, _)| place)
            .collect()
    }

    fn person(&self, owned: usize) -> String {
        self.index.get(owned).map(|owned| owned.person.to_string()).unwrap_or_default()
    }

    /// The changes of contacts that are held; removals are told where they are skipped.
    async fn tell(&self, held: &HeldBack, account: &mut Account<'_>) -> Result<(), Error> {
        let kinds = [
            (&held.keys, "SignInKey", "the change of the sign-in key waits for approval"),
            (&held.grants, "PortalAccessGrant", "the grant of portal access waits for approval"),
            (&held.revokes, "PortalAccessRemoval", "taking portal access away waits for approval"),
        ];
        for (places, reason, message) in kinds {
            let mut places: Vec<usize> = places.iter().copied().collect();
            places.sort_unstable();
            for owned in places.iter().filter_map(|place| self.gathered.heads.get(*place)?.owned) {
                account.counts.held += 1;
                let entry = Entry::of("held", &self.person(owned as usize)).because(reason).saying(message);
                account.note(entry).await?;
            }
        }
        Ok(())
    }

    /// The plan of everything that is held.
    pub(super) fn held_plan(&self, held: &HeldBack) -> BTreeSet<HeldChange> {
        let mut changes: BTreeSet<HeldChange> = held
            .removals
            .iter()
            .map(|owned| HeldChange { kind: HeldKind::Remove, person: self.person(*owned) })
            .collect();
        changes.extend(self.changes(HeldKind::ChangeKey, &held.keys));
        changes.extend(self.changes(HeldKind::GrantAccess, &held.grants));
        changes.extend(self.changes(HeldKind::RevokeAccess, &held.revokes));
        changes
    }
}
