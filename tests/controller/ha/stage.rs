//! An office whose desk is slow and watched, so that a test can act in the middle of a run.

use std::time::{Duration, Instant};

use contactsync::api::{ConnectionStatus, RunResult, RunTrigger};
use contactsync::contact::OwnershipKey;
use contactsync::runlog::Summary;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::controller::office::Office;
use crate::support::between::{Between, Side, Stop};
use crate::support::cluster::Cluster;
use crate::support::eventually::eventually;
use crate::support::house::people;

/// The connection of these tests.
pub(super) const EMEA: &str = "emea";

pub(super) struct Stage {
    pub(super) office: Office,
    /// Between controllers and desk. It takes no Bulk requests: a run of many people is one of many requests.
    pub(super) between: Between,
    leases: Api<Lease>,
    people: usize,
}

impl Stage {
    /// With a connection of so many people, at a desk that takes so many requests a second, one after the other.
    pub(super) async fn open(name: &str, people: usize, rate: u32) -> Self {
        Self::within(Cluster::shared().await, name, people, rate).await
    }

    pub(super) async fn within(cluster: &'static Cluster, name: &str, count: usize, rate: u32) -> Self {
        let office = Office::within(cluster, name).await;
        let between = Between::start(&office.house.base, true).await;
        let leases = Api::namespaced(cluster.client().await, &office.namespace);
        let stage = Self { office, between, leases, people: count };
        stage.pace(rate, 1).await;
        stage.office.people(&people(count));
        stage.office.connection(EMEA, &json!({})).await;
        stage
    }

    /// Requests that the desk takes in a second, and at once.
    pub(super) async fn pace(&self, rate: u32, concurrency: usize) {
        let limits = json!({"requestsPerSecond": rate, "concurrency": concurrency});
        self.office.workspace("acme", &json!({"endpoint": self.between.base, "limits": limits})).await;
    }

    /// Who holds the lease.
    pub(super) async fn holder(&self) -> Option<String> {
        let lease = self.leases.get_opt("contactsync").await.unwrap()?;
        lease.spec?.holder_identity
    }

    /// Waits until this one leads (nobody: an empty name), and says when that was seen.
    pub(super) async fn leads(&self, identity: &str) -> Instant {
        eventually(&format!("the leader is {identity:?}"), || async {
            let holder = self.holder().await;
            if holder.as_deref() == Some(identity) { Ok(Instant::now()) } else { Err(format!("{holder:?}")) }
        })
        .await
    }

    /// When the lease was got by whoever holds it.
    pub(super) async fn acquired(&self) -> Timestamp {
        self.leases.get("contactsync").await.unwrap().spec.unwrap().acquire_time.unwrap().0
    }

    /// Gives the lease to somebody who is not there.
    pub(super) async fn usurp(&self) {
        let patch = json!({"spec": {"holderIdentity": "somebody"}});
        self.leases.patch("contactsync", &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// Stops the nth request that writes, before the desk sees it, and waits until it is there.
    pub(super) async fn write(&self, nth: usize) -> Stop {
        let mut stop = self.between.stop(Side::Before, move |passing| passing.is_write() && passing.writes >= nth);
        tokio::time::timeout(Duration::from_secs(30), stop.wait()).await.expect("the run comes so far");
        stop
    }

    /// Waits until the connection is in step, and nothing is on.
    pub(super) async fn in_step(&self) -> ConnectionStatus {
        let status = self
            .office
            .until(EMEA, "everybody is in step", |_, status| {
                status.last_run.as_ref().is_some_and(|run| run.result == RunResult::Succeeded)
            })
            .await;
        assert_eq!(status.contacts, i64::try_from(self.people).ok(), "{status:?}");
        assert_eq!(self.office.house.active().await.len(), self.people);
        status
    }

    /// A run more changes nothing, and the history is true.
    pub(super) async fn comes_to_rest(&self) {
        self.changes_nothing_more().await;
        truthful(&self.office, EMEA).await;
    }

    pub(super) async fn changes_nothing_more(&self) {
        let before = self.office.house.versions().await;
        self.office.run_now(EMEA, "at-the-end").await;
        self.in_step().await;
        assert_eq!(self.office.house.versions().await, before, "a run more changes nothing");
    }

    /// The triggers of the runs in status, the first one first, with how they ended.
    pub(super) async fn story(&self) -> Vec<(RunTrigger, RunResult)> {
        let status = self.office.status(EMEA).await;
        status.recent_runs.iter().rev().map(|run| (run.trigger, run.result)).collect()
    }
}

/// What the store tells of a connection's runs, the newest first.
pub(super) async fn history(office: &Office, connection: &str) -> Vec<Summary> {
    let key = OwnershipKey::new(format!("default/{}/{connection}", office.namespace)).unwrap();
    office.house.store().summaries(&key, 1000).await.unwrap()
}

/// Every run that the store knows ended, or another came after it; status and store tell the same of each.
pub(super) async fn truthful(office: &Office, connection: &str) {
    let history = history(office, connection).await;
    assert!(history.iter().all(|run| run.result != RunResult::Running), "{history:#?}");
    let status = office.status(connection).await;
    for run in &status.recent_runs {
        let kept = history.iter().find(|kept| kept.id.as_str() == run.id);
        let kept = kept.unwrap_or_else(|| panic!("{} is in status and not in the store", run.id));
        assert_eq!((kept.result, kept.trigger), (run.result, run.trigger), "{connection} {}", run.id);
    }
    assert!(status.recent_runs.windows(2).all(|two| two[0].id > two[1].id), "newest first: {:?}", status.recent_runs);
    assert_eq!(status.last_run.as_ref(), status.recent_runs.first());
}
