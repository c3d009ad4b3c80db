//! Whose turn it is at a workspace: the runs of this process share its rate budget, and a run in a process of its own,
//! which cannot, has the whole budget and the workspace for itself (docs/decisions/0006).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, OwnedSemaphorePermit, RwLock, Semaphore};

/// Turns at all workspaces, by UID.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<String, Arc<RwLock<()>>>>);

/// Leave to run, so many at once, of which no namespace has all: whatever its people make a run wait for, the others'
/// connections get their turn.
#[derive(Debug)]
pub(super) struct Leave {
    all: Arc<Semaphore>,
    most: usize,
    shares: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// Leave to run, as long as it is held.
#[derive(Debug)]
#[expect(dead_code, reason = "they are held, not looked at")]
pub(super) struct Place(OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl Leave {
    /// For so many at once, and at least one; of one namespace, one fewer.
    pub(super) fn new(at_once: usize) -> Self {
        Self::shared(at_once, at_once.saturating_sub(1))
    }

    /// For so many at once, and of one namespace at most so many; at least one.
    pub(super) fn shared(at_once: usize, most: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(at_once.max(1))), most: most.max(1), shares: Mutex::default() }
    }

    /// Waits, among those of its namespace first, until one more may run.
    pub(super) async fn place(&self, namespace: &str) -> Option<Place> {
        let share = self.share(namespace).acquire_owned().await.ok()?;
        Some(Place(Arc::clone(&self.all).acquire_owned().await.ok()?, Some(share)))
    }

    /// A place for one more of this namespace, if there is one now.
    pub(super) fn try_place_of(&self, namespace: &str) -> Option<Place> {
        let share = self.share(namespace).try_acquire_owned().ok()?;
        Some(Place(Arc::clone(&self.all).try_acquire_owned().ok()?, Some(share)))
    }

    fn share(&self, namespace: &str) -> Arc<Semaphore> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody of that namespace runs or waits: it has no share to keep.
        shares.retain(|_, share| Arc::strong_count(share) > 1);
        Arc::clone(shares.entry(namespace.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.most))))
    }

    /// A place of nobody's share, if there is one now.
    pub(super) fn try_place(&self) -> Option<Place> {
        Some(Place(Arc::clone(&self.all).try_acquire_owned().ok()?, None))
    }
}

/// Leave to work at a workspace beside others of this process.
pub(super) type Shared = OwnedRwLockReadGuard<()>;
/// Leave to work at a workspace while nobody else does.
pub(super) type Alone = OwnedRwLockWriteGuard<()>;

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
    async fn no_namespace_has_every_place() {
        let leave = Leave::new(3);
        let held = [leave.place("greedy").await, leave.place("greedy").await];
        let mut third = std::pin::pin!(leave.place("greedy"));
        assert!(futures::poll!(&mut third).is_pending(), "the last place is for others");
        let other = leave.place("other").await.unwrap();
        let mut late = std::pin::pin!(leave.place("late"));
        assert!(futures::poll!(&mut late).is_pending(), "there are three");
        drop(other);
        late.await.unwrap();
        drop(held);
        third.await.unwrap();
        assert!(Leave::new(1).place("alone").await.is_some());
    }

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
