//! How many may run at once, and that no namespace has every place.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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
}
