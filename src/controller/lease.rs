//! Leader election by a Lease (coordination.k8s.io/v1): of several replicas one writes.
//!
//! The rules are those of Kubernetes' own components (client-go's leaderelection): a leader renews the lease and gives up
//! when it could not for two thirds of its duration; another takes it when it was not renewed for the whole of it, as
//! seen by its own clock. Two clocks are never compared. What is ours is the [`Fence`]: it is asked before each request to
//! a desk, so a leader that was asleep sends nothing after its time, even before it learns that it is none any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio_util::sync::CancellationToken;

use super::settings::LeaseSettings;
use crate::clock::Clock;
use crate::net::Gate;

/// Says whether this process leads, as far as it may believe it.
#[derive(Clone)]
pub(super) struct Fence {
    start: Instant,
    /// Milliseconds after `start`; 0: it does not lead.
    until: Arc<AtomicU64>,
}

impl Fence {
    /// It does not lead.
    pub(super) fn shut() -> Self {
        Self { start: Instant::now(), until: Arc::default() }
    }

    /// Whether it leads now.
    pub(super) fn is_open(&self) -> bool {
        self.milliseconds(Instant::now()) < self.until.load(Ordering::Acquire)
    }

    /// The same as a gate for requests.
    pub(super) fn gate(&self) -> Gate {
        let fence = self.clone();
        Arc::new(move || fence.is_open())
    }

    fn open_until(&self, until: Instant) {
        self.until.store(self.milliseconds(until), Ordering::Release);
    }

    fn shut_now(&self) {
        self.until.store(0, Ordering::Release);
    }

    fn milliseconds(&self, at: Instant) -> u64 {
        u64::try_from(at.duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }
}

/// What to do about a lease as it was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Move {
    /// It is free, or was not renewed in its time.
    Take,
    /// It is ours.
    Renew,
    /// Somebody else holds it.
    Wait,
}

/// `unchanged`: for how long this process has seen it as it is.
fn next_move(spec: &LeaseSpec, identity: &str, unchanged: Duration) -> Move {
    match spec.holder_identity.as_deref().filter(|holder| !holder.is_empty()) {
        None => Move::Take,
        Some(holder) if holder == identity => Move::Renew,
        Some(_) => {
            let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0);
            if unchanged >= Duration::from_secs(seconds) { Move::Take } else { Move::Wait }
        }
    }
}

/// This replica's part in the election.
pub(super) struct Election {
    api: Api<Lease>,
    settings: LeaseSettings,
    identity: String,
    clock: Clock,
    fence: Fence,
    /// The lease as it was read last, and since when.
    seen: Option<(Option<String>, Option<MicroTime>, Instant)>,
}

impl Election {
    /// Takes part.
    pub(super) fn new(client: Client, settings: LeaseSettings, identity: String, clock: Clock) -> Self {
        let api = Api::namespaced(client, &settings.namespace);
        Self { api, settings, identity, clock, fence: Fence::shut(), seen: None }
    }

    /// Whether this process leads.
    pub(super) fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// Waits until this process leads; `false`: it was asked to stop first.
    pub(super) async fn win(&mut self, stopping: &CancellationToken) -> bool {
        loop {
            if self.try_once().await {
                tracing::info!(lease = %self.settings.name, identity = %self.identity, "this replica leads");
                return true;
            }
            tokio::select! {
                () = tokio::time::sleep(self.pause()) => {}
                () = stopping.cancelled() => return false,
            }
        }
    }

    /// Renews for as long as it goes; returns when this process leads no longer.
    pub(super) async fn keep(&mut self) {
        loop {
            tokio::time::sleep(self.pause()).await;
            self.try_once().await;
            if !self.fence.is_open() {
                tracing::warn!(lease = %self.settings.name, identity = %self.identity, "the lease is lost: every run is cut off");
                return;
            }
        }
    }

    /// Gives the lease back, so that another need not wait for it.
    pub(super) async fn resign(&mut self) {
        self.fence.shut_now();
        let Ok(Some(mut lease)) = self.api.get_opt(&self.settings.name).await else { return };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(self.identity.as_str()) {
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            if let Err(error) = self.replace(&lease).await {
                tracing::debug!(error = %super::error::brief(&error), "the lease was not given back");
            }
        }
    }

    /// One look and one write at most. Whether this process leads now.
    async fn try_once(&mut self) -> bool {
        // From before the request: the server may count from any moment after.
        let asked = Instant::now();
        let limit = self.settings.duration / 3;
        match tokio::time::timeout(limit, self.claim()).await {
            Ok(Ok(true)) => self.fence.open_until(asked + self.settings.duration * 2 / 3),
            // Another's now: not a moment longer.
            Ok(Ok(false)) => self.fence.shut_now(),
            Ok(Err(error)) => {
                tracing::debug!(error = %super::error::brief(&error), "the lease could not be read or written");
            }
            Err(_late) => tracing::debug!("the API server did not answer about the lease in time"),
        }
        self.fence.is_open()
    }

    async fn claim(&mut self) -> Result<bool, kube::Error> {
        let Some(mut lease) = self.api.get_opt(&self.settings.name).await? else {
            let metadata = ObjectMeta { name: Some(self.settings.name.clone()), ..ObjectMeta::default() };
            let lease = Lease { metadata, spec: Some(self.spec(None)) };
            return settled(self.api.create(&PostParams::default(), &lease).await);
        };
        let spec = lease.spec.clone().unwrap_or_default();
        let unchanged = self.unchanged(&spec);
        match next_move(&spec, &self.identity, unchanged) {
            Move::Wait => Ok(false),
            Move::Take | Move::Renew => {
                lease.spec = Some(self.spec(Some(spec)));
                settled(self.replace(&lease).await)
            }
        }
    }

    /// Replaces the lease that was read; one that changed since is refused.
    async fn replace(&self, lease: &Lease) -> Result<Lease, kube::Error> {
        self.api.replace(&self.settings.name, &PostParams::default(), lease).await
    }

    /// For how long the lease has been as it is.
    fn unchanged(&mut self, spec: &LeaseSpec) -> Duration {
        let (holder, renewed) = (&spec.holder_identity, &spec.renew_time);
        match &self.seen {
            Some((seen_holder, seen_time, since)) if seen_holder == holder && seen_time == renewed => since.elapsed(),
            _ => {
                self.seen = Some((holder.clone(), renewed.clone(), Instant::now()));
                Duration::ZERO
            }
        }
    }

    fn spec(&self, before: Option<LeaseSpec>) -> LeaseSpec {
        let now = micro((self.clock)());
        let before = before.unwrap_or_default();
        let is_ours = before.holder_identity.as_deref() == Some(self.identity.as_str());
        let transitions = before.lease_transitions.unwrap_or(0);
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(self.settings.duration.as_secs()).ok(),
            acquire_time: if is_ours { before.acquire_time } else { Some(now.clone()) },
            renew_time: Some(now),
            lease_transitions: Some(if is_ours { transitions } else { transitions.saturating_add(1) }),
            ..before
        }
    }

    fn pause(&self) -> Duration {
        self.settings.duration / 7
    }
}

/// Somebody else was faster, or it is done.
fn settled<T>(written: Result<T, kube::Error>) -> Result<bool, kube::Error> {
    match written {
        Ok(_) => Ok(true),
        Err(error) if super::patch::is_conflict(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

fn micro(time: Timestamp) -> MicroTime {
    MicroTime(Timestamp::from_microsecond(time.as_microsecond()).unwrap_or(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(holder: &str) -> LeaseSpec {
        LeaseSpec { holder_identity: Some(holder.to_owned()), lease_duration_seconds: Some(15), ..LeaseSpec::default() }
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_or_was_seen_unchanged_for_its_duration() {
        let look = |holder, seconds| next_move(&held(holder), "me", Duration::from_secs(seconds));
        assert_eq!(look("", 0), Move::Take);
        assert_eq!(look("me", 100), Move::Renew);
        assert_eq!(look("other", 14), Move::Wait);
        assert_eq!(look("other", 15), Move::Take);
        assert_eq!(next_move(&LeaseSpec::default(), "me", Duration::ZERO), Move::Take);
    }

    #[test]
    fn a_fence_shuts_by_itself() {
        let fence = Fence::shut();
        assert!(!fence.is_open());
        fence.open_until(Instant::now() + Duration::from_secs(60));
        assert!(fence.is_open());
        fence.open_until(Instant::now());
        assert!(!fence.is_open(), "without anybody having shut it");
    }
}
