//! The rate budget of one workspace, shared by all its connections: requests a second, and requests in flight.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::Watch;

/// How hard one server may be worked. Clones share one budget.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
    watch: Watch,
}

/// Says whether requests may still be sent. While it says no, nobody gets a turn.
pub type Gate = Arc<dyn Fn() -> bool + Send + Sync>;

struct Shared {
    rate: DefaultDirectRateLimiter,
    slots: Arc<Semaphore>,
    concurrency: usize,
    resume: watch::Sender<Instant>,
    gate: Option<Gate>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("concurrency", &self.concurrency).finish_non_exhaustive()
    }
}

/// Leave to have one request in flight; it ends when this is dropped.
#[derive(Debug)]
pub struct Turn {
    _slot: Option<OwnedSemaphorePermit>,
    paused: Duration,
}

impl Turn {
    /// How long it was waited for because of a pause that the server asked for, whoever it told.
    pub fn paused(&self) -> Duration {
        self.paused
    }
}

impl Budget {
    /// A budget of so many requests a second, begun at an even pace, and so many in flight; at least one of each.
    pub fn new(requests_per_second: u32, concurrency: usize) -> Self {
        Self::behind(requests_per_second, concurrency, None)
    }

    /// The same behind a gate that is asked last before each request: who may not write any more sends nothing, however
    /// late it learns of it. A request that finds it shut waits until whoever sends it is stopped.
    pub fn behind(requests_per_second: u32, concurrency: usize, gate: Option<Gate>) -> Self {
        let rate = NonZeroU32::new(requests_per_second).unwrap_or(NonZeroU32::MIN);
        let concurrency = concurrency.max(1);
        let shared = Arc::new(Shared {
            rate: RateLimiter::direct(Quota::per_second(rate)),
            slots: Arc::new(Semaphore::new(concurrency)),
            concurrency,
            resume: watch::Sender::new(Instant::now()),
            gate,
        });
        Self { shared, watch: Watch::default() }
    }

    /// The same budget, whose requests are told to `watch`.
    #[must_use]
    pub fn watched(self, watch: Watch) -> Self {
        Self { watch, ..self }
    }

    /// Who is told how a request ended that had its turn here.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Requests that may be in flight together.
    pub fn concurrency(&self) -> usize {
        self.shared.concurrency
    }

    /// Waits until a request may be sent. Nobody may hold one turn and wait for another. `None`: the server asked for a
    /// pause that lasts longer than the request may wait.
    pub async fn turn(&self, until: Instant) -> Option<Turn> {
        let began = Instant::now();
        // The semaphore is never closed, so there is always a slot.
        let slot = Arc::clone(&self.shared.slots).acquire_owned().await.ok();
        loop {
            let resume = *self.shared.resume.borrow();
            if resume > until {
                return None;
            }
            tokio::time::sleep_until(resume).await;
            self.shared.rate.until_ready().await;
            let resume = *self.shared.resume.borrow();
            if resume <= Instant::now() {
                if self.shared.gate.as_ref().is_some_and(|gate| !gate()) {
                    std::future::pending::<()>().await;
                }
                return Some(Turn { _slot: slot, paused: resume.saturating_duration_since(began) });
            }
        }
    }

    /// Forgets that some requests could be sent at once because none was sent for a while: somebody else may just have
    /// sent them.
    pub fn drain(&self) {
        while self.shared.rate.check().is_ok() {}
    }

    /// Holds everybody's requests back for so long, because the server asked for it.
    pub fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        self.shared.resume.send_if_modified(|resume| {
            let later = until > *resume;
            if later {
                *resume = until;
            }
            later
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_pause_holds_every_clone_back() {
        let budget = Budget::new(1000, 4);
        budget.clone().pause(Duration::from_millis(60));
        let before = Instant::now();
        assert!(budget.turn(before).await.is_none(), "who cannot wait so long is told so");
        let turn = budget.turn(before + Duration::from_mins(1)).await.unwrap();
        assert!(before.elapsed() >= Duration::from_millis(60));
        assert!(turn.paused() >= Duration::from_millis(50), "{turn:?}");
        let next = budget.turn(before + Duration::from_mins(1)).await.unwrap();
        assert_eq!(next.paused(), Duration::ZERO, "a pause that is over delays nobody");
    }

    #[tokio::test]
    async fn what_could_be_sent_at_once_is_gone_after_somebody_else_was_at_work() {
        let budget = Budget::new(10, 4);
        budget.drain();
        let before = Instant::now();
        drop(budget.turn(before + Duration::from_mins(1)).await);
        assert!(before.elapsed() >= Duration::from_millis(50), "a tenth of a second for each");
    }

    #[tokio::test]
    async fn a_gate_that_is_shut_lets_nobody_through() {
        let budget = Budget::behind(1000, 1, Some(Arc::new(|| false)));
        let mut waiting = std::pin::pin!(budget.turn(Instant::now()));
        assert!(futures::poll!(&mut waiting).is_pending());
        let open = Budget::behind(1000, 1, Some(Arc::new(|| true)));
        assert!(open.turn(Instant::now()).await.is_some());
    }

    #[tokio::test]
    async fn no_more_than_the_given_number_are_in_flight() {
        let budget = Budget::new(1000, 1);
        let turn = budget.turn(Instant::now()).await;
        let next = budget.clone();
        let mut waiting = std::pin::pin!(next.turn(Instant::now()));
        assert!(futures::poll!(&mut waiting).is_pending());
        drop(turn);
        waiting.await.unwrap();
    }
}
