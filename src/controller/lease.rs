//! Leader election by a Lease (coordination.k8s.io/v1): of several replicas one writes.
//!
//! The rules are those of Kubernetes' own components (client-go's leaderelection): a leader renews the lease and gives up
//! when it could not for two thirds of its duration; another takes it when it was not renewed for the whole of it, as
//! seen by its own clock. Two clocks are never compared. What is ours is the [`Fence`]: it is asked before each request to
//! a desk, so a leader that was asleep sends nothing after its time, even before it learns that it is none any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, Client};
use tokio_util::sync::CancellationToken;

use super::fence::{Asked, Fence};
use super::settings::LeaseSettings;
use crate::clock::Clock;

/// Longest that the end of the process waits for the lease to be given back.
const FAREWELL: Duration = Duration::from_secs(5);

/// What to do about a lease as it was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Move {
    /// It is free, or was not renewed in its time.
    Take,
    /// It is ours.
    Renew,
    /// Somebody else holds it, for so long at least.
    Wait(Duration),
}

/// `unchanged`: for how long this process has seen it as it is.
fn next_move(spec: &LeaseSpec, identity: &str, unchanged: Duration) -> Move {
    match spec.holder_identity.as_deref().filter(|holder| !holder.is_empty()) {
        None => Move::Take,
        Some(holder) if holder == identity => Move::Renew,
        Some(_) => {
            let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0);
            let left = Duration::from_secs(seconds).saturating_sub(unchanged);
            if left.is_zero() { Move::Take } else { Move::Wait(left) }
        }
    }
}

/// What became of one try to get or keep the lease.
enum Claim {
    /// It is ours.
    Held,
    /// It is somebody else's, for so long at least.
    Lost(Duration),
    /// Somebody else wrote it first: the next look tells whose it is.
    Outrun,
}

/// How a wait for a lease ended.
pub(super) enum Won {
    /// This process holds it.
    Held(Fence),
    /// It was asked to stop first.
    Stopping,
    /// It may not read or write it: for the lease's whole duration it was told nothing else.
    Forbidden,
}

/// Times that a lease which others hold too is read again within one try, because one of them was faster.
const CROWD: usize = 8;

/// This replica's part in the election.
pub(super) struct Election {
    api: Api<Lease>,
    settings: LeaseSettings,
    identity: String,
    clock: Clock,
    /// Several processes hold it together, under one identity.
    shared: bool,
    /// The lease as it was read last, and since when.
    seen: Option<(Option<String>, Option<MicroTime>, Instant)>,
    /// The last try failed, and that was told.
    failing: bool,
    /// Since when every try was refused for want of rights.
    forbidden: Option<Instant>,
}

impl Election {
    /// Takes part.
    pub(super) fn new(client: Client, settings: LeaseSettings, identity: String, clock: Clock) -> Self {
        let api = Api::namespaced(client, &settings.namespace);
        Self { api, settings, identity, clock, shared: false, seen: None, failing: false, forbidden: None }
    }

    /// Takes part in holding a lease that every process of this identity holds: it lasts as long as one of them renews
    /// it, and none gives it back for the others.
    pub(super) fn together(client: Client, settings: LeaseSettings, identity: String, clock: Clock) -> Self {
        Self { shared: true, ..Self::new(client, settings, identity, clock) }
    }

    /// Waits until this process leads; `None`: it was asked to stop first. `stand_by` is told whenever it is known that
    /// another leads.
    pub(super) async fn win(&mut self, stopping: &CancellationToken, stand_by: impl Fn()) -> Option<Fence> {
        match self.contend(stopping, stand_by, false).await {
            Won::Held(fence) => Some(fence),
            Won::Stopping | Won::Forbidden => None,
        }
    }

    /// The same for a lease that may never come: rights to it may be missing. Whoever held it by the same rights has
    /// stopped by then.
    pub(super) async fn win_if_allowed(&mut self, stopping: &CancellationToken) -> Won {
        self.contend(stopping, || (), true).await
    }

    async fn contend(&mut self, stopping: &CancellationToken, stand_by: impl Fn(), gives_up: bool) -> Won {
        self.forbidden = None;
        while !stopping.is_cancelled() {
            let asked = Asked::now(&self.clock);
            let pause = match self.try_once(self.settings.duration / 3).await {
                Some(Claim::Held) => {
                    tracing::info!(lease = %self.settings.name, identity = %self.identity, "the lease is held");
                    return Won::Held(Fence::open(Arc::clone(&self.clock), asked, self.term()));
                }
                // Looked at again the moment that it runs out.
                Some(Claim::Lost(left)) => {
                    stand_by();
                    self.pause().min(left)
                }
                Some(Claim::Outrun) => {
                    stand_by();
                    self.pause()
                }
                None if gives_up && self.is_forbidden() => return Won::Forbidden,
                None => self.pause(),
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopping.cancelled() => {}
            }
        }
        Won::Stopping
    }

    fn is_forbidden(&self) -> bool {
        self.forbidden.is_some_and(|since| since.elapsed() >= self.settings.duration)
    }

    /// Renews for as long as it goes; returns when this process leads no longer.
    pub(super) async fn keep(&mut self, fence: &Fence) {
        loop {
            tokio::time::sleep(self.pause()).await;
            // After a sleep of the whole machine or process there is none, and no time to ask.
            let Some(left) = fence.remaining() else { break };
            let asked = Asked::now(&self.clock);
            match self.try_once(left.min(self.settings.duration / 3)).await {
                Some(Claim::Held) => drop(fence.extend(asked, self.term())),
                // Another's now: not a moment longer.
                Some(Claim::Lost(_)) => fence.shut(),
                // Who holds a lease alone, and finds that somebody else wrote it, has lost it.
                Some(Claim::Outrun) if !self.shared => fence.shut(),
                Some(Claim::Outrun) | None => {}
            }
            if !fence.is_open() {
                break;
            }
        }
        tracing::warn!(lease = %self.settings.name, identity = %self.identity, "the lease is lost: every run is cut off");
    }

    /// Gives the lease back, so that another need not wait for it. It takes no longer than a few seconds.
    pub(super) async fn resign(&mut self) {
        match tokio::time::timeout(FAREWELL.min(self.settings.duration), self.give_back()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = %super::error::brief(&error), "the lease was not given back: others wait until it runs out");
            }
            Err(_late) => tracing::warn!("the lease was not given back in time: others wait until it runs out"),
        }
    }

    /// Removes the lease, which nobody needs any more. It takes no longer than a few seconds.
    pub(super) async fn discard(&mut self) {
        let parameters = DeleteParams::default();
        let deleted = self.api.delete(&self.settings.name, &parameters);
        match tokio::time::timeout(FAREWELL.min(self.settings.duration), deleted).await {
            Ok(Ok(_)) => {}
            // It may be held a while longer for nothing.
            Ok(Err(_)) | Err(_) => self.resign().await,
        }
    }

    async fn give_back(&self) -> Result<(), kube::Error> {
        loop {
            let Some(mut lease) = self.api.get_opt(&self.settings.name).await? else { return Ok(()) };
            let spec = lease.spec.get_or_insert_default();
            if spec.holder_identity.as_deref() != Some(self.identity.as_str()) {
                return Ok(());
            }
            spec.holder_identity = Some(String::new());
            spec.lease_duration_seconds = Some(1);
            // A renewal whose answer was not waited for may have come in between.
            if settled(self.replace(&lease).await)? {
                return Ok(());
            }
        }
    }

    /// One look and one write at most; `None`: nobody knows.
    async fn try_once(&mut self, limit: Duration) -> Option<Claim> {
        let why = match tokio::time::timeout(limit, self.claim()).await {
            Ok(Ok(claim)) => {
                self.failing = false;
                self.forbidden = None;
                return Some(claim);
            }
            Ok(Err(error)) => {
                let since = self.forbidden.unwrap_or_else(Instant::now);
                self.forbidden = super::patch::is_forbidden(&error).then_some(since);
                super::error::brief(&error)
            }
            Err(_late) => "it does not answer in time".to_owned(),
        };
        if !self.failing {
            tracing::warn!(lease = %self.settings.name, namespace = %self.settings.namespace, error = %why, "the lease cannot be read or written; it is tried again");
        }
        self.failing = true;
        None
    }

    async fn claim(&mut self) -> Result<Claim, kube::Error> {
        let mut claim = self.claim_once().await?;
        // One of those that hold it too may have been faster, which is no reason to wait.
        for _ in 0..if self.shared { CROWD } else { 0 } {
            if !matches!(claim, Claim::Outrun) {
                break;
            }
            claim = self.claim_once().await?;
        }
        Ok(claim)
    }

    async fn claim_once(&mut self) -> Result<Claim, kube::Error> {
        let written = match self.api.get_opt(&self.settings.name).await? {
            None => {
                let metadata = ObjectMeta { name: Some(self.settings.name.clone()), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec: Some(self.spec(None)) };
                self.api.create(&PostParams::default(), &lease).await
            }
            Some(mut lease) => {
                let spec = lease.spec.clone().unwrap_or_default();
                let unchanged = self.unchanged(&spec);
                if let Move::Wait(left) = next_move(&spec, &self.identity, unchanged) {
                    return Ok(Claim::Lost(left));
                }
                lease.spec = Some(self.spec(Some(spec)));
                self.replace(&lease).await
            }
        };
        Ok(if settled(written)? { Claim::Held } else { Claim::Outrun })
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
        let own = i32::try_from(self.settings.duration.as_secs()).ok();
        // Nobody who holds it too, and counts on a longer time, is let down by one who renews it for a shorter.
        let duration = if self.shared && is_ours { own.max(before.lease_duration_seconds) } else { own };
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: duration,
            acquire_time: if is_ours { before.acquire_time } else { Some(now.clone()) },
            renew_time: Some(now),
            lease_transitions: Some(if is_ours { transitions } else { transitions.saturating_add(1) }),
            ..before
        }
    }

    fn pause(&self) -> Duration {
        self.settings.duration / 7
    }

    /// How long this process may believe that it leads, from the moment in which it asked: less than others wait.
    fn term(&self) -> Duration {
        self.settings.duration * 2 / 3
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
        assert_eq!(look("other", 14), Move::Wait(Duration::from_secs(1)));
        assert_eq!(look("other", 15), Move::Take);
        assert_eq!(next_move(&LeaseSpec::default(), "me", Duration::ZERO), Move::Take);
    }
}
