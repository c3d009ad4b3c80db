//! What a run sets out to do that counts against the hold's limits, person by person (L4). It is kept while the run
//! writes: should the run be cut off, the next one can tell what was done (it is not to be done any more) from what was
//! not.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{HeldChange, HeldKind, WindowCounts};

/// The limited changes of one run.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Intent {
    /// Those that nobody approved.
    pub changes: BTreeSet<HeldChange>,
    /// Removals that somebody approved.
    pub approved: BTreeSet<HeldChange>,
}

impl Intent {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.approved.is_empty()
    }

    /// How many there are of each kind, of those that `which` names.
    pub fn counts(&self, which: impl Fn(&HeldChange) -> bool) -> WindowCounts {
        let mut counts = WindowCounts::default();
        for change in self.changes.iter().filter(|change| which(change)) {
            match change.kind {
                HeldKind::Remove | HeldKind::RevokeAccess => counts.removals += 1,
                HeldKind::ChangeKey => counts.key_changes += 1,
                HeldKind::GrantAccess => counts.grants += 1,
            }
        }
        counts.approved = self.approved.iter().filter(|change| which(change)).count() as u64;
        counts
    }

    /// Takes in what another run set out to do; what both did counts once.
    pub(super) fn join(&mut self, other: &Self) {
        self.changes.extend(other.changes.iter().cloned());
        self.approved.extend(other.approved.iter().cloned());
    }
}
