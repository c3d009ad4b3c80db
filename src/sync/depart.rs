//! What becomes of the contacts of a connection whose resource is being deleted. No directory is read: nobody left, it is
//! the connection that goes.

use std::collections::BTreeSet;

use super::Error;
use super::account::{Account, Stage};
use super::approval::{Approval, Demand};
use super::decide::{Absence, Claims, LeaverStep, Removal};
use super::leave::Leaver;
use super::owned::{Owned, OwnedIndex};
use super::read::{Fields, Gathered};
use super::run::{Mode, Run};
use super::settle::Settling;
use super::write::{HeldBack, Writer};
use crate::api::DeletionPolicy;
use crate::desk::Desk;
use crate::runlog::{Settled, Summary};

struct Departure<'a> {
    run: &'a Run<'a>,
    desk: &'a Desk,
}

impl Run<'_> {
    /// Lets go of what the connection owns, as `spec.deletionPolicy` says.
    pub(super) async fn let_go(
        &self,
        desk: &Desk,
        summary: &mut Summary,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        Departure { run: self, desk }.go(summary, account).await
    }
}

impl Departure<'_> {
    async fn go(&self, summary: &mut Summary, account: &mut Account<'_>) -> Result<(), Error> {
        let run = self.run;
        run.observer.stage(Stage::Listing);
        let index = OwnedIndex::list(self.desk, run.settings, &[]).await?;
        summary.owned_at_start = Some(index.len() as u64);
        summary.active_at_start = Some(index.active() as u64);
        let policy = run.settings.spec.deletion_policy;
        let leaving: Vec<Leaver> = index
            .iter()
            .filter(|(_, owned)| !owned.staff)
            .filter_map(|(owned, contact)| {
                let step = LeaverStep::Remove(removal(policy, contact)?);
                Some(Leaver { owned, absence: Absence::ConnectionDeleted, step })
            })
            .collect();
        let gathered = Gathered::default();
        let held = self.hold(&leaving, &index, &gathered, summary, account).await?;
        run.record_intent(summary, account).await?;
        let (fields, claims) = (Fields::none(), Claims::default());
        let writer = Writer {
            desk: self.desk,
            settings: run.settings,
            fields: &fields,
            index: &index,
            gathered: &gathered,
            claims: &claims,
            held: &held,
            lost: &BTreeSet::new(),
            now: summary.start_time,
            planning: run.mode == Mode::Plan,
            shows_none: false,
        };
        run.observer.stage(Stage::Removing);
        let mut settling = Settling::new(&fields.all, &run.settings.key, Settled::default());
        writer.leavers(&leaving, account, &mut settling).await?;
        let gone = account.counts.deleted + account.counts.released;
        summary.owned = Some((index.len() as u64).saturating_sub(gone));
        Ok(())
    }

    /// Deleting is under the same hold as leavers (L4). Nobody loses anything by being released.
    async fn hold(
        &self,
        leaving: &[Leaver],
        index: &OwnedIndex,
        gathered: &Gathered,
        summary: &mut Summary,
        account: &mut Account<'_>,
    ) -> Result<HeldBack, Error> {
        let run = self.run;
        if run.settings.spec.deletion_policy == DeletionPolicy::Keep {
            return Ok(HeldBack::default());
        }
        let approval = Approval::load(run.store, run.settings, summary.start_time).await?;
        let window = run.window(summary, index).await;
        let demand = Demand { gathered, index, leavers: leaving, nobody: false, strange: false };
        let held = demand.hold(&run.settings.spec, &window, &approval, summary, account).await?;
        run.store_plan(&demand.held_plan(&held), summary).await?;
        Ok(held)
    }
}

fn removal(policy: DeletionPolicy, contact: &Owned) -> Option<Removal> {
    match policy {
        DeletionPolicy::Keep => Some(Removal::Release),
        DeletionPolicy::Deactivate => contact.active.then_some(Removal::Deactivate),
        DeletionPolicy::Delete if contact.standing.adopted => Some(Removal::Release),
        DeletionPolicy::Delete => Some(Removal::Delete),
    }
}
