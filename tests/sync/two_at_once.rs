//! Two at once: one connection run twice, and connections whose people overlap. One run is stopped at a chosen request,
//! between what it looked at and what it writes, until the other has done its part.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};

use contactsync::api::RunResult;
use contactsync::runlog::Summary;
use contactsync::sync::{ConnectionSettings, Mode, Observer, Stage};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::between::{Between, Kind, Passing, Side, Then};
use crate::support::house::{House, connection, people};
use crate::support::upheaval::{State, file};

/// One desk, one place for run records, two that run: one's requests pass a proxy, the other's do not.
struct Pair {
    between: Between,
    one: House,
    other: House,
}

impl Pair {
    async fn open() -> Self {
        let other = House::open().await;
        let between = Between::start(&other.base, false).await;
        let one = House::before(between.base.clone(), other.token.clone(), tempfile::tempdir().unwrap());
        std::fs::remove_dir(one.runs()).unwrap();
        std::os::unix::fs::symlink(other.runs(), one.runs()).unwrap();
        Self { between, one, other }
    }

    fn put(&self, csv: &str) {
        self.one.raw_file(csv);
        self.other.raw_file(csv);
    }

    /// Runs `one` up to such a request, then `other` to its end, then `one` on: their summaries.
    async fn cross(
        &self,
        (one, other): (&ConnectionSettings, &ConnectionSettings),
        side: Side,
        at: impl Fn(&Passing) -> bool + Send + 'static,
    ) -> (Summary, Summary) {
        let mut stop = self.between.stop(side, at);
        let second = async {
            stop.wait().await;
            let summary = self.other.sync(other).await;
            stop.then(Then::GoOn);
            summary
        };
        tokio::join!(self.one.sync(one), second)
    }

    /// Whoever runs next writes nothing.
    async fn assert_at_rest(&self, connections: &[ConnectionSettings]) {
        let before = self.other.versions().await;
        for settings in connections {
            self.other.sync(settings).await;
            self.one.sync(settings).await;
        }
        assert_eq!(self.other.versions().await, before);
    }
}

/// Every contact as mapped, without what differs from desk to desk.
async fn shape(house: &House) -> BTreeMap<String, Value> {
    let mut contacts = house.contacts().await;
    for contact in contacts.values_mut() {
        let contact = contact.as_object_mut().unwrap();
        contact.remove("id");
        contact.remove("meta");
    }
    contacts
}

fn staff() -> ConnectionSettings {
    let portal = "mapping: {preset: Standard, access: {portalAccess: {from: portal}}}";
    connection("staff", &format!("{portal}\nleavers: {{policy: Delete, hold: {{aboveCount: 50}}}}"))
}

/// Wherever a run is when another goes past it, the contacts end right.
#[tokio::test(flavor = "multi_thread")]
async fn l11_a_run_that_is_passed_by_another_ends_in_the_same_contacts() {
    let (first, then) = (file(200, State::First), file(200, State::Between));
    let alone = House::open().await;
    for csv in [&first, &then] {
        alone.raw_file(csv);
        alone.succeed(&staff()).await;
    }
    for (side, kind) in [
        (Side::After, Kind::Listing),
        (Side::Before, Kind::Parking),
        (Side::After, Kind::Parking),
        (Side::Before, Kind::Writing),
        (Side::Before, Kind::Removing),
        (Side::After, Kind::Removing),
    ] {
        let pair = Pair::open().await;
        pair.put(&first);
        pair.other.succeed(&staff()).await;
        pair.put(&then);
        let (one, other) = pair.cross((&staff(), &staff()), side, move |passing| passing.kind == kind).await;
        // One of them may have met what the other did; the next run is whole.
        pair.one.succeed(&staff()).await;
        assert_eq!(shape(&pair.other).await, shape(&alone).await, "{side:?} {kind:?}: {one:#?} {other:#?}");
        pair.assert_at_rest(&[staff()]).await;
    }
}

/// Two runs that read different addresses of a newcomer at the same time: no server forbids that, so it is told.
#[tokio::test(flavor = "multi_thread")]
async fn l19_who_was_made_twice_all_the_same_is_told_and_left_alone() {
    let pair = Pair::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    pair.one.file(&lines);
    lines[1].mail = "another@acme.example".into();
    pair.other.file(&lines);
    pair.cross((&staff, &staff), Side::Before, |passing| passing.kind == Kind::Writing).await;
    let before = pair.other.versions().await;
    assert_eq!(before.len(), 4);
    for lines in [&lines[..], &lines[..1]] {
        pair.other.file(lines);
        let summary = pair.other.sync(&staff).await;
        let told = summary.reasons.get("skipped").and_then(|reasons| reasons.get("SeveralContacts"));
        assert_eq!((summary.result, told), (RunResult::Partial, Some(&1)), "{summary:#?}");
        let after = pair.other.versions().await;
        let twins = ["another@acme.example", "person.1@acme.example"];
        assert!(twins.iter().all(|twin| after[*twin] == before[*twin]), "neither is touched");
    }
}

/// A connection of one team, which acts on leavers after a day.
fn team(name: &str, group: &str, leavers: &str) -> ConnectionSettings {
    let scope = format!("scope: {{mode: List, list: {{groups: [{{name: {group}}}]}}}}");
    connection(name, &format!("{scope}\nleavers: {{policy: {leavers}, hold: {{aboveCount: 50}}}}"))
}

fn sales(leavers: &str) -> ConnectionSettings {
    team("sales", "Sales", leavers)
}

fn support() -> ConnectionSettings {
    team("support", "Support", "Deactivate")
}

fn partners() -> ConnectionSettings {
    team("partners", "Partners", "Deactivate")
}

fn csv(people: &[(&str, &str)]) -> String {
    let lines = people.iter().map(|(id, groups)| format!("{id},Person {id},{id}@acme.example,{groups}\n"));
    "id,displayName,mail,groups\n".to_owned() + &lines.collect::<String>()
}

impl Pair {
    /// A contact of sales that was marked as left two days ago; its person is in these groups now.
    async fn left(leavers: &str, groups: &str) -> (Self, Value) {
        let pair = Self::open().await;
        let ann_in = |groups| csv(&[("ann", groups), ("bo", "Sales"), ("cy", "Support"), ("di", "Partners")]);
        pair.put(&ann_in("Sales"));
        for settings in [sales(leavers), support(), partners()] {
            pair.other.succeed(&settings).await;
        }
        pair.put(&ann_in("Elsewhere"));
        assert_eq!(pair.other.succeed(&sales(leavers)).await.left, 1);
        pair.put(&ann_in(groups));
        for house in [&pair.one, &pair.other] {
            house.advance(SignedDuration::from_hours(48));
        }
        let id = pair.other.contact("ann@acme.example").await["id"].clone();
        (pair, id)
    }

    /// Id, owner, and whether it is active.
    async fn ann(&self) -> (Value, Value, Value) {
        let contact = self.other.contact("ann@acme.example").await;
        (contact["id"].clone(), contact["externalId"].clone(), contact["active"].clone())
    }
}

/// A contact that was looked at before is changed or deleted.
fn acts(passing: &Passing) -> bool {
    passing.is_write() && passing.method != Method::POST
}

#[tokio::test(flavor = "multi_thread")]
async fn l07_what_was_claimed_meanwhile_is_not_removed() {
    for leavers in ["Delete", "Deactivate"] {
        let (pair, id) = Pair::left(leavers, "Support").await;
        let (one, other) = pair.cross((&sales(leavers), &support()), Side::Before, acts).await;
        assert_eq!((one.counts.deleted + one.counts.deactivated, other.counts.claimed), (0, 1), "{one:#?}");
        assert_eq!(one.spent.removals, 0);
        assert_eq!(pair.ann().await, (id, json!("default/support/support/ann"), json!(true)));
        pair.assert_at_rest(&[sales(leavers), support()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_what_was_removed_meanwhile_is_not_claimed_but_found_again() {
    for leavers in ["Delete", "Deactivate"] {
        let (pair, id) = Pair::left(leavers, "Support").await;
        let (one, other) = pair.cross((&support(), &sales(leavers)), Side::Before, acts).await;
        assert_eq!((other.counts.deleted + other.counts.deactivated, one.counts.claimed), (1, 0), "{one:#?}");
        pair.one.succeed(&support()).await;
        let (found, owner, active) = pair.ann().await;
        assert_eq!((owner, active), (json!("default/support/support/ann"), json!(true)));
        assert_eq!(found == id, leavers == "Deactivate");
        pair.assert_at_rest(&[sales(leavers), support()]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_of_two_that_claim_at_once_one_gets_it() {
    let (pair, id) = Pair::left("Delete", "Support;Partners").await;
    let (one, other) = pair.cross((&support(), &partners()), Side::Before, acts).await;
    assert_eq!((one.counts.claimed, other.counts.claimed), (0, 1), "{one:#?}");
    assert_eq!(pair.ann().await, (id, json!("default/support/partners/ann"), json!(true)));
    pair.assert_at_rest(&[sales("Delete"), support(), partners()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_who_comes_back_meanwhile_is_not_claimed() {
    let (pair, id) = Pair::left("Delete", "Sales;Support").await;
    let (one, other) = pair.cross((&support(), &sales("Delete")), Side::Before, acts).await;
    assert_eq!((one.counts.claimed, other.counts.updated), (0, 1), "{one:#?}");
    assert_eq!(pair.ann().await, (id, json!("default/support/sales/ann"), json!(true)));
    pair.assert_at_rest(&[sales("Delete"), support()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_who_is_claimed_meanwhile_is_not_taken_back() {
    let (pair, id) = Pair::left("Delete", "Sales;Support").await;
    let (one, other) = pair.cross((&sales("Delete"), &support()), Side::Before, acts).await;
    assert_eq!((one.counts.updated, other.counts.claimed), (0, 1), "{one:#?}");
    assert_eq!(pair.ann().await, (id, json!("default/support/support/ann"), json!(true)));
    pair.assert_at_rest(&[sales("Delete"), support()]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_overlapping_connections_that_run_together_come_to_rest() {
    let pair = Pair::open().await;
    let everybody: Vec<String> = (0..100).map(|n| format!("p{n}")).collect();
    let groups = ["Sales", "Support", "Sales;Support", "Support;Partners", "Sales;Support;Partners"];
    let (sales, support, partners) = (sales("Deactivate"), support(), partners());
    for turn in 0..3 {
        let of = |n: usize| groups[(n + turn * (1 + n % 3)) % groups.len()];
        let people: Vec<(&str, &str)> = everybody.iter().enumerate().map(|(n, id)| (id.as_str(), of(n))).collect();
        pair.put(&csv(&people));
        let (one, other) = (&pair.one, &pair.other);
        let ended = tokio::join!(one.sync(&sales), other.sync(&support), other.sync(&partners));
        for summary in [&ended.0, &ended.1, &ended.2] {
            assert_ne!(summary.result, RunResult::Failed, "{summary:#?}");
            // Where two wanted one contact, the later one says so and leaves it.
            let failed = summary.reasons.get("failed").into_iter().flat_map(BTreeMap::keys);
            assert!(failed.into_iter().all(|reason| reason == "ContactChanged"), "{summary:#?}");
        }
        let contacts = pair.other.contacts().await;
        assert_eq!(contacts.len(), 100, "one contact for each person");
        assert!(contacts.values().all(|contact| contact["active"] == true), "everybody is in some scope");
    }
    for settings in [&sales, &support, &partners] {
        pair.other.sync(settings).await;
    }
    pair.assert_at_rest(&[sales, support, partners]).await;
    let contacts = pair.other.contacts().await;
    let left = contacts.values().filter(|contact| contact["externalId"].as_str().unwrap().contains("!left"));
    assert_eq!(left.count(), 0, "somebody wants each of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn l04_two_runs_of_the_same_removals_spend_them_once() {
    let staff = connection("staff", "");
    let pair = Pair::open().await;
    let put = |count: usize| [&pair.one, &pair.other].map(|house| house.file(&people(count)));
    put(80);
    pair.other.succeed(&staff).await;
    for house in [&pair.one, &pair.other] {
        house.advance(SignedDuration::from_hours(25));
    }
    put(75);
    let (one, other) = pair.cross((&staff, &staff), Side::Before, |passing| passing.kind == Kind::Removing).await;
    assert_eq!((one.counts.deactivated, other.counts.deactivated), (0, 5), "{one:#?}");
    assert_eq!((one.spent.removals, other.spent.removals), (0, 5));
    put(72);
    assert_eq!(pair.other.sync(&staff).await.counts.deactivated, 3, "5 and 3 are a tenth of 80");
}

/// Stops a run before it reads the directory.
struct Halt {
    reading: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Observer for Halt {
    fn stage(&self, stage: Stage) {
        if stage == Stage::Reading {
            self.reading.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l04_what_another_run_removed_meanwhile_counts() {
    let house = Arc::new(House::open().await);
    let staff = connection("staff", "leavers: {policy: Delete, hold: {abovePercent: 10, aboveCount: 5}}");
    house.file(&people(100));
    house.succeed(&staff).await;
    house.advance(SignedDuration::from_hours(25));
    let (reading, is_reading) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let halt = Halt { reading, go: Mutex::new(may_go) };
    let first = tokio::task::spawn_blocking({
        let (house, staff) = (Arc::clone(&house), staff.clone());
        move || tokio::runtime::Handle::current().block_on(house.report(&staff, Mode::Sync, &halt)).summary
    });
    tokio::task::spawn_blocking(move || is_reading.recv().unwrap()).await.unwrap();
    house.file(&people(92));
    assert_eq!(house.succeed(&staff).await.deleted, 8);
    // The other's directory shows others gone: 8 and 8 are more than a tenth of 100.
    house.file(&people(100)[8..]);
    go.send(()).unwrap();
    let summary = first.await.unwrap();
    assert_eq!((summary.counts.deleted, summary.counts.held), (0, 8), "{summary:#?}");
    assert_eq!(house.active().await.len(), 92);
}
