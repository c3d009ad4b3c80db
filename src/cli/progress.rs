//! A progress bar on a terminal, and a quiet watcher elsewhere.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::sync::{Observer, PlannedChange, Stage};

/// Shows how far a run is.
pub(super) struct Progress {
    bar: ProgressBar,
    planned: Mutex<Vec<PlannedChange>>,
    collect: bool,
}

impl Progress {
    /// A bar where somebody watches. With `collect`, planned changes are kept.
    pub(super) fn new(terminal: bool, collect: bool) -> Self {
        let bar = if terminal { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if terminal {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, planned: Mutex::default(), collect }
    }

    /// Takes the bar out of the way of what is printed meanwhile.
    pub(super) fn aside<R>(&self, print: impl FnOnce() -> R) -> R {
        self.bar.suspend(print)
    }

    /// Takes the bar away; gives what was planned.
    pub(super) fn finish(self) -> Vec<PlannedChange> {
        self.bar.finish_and_clear();
        self.planned.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Progress {
    fn stage(&self, stage: Stage) {
        tracing::debug!(?stage, "a stage begins");
        // Only while contacts are written is it known how many there are.
        let template = match stage {
            Stage::Writing | Stage::Removing => "{spinner} {msg} [{bar:30}] {human_pos}/{human_len}",
            Stage::Preflight | Stage::Listing | Stage::Reading | Stage::Confirming => "{spinner} {msg} {human_pos}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        self.bar.set_position(0);
        self.bar.set_message(match stage {
            Stage::Preflight => "proving credentials and names",
            Stage::Listing => "listing contacts",
            Stage::Reading => "reading people",
            Stage::Confirming => "asking again for people who are missing",
            Stage::Writing => "writing contacts",
            Stage::Removing => "seeing to leavers",
        });
    }

    fn progress(&self, done: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    fn planned(&self, change: PlannedChange) {
        if self.collect {
            self.planned.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        }
    }
}
