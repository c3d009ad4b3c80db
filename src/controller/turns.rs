//! Whose turn it is at a workspace: the runs of this process share its rate budget, and a run in a process of its own,
//! which cannot, has the whole budget and the workspace for itself (docs/decisions/0006).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::places::Place;

/// Turns at all workspaces, by UID.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<String, Arc<RwLock<()>>>>);

/// Leave to work at a workspace beside others of this process.
pub(super) type Shared = OwnedRwLockReadGuard<()>;
/// Leave to work at a workspace while nobody else does.
pub(super) type Alone = OwnedRwLockWriteGuard<()>;

/// Leave to run, as long as it is held.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) _turn: Turn,
    /// None for a Job that was on before this process led: it runs already.
    pub(super) _place: Option<Place>,
}

/// Leave to work at a workspace.
#[derive(Debug)]
#[expect(dead_code, reason = "they are held, not looked at")]
pub(super) enum Turn {
    Shared(Shared),
    Alone(Alone),
}

impl Turns {
    /// Waits until nobody has the workspace for himself.
    pub(super) async fn shared(&self, workspace: &str) -> Shared {
        self.of(workspace).read_owned().await
    }

    /// Waits until nobody else works there; whoever comes later waits.
    pub(super) async fn alone(&self, workspace: &str) -> Alone {
        self.of(workspace).write_owned().await
    }

    /// The same, if it is so now.
    pub(super) fn try_alone(&self, workspace: &str) -> Option<Alone> {
        self.of(workspace).try_write_owned().ok()
    }

    /// Whether somebody has the workspace for himself, or waits for that.
    pub(super) fn is_taken(&self, workspace: &str) -> bool {
        self.of(workspace).try_read().is_err()
    }

    /// Forgets a workspace that is gone, unless somebody still works there.
    pub(super) fn forget(&self, workspace: &str) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.get(workspace).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            turns.remove(workspace);
        }
    }

    fn of(&self, workspace: &str) -> Arc<RwLock<()>> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(workspace.to_owned()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_a_workspace_alone_waits_for_the_others_and_they_for_him() {
        let turns = Turns::default();
        let shared = turns.shared("acme").await;
        drop(turns.shared("acme").await);
        let mut alone = std::pin::pin!(turns.alone("acme"));
        assert!(futures::poll!(&mut alone).is_pending());
        assert!(turns.is_taken("acme"), "whoever comes later waits, so that he gets his turn at all");
        drop(turns.shared("globex").await);
        drop(shared);
        let alone = alone.await;
        let mut late = std::pin::pin!(turns.shared("acme"));
        assert!(futures::poll!(&mut late).is_pending());
        turns.forget("acme");
        assert!(turns.try_alone("acme").is_none(), "it is not forgotten while somebody works there");
        drop(alone);
        late.await;
        assert!(!turns.is_taken("acme"));
    }
}
