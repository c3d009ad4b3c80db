//! Several controllers share the workspaces: each is one shard's alone, also while their number changes.

use std::time::Duration;

use contactsync::api::{RunResult, RunTrigger};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use serde_json::json;

use super::replica::{LEASE, LONG, Replica};
use crate::controller::office::{Office, from_file};
use crate::support::between::{Between, Then};
use crate::support::eventually::eventually;
use crate::support::house::{Line, person};

#[tokio::test(flavor = "multi_thread")]
async fn every_workspace_is_one_shards_alone() {
    tokio::join!(
        each_connection_is_run_once_by_its_own_shard(),
        a_shard_whose_leader_dies_waits_for_its_stand_by_and_the_others_go_on(),
        another_number_of_shards_begins_when_the_last_of_the_old_is_gone(),
        the_rate_of_a_workspace_is_kept_by_many_processes(),
    );
}

/// Where the promise of docs/scale.md puts a workspace.
fn shard_of(namespace: &str, name: &str, count: u64) -> u64 {
    let hash = blake3::hash(format!("{namespace}/{name}").as_bytes());
    u64::from_be_bytes(hash.as_bytes()[..8].try_into().unwrap()) % count
}

/// Two workspaces, each of another shard of two, before one desk; a connection of so many people at each.
struct Split {
    office: Office,
    /// Before the desk, one for each workspace.
    doors: [Between; 2],
    workspaces: [String; 2],
}

/// The connections, in the order of their shards.
const CONNECTIONS: [&str; 2] = ["emea", "apac"];

impl Split {
    async fn open(name: &str, people: usize, rate: u32) -> Self {
        let office = Office::open(name).await;
        let doors = [Between::start(&office.house.base, true).await, Between::start(&office.house.base, true).await];
        let named = |shard| {
            let names = (0..).map(|n| format!("desk-{n}"));
            names.into_iter().find(|name| shard_of(&office.namespace, name, 2) == shard).unwrap()
        };
        let workspaces = [named(0), named(1)];
        for (shard, connection) in CONNECTIONS.into_iter().enumerate() {
            let limits = json!({"requestsPerSecond": rate, "concurrency": 2});
            office.workspace(&workspaces[shard], &json!({"endpoint": doors[shard].base, "limits": limits})).await;
            let lines: Vec<Line> = (0..people).map(|n| person(shard * 1000 + n)).collect();
            let file = format!("{connection}.csv");
            office.people_of(&file, &lines);
            let at = json!({"workspaceRef": {"name": workspaces[shard]}});
            office.connection(connection, &from_file(&file, &at)).await;
        }
        Self { office, doors, workspaces }
    }

    fn start(&self, identity: &str, shard: usize, shards: usize, more: &[&str]) -> Replica {
        let (shard, shards) = (shard.to_string(), shards.to_string());
        Replica::start(&self.office, identity, &[&["--shard", &shard, "--shards", &shards], more].concat())
    }

    async fn in_step(&self) {
        for connection in CONNECTIONS {
            self.office.ready(connection, "True", "Succeeded").await;
        }
    }

    async fn lease(&self, name: &str) -> Option<Lease> {
        let leases: Api<Lease> = Api::namespaced(self.office.cluster.client().await, &self.office.namespace);
        leases.get_opt(name).await.unwrap()
    }

    async fn leads(&self, lease: &str, identity: &str) {
        eventually(&format!("{identity} holds {lease}"), || async {
            let holder = self.lease(lease).await.and_then(|lease| lease.spec?.holder_identity);
            if holder.as_deref() == Some(identity) { Ok(()) } else { Err(format!("{holder:?}")) }
        })
        .await;
    }
}

/// The runs that a controller began of a connection.
fn begun(replica: &Replica, connection: &str) -> usize {
    let whose = format!("/{connection} ");
    replica.said().lines().filter(|line| line.contains("a run begins") && line.contains(&whose)).count()
}

async fn each_connection_is_run_once_by_its_own_shard() {
    let split = Split::open("shards-own", 3, 1000).await;
    let office = &split.office;
    let shards = [split.start("ann", 0, 2, &LONG), split.start("bob", 1, 2, &LONG)];
    split.in_step().await;
    for connection in CONNECTIONS {
        office.run_now(connection, "once-more").await;
    }
    for (own, shard) in shards.iter().enumerate() {
        for (of, connection) in CONNECTIONS.into_iter().enumerate() {
            assert_eq!(begun(shard, connection), if own == of { 2 } else { 0 }, "{own} {connection}: {}", shard.said());
        }
        let workspace = office.workspace_ready(&split.workspaces[own], "True", "DeskAnswers").await;
        assert_eq!(workspace.status.unwrap().connections, Some(1));
    }
    // The key is of a connection of the other shard: who is who, all of them know.
    let key = format!("default/{}/{}", office.namespace, CONNECTIONS[0]);
    let other = json!({"workspaceRef": {"name": split.workspaces[1]}, "ownershipKey": key});
    office.connection("younger", &from_file("apac.csv", &other)).await;
    let status = office.ready("younger", "False", "OwnershipKeyTaken").await;
    assert!(status.last_run.is_none());
    // The elder goes, and the other shard sees it: the key is free.
    office.delete(CONNECTIONS[0]).await;
    office.until("younger", "it runs", |_, status| status.last_run.is_some()).await;
    // What waits in a shard for a connection of the other goes on by itself.
    assert_eq!(begun(&shards[1], "younger"), 1);
    let common = split.lease("contactsync-shards").await.unwrap().spec.unwrap();
    assert_eq!(common.holder_identity.as_deref(), Some("2"));
}

async fn a_shard_whose_leader_dies_waits_for_its_stand_by_and_the_others_go_on() {
    let split = Split::open("shards-killed", 3, 1000).await;
    let office = &split.office;
    let mut ann = split.start("ann", 0, 2, &[]);
    let bob = split.start("bob", 1, 2, &[]);
    split.leads("contactsync-0-of-2", "ann").await;
    let carl = split.start("carl", 0, 2, &[]);
    split.in_step().await;
    ann.kill();
    office.annotate(CONNECTIONS[0], "waits").await;
    let status = office.run_now(CONNECTIONS[1], "goes-on").await;
    assert_eq!(status.last_run.unwrap().trigger, RunTrigger::Request);
    assert_eq!(begun(&bob, CONNECTIONS[1]), 2);
    split.leads("contactsync-0-of-2", "carl").await;
    office.run_now(CONNECTIONS[0], "waits").await;
    assert_eq!((begun(&carl, CONNECTIONS[0]), begun(&carl, CONNECTIONS[1])), (1, 0));
    assert!(!bob.said().contains("the lease is lost"), "the other shard did not notice: {}", bob.said());
}

async fn another_number_of_shards_begins_when_the_last_of_the_old_is_gone() {
    let split = Split::open("shards-more", 60, 15).await;
    let office = &split.office;
    let mut old = [split.start("ann", 0, 2, &[]), split.start("bob", 1, 2, &[])];
    let mut stops = Vec::new();
    for door in &split.doors {
        let stop =
            door.stop(crate::support::between::Side::Before, |passing| passing.is_write() && passing.writes >= 5);
        stops.push(stop);
    }
    for stop in &mut stops {
        tokio::time::timeout(Duration::from_secs(30), stop.wait()).await.expect("both are at work");
    }
    let new: Vec<Replica> =
        ["cat", "dan", "eve"].into_iter().enumerate().map(|(shard, name)| split.start(name, shard, 3, &[])).collect();
    // Each holds the lease of its own shard, and must not begin: the old ones are at work.
    for (shard, name) in ["cat", "dan", "eve"].into_iter().enumerate() {
        split.leads(&format!("contactsync-{shard}-of-3"), name).await;
    }
    for stop in stops {
        stop.then(Then::GoOn);
    }
    old[0].kill();
    office.run_now(CONNECTIONS[1], "the-old-one-still-may").await;
    assert!(new.iter().all(|one| !one.said().contains("everything was listed")), "nobody new begins");
    old[1].signal("TERM");
    old[1].end().await;
    let gone = contactsync::clock::system()();
    let renewed = split.lease("contactsync-shards").await.unwrap().spec.unwrap();
    assert_eq!(renewed.holder_identity.as_deref(), Some("2"), "it is not given back: others may hold it");
    let renewed = renewed.renew_time.unwrap().0;
    split.leads("contactsync-shards", "3").await;
    office.run_now(CONNECTIONS[0], "anew").await;
    split.in_step().await;
    let begin = renewed.checked_add(SignedDuration::try_from(LEASE).unwrap()).unwrap();
    let times: Vec<Timestamp> = split.doors.iter().flat_map(Between::times).collect();
    let early = times.iter().filter(|time| **time > gone && **time < begin).count();
    assert_eq!(early, 0, "requests between {gone} and {begin}");
    assert!(times.iter().any(|time| *time > begin), "the new ones are at work");
    for connection in CONNECTIONS {
        let by: usize = new.iter().map(|one| begun(one, connection)).sum();
        let of = new.iter().filter(|one| begun(one, connection) > 0).count();
        assert!(by <= 2 && of <= 1, "{connection} was run {by} times by {of}");
    }
    let status = office.status(CONNECTIONS[0]).await;
    assert!(status.recent_runs.iter().any(|run| run.result == RunResult::Interrupted), "it was killed with its leader");
}

async fn the_rate_of_a_workspace_is_kept_by_many_processes() {
    const RATE: u32 = 20;
    let split = Split::open("shards-rate", 70, RATE).await;
    let _processes: Vec<Replica> = (0..4).map(|n| split.start(&format!("p{n}"), n / 2, 2, &LONG)).collect();
    split.in_step().await;
    for door in &split.doors {
        within_rate(&door.times(), RATE);
    }
}

/// In no time were there more requests than a bucket of one second's requests gives, filled at this rate.
pub(super) fn within_rate(times: &[Timestamp], rate: u32) {
    let mut times = times.to_vec();
    times.sort_unstable();
    assert!(times.len() > 2 * rate as usize, "{} requests prove nothing", times.len());
    let rate = i128::from(rate);
    for (from, first) in times.iter().enumerate() {
        for (count, last) in (1..).zip(&times[from..]) {
            let passed = last.duration_since(*first).as_millis();
            let allowed = rate + rate * passed / 1000 + 2;
            assert!(count <= allowed, "{count} requests in {passed} ms");
        }
    }
}
