//! What the records of earlier runs tell a run, and what it leaves in them for later ones.

use std::collections::BTreeSet;

use super::Error;
use super::account::Account;
use super::owned::OwnedIndex;
use super::run::{Mode, Run};
use crate::runlog::{HeldChange, Plan, Summary, Window, WindowCounts};

impl Run<'_> {
    /// What the last 24 hours spent of the hold's limits (L4).
    pub(super) async fn window(&self, summary: &Summary, index: &OwnedIndex) -> Window {
        // What cannot be read counts as full (L4), and hurts nothing else.
        let history = self.store.window(&self.settings.key, summary.start_time).await.unwrap_or_default();
        let mut earlier: Vec<Summary> = history.into_iter().filter(|run| run.id != summary.id).collect();
        let mut cut_off = Vec::new();
        for run in earlier.iter_mut().filter(|run| run.end_time.is_none()) {
            // Where it is not there the numbers count: what the run set out to do.
            if let Ok(Some(intent)) = self.store.intent(&self.settings.key, &run.id).await {
                run.spent = WindowCounts::default();
                cut_off.push(intent);
            }
        }
        let mut window = Window::count(&earlier, index.len() as u64, summary.start_time);
        for intent in &cut_off {
            window.heed_cut_off(intent);
        }
        window.heed_marks(index.deactivated_since(summary.start_time));
        window
    }

    /// Whether earlier runs left contacts on the desk; what cannot be read may have said so.
    pub(super) async fn had_contacts(&self, summary: &Summary) -> bool {
        let Ok(ids) = self.store.run_ids(&self.settings.key).await else { return true };
        for id in ids.iter().filter(|id| **id != summary.id) {
            let Ok(earlier) = self.store.summary(&self.settings.key, id).await else { return true };
            if let Some(had) = earlier.left_contacts() {
                return had;
            }
        }
        false
    }

    /// What is about to be spent is known before it is: a run killed from here on counts in the window (L4).
    pub(super) async fn record_intent(&self, summary: &mut Summary, account: &mut Account<'_>) -> Result<(), Error> {
        if self.mode == Mode::Plan {
            return Ok(());
        }
        summary.counts = account.counts;
        if !account.intent().is_empty() {
            self.store.put_intent(&self.settings.key, &summary.id, account.intent()).await?;
        }
        Ok(self.store.put_summary(&self.settings.key, summary).await?)
    }

    /// Keeps the plan of what is held, under the hash of an earlier one that holds the same (L5).
    pub(super) async fn store_plan(&self, held: &BTreeSet<HeldChange>, summary: &mut Summary) -> Result<(), Error> {
        if held.is_empty() {
            return Ok(());
        }
        let key = &self.settings.key;
        let now = summary.start_time;
        if let Some(previous) = &summary.previous
            && let Ok(before) = self.store.summary(key, previous).await
            && let Some(hash) = before.plan
            && let Some(plan) = self.store.plan(key, &hash).await?
            && &plan.changes == held
            && !plan.expired(now)
        {
            summary.plan = Some(hash);
            return Ok(());
        }
        let plan = Plan::new(now, held.clone());
        self.store.put_plan(key, &plan).await?;
        summary.plan = Some(plan.hash());
        Ok(())
    }
}
