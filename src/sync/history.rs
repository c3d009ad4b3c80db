//! What the summaries of earlier runs tell a run.

use super::owned::OwnedIndex;
use super::run::Run;
use crate::runlog::{Summary, Window, WindowCounts};

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
}
