//! Two processes at once: the same connection twice, and connections whose people overlap. One of them is stopped at a
//! chosen request, between what it looked at and what it writes, until the other has done its part.

use std::sync::{Arc, Mutex, mpsc};

use contactsync::runlog::Summary;
use contactsync::sync::{Mode, Observer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::between::{Between, Kind, Passing, Side, Then};
use crate::support::house::{self, House, people};
use crate::support::ledger::{Ledger, assert_sound, ledger};
use crate::support::processes::{Place, Served};
use crate::support::upheaval::{Leavers, State, ask, connection, file, lay_out, put_file, staff};

/// A desk, and two folders with the same manifests: one's requests pass the proxy, the other's do not.
struct Pair {
    _folder: tempfile::TempDir,
    desk: Served,
    between: Between,
    one: Place,
    other: Place,
}

impl Pair {
    async fn over(connections: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Served::start(&folder.path().join("kdesk.db"));
        let between = Between::start(&desk.base(), false).await;
        let one = lay_out(&folder.path().join("one"), &between.base, connections);
        let other = lay_out(&folder.path().join("other"), &desk.base(), connections);
        Self { _folder: folder, desk, between, one, other }
    }

    fn put(&self, name: &str, csv: &str) {
        for place in [&self.one, &self.other] {
            put_file(place, name, csv);
        }
    }

    fn ledger(&self) -> Ledger {
        ledger(&self.desk.database)
    }

    /// The contact with that address, and its id.
    fn contact(&self, address: &str) -> (String, Value) {
        let found = self.ledger().0.into_iter().find(|(_, contact)| contact["userName"] == address);
        found.unwrap_or_else(|| panic!("nobody has {address}"))
    }

    /// Runs `one` up to such a request, then `other` to its end, then `one`: their summaries.
    async fn cross(
        &self,
        (one, other): (&str, &str),
        side: Side,
        at: impl Fn(&Passing) -> bool + Send + 'static,
    ) -> (Summary, Summary) {
        let mut stop = self.between.stop(side, at);
        let first = self.one.start(&[one]);
        stop.wait().await;
        let second = self.other.run(&[other]).await.summary();
        stop.then(Then::GoOn);
        (first.end().await.summary(), second)
    }

    /// Both folders' next runs write nothing.
    async fn assert_at_rest(&self, connections: &[&str]) {
        let before = self.ledger();
        for place in [&self.one, &self.other] {
            let ended = place.run(connections).await;
            assert!(before.0 == self.ledger().0, "{}", ended.said());
        }
        assert!(before.doubled().is_empty());
        assert_sound(&self.desk.database, &self.between.done());
    }
}

/// Where the desk comes to when nobody disturbs.
async fn alone(people: usize, states: &[State], leavers: Leavers) -> Ledger {
    let pair = Pair::over(&staff(leavers)).await;
    for state in states {
        pair.put("people.csv", &file(people, *state));
        let ended = pair.other.run(&[]).await;
        assert_eq!(ended.code(), 0, "{}", ended.said());
    }
    pair.ledger()
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_two_first_runs_at_once_make_nobody_twice() {
    let expected = alone(700, &[State::First], Leavers::Deactivate).await;
    for same_folder in [true, false] {
        let pair = Pair::over(&staff(Leavers::Deactivate)).await;
        pair.put("people.csv", &file(700, State::First));
        let (one, other) = (pair.one.start(&[]), if same_folder { &pair.one } else { &pair.other }.start(&[]));
        let (one, other) = (one.end().await, other.end().await);
        assert_eq!((one.code(), other.code()), (0, 0), "{}{}", one.said(), other.said());
        assert_eq!(expected.differences(&pair.ledger(), &Ledger::default()), Vec::<String>::new());
        pair.assert_at_rest(&[]).await;
    }
}

/// Wherever one run is when another goes past it, the contacts end right.
#[tokio::test(flavor = "multi_thread")]
async fn l11_a_run_that_is_passed_by_another_ends_in_the_same_contacts() {
    let leavers = Leavers::Delete;
    let expected = alone(100, &[State::First, State::Between], leavers).await;
    for (side, kind) in [
        (Side::After, Kind::Listing),
        (Side::Before, Kind::Parking),
        (Side::After, Kind::Parking),
        (Side::Before, Kind::Writing),
        (Side::Before, Kind::Removing),
        (Side::After, Kind::Removing),
    ] {
        let pair = Pair::over(&staff(leavers)).await;
        pair.put("people.csv", &file(100, State::First));
        let before = pair.one.run(&[]).await;
        assert_eq!(before.code(), 0, "{}", before.said());
        let before = pair.ledger();
        pair.put("people.csv", &file(100, State::Between));
        let (one, other) = pair.cross(("staff", "staff"), side, move |passing| passing.kind == kind).await;
        let told = format!("{side:?} {kind:?}: {one:#?} {other:#?}");
        let ids = |ledger: &Ledger| ledger.0.values().map(|contact| contact["externalId"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&before).len(), 96);
        // One of them may have met what the other did; the next run is whole.
        let next = pair.one.run(&[]).await;
        assert_eq!(expected.differences(&pair.ledger(), &Ledger::default()), Vec::<String>::new(), "{told}");
        assert_eq!(next.code(), 0, "{told} {}", next.said());
        pair.assert_at_rest(&[]).await;
    }
}

const HANDOVER: &str = "  source: {type: File, file: {path: people.csv, format: CSV, idField: id, groupsField: groups}}
  mapping: {preset: Standard}
";

/// Two connections over one file, by group; `sales` deletes whom it loses, after a day.
fn teams(leavers: &str) -> String {
    let team = |name: &str, group: &str, leavers: &str| {
        let scope = format!("  scope: {{mode: List, list: {{groups: [{{name: {group}}}]}}}}\n");
        connection(name, &format!("{HANDOVER}{scope}  leavers: {leavers}\n"))
    };
    let hold = "hold: {aboveCount: 50}";
    [
        team("sales", "Sales", &format!("{{policy: {leavers}, {hold}}}")),
        team("support", "Support", &format!("{{policy: Deactivate, {hold}}}")),
        team("partners", "Partners", &format!("{{policy: Deactivate, {hold}}}")),
    ]
    .join("---\n")
}

fn csv(people: &[(&str, &str)]) -> String {
    let lines = people.iter().map(|(id, groups)| format!("{id},Person {id},{id}@acme.example,{groups}\n"));
    "id,displayName,mail,groups\n".to_owned() + &lines.collect::<String>()
}

impl Pair {
    /// A contact of sales that was marked as left two days ago; its person is in these groups now.
    async fn left(leavers: &str, groups: &str) -> (Self, String) {
        let pair = Self::over(&teams(leavers)).await;
        pair.put("people.csv", &csv(&[("ann", "Sales"), ("bo", "Sales"), ("cy", "Support"), ("di", "Partners")]));
        assert_eq!(pair.one.run(&[]).await.code(), 0);
        let id = pair.contact("ann@acme.example").0;
        let left = (contactsync::clock::system()() - jiff::SignedDuration::from_hours(48)).strftime("%Y-%m-%dT%H:%M:%SZ");
        let mark = json!({"op": "replace", "path": "externalId", "value": format!("default/support/sales/ann!left={left}")});
        let body = json!({"schemas": [contactsync::scim::PATCH_OP], "Operations": [mark]});
        ask(&pair.desk.base(), Method::PATCH, &format!("/Users/{id}"), body).await;
        pair.put("people.csv", &csv(&[("ann", groups), ("bo", "Sales"), ("cy", "Support"), ("di", "Partners")]));
        (pair, id)
    }

    fn owner(&self) -> (String, Value, Value) {
        let (id, contact) = self.contact("ann@acme.example");
        (id, contact["externalId"].clone(), contact["active"].clone())
    }
}

/// A contact that is there is changed or deleted: it was looked at before.
fn acts(passing: &Passing) -> bool {
    passing.is_write() && passing.method != Method::POST
}

#[tokio::test(flavor = "multi_thread")]
async fn l07_what_was_claimed_meanwhile_is_not_removed() {
    for leavers in ["Delete", "Deactivate"] {
        let (pair, id) = Pair::left(leavers, "Support").await;
        let (sales, support) = pair.cross(("sales", "support"), Side::Before, acts).await;
        assert_eq!((sales.counts.deleted + sales.counts.deactivated, support.counts.claimed), (0, 1), "{sales:#?}");
        assert_eq!(pair.owner(), (id, json!("default/support/support/ann"), json!(true)));
        pair.assert_at_rest(&[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_what_was_removed_meanwhile_is_not_claimed_but_found_again() {
    for leavers in ["Delete", "Deactivate"] {
        let (pair, id) = Pair::left(leavers, "Support").await;
        let (support, sales) = pair.cross(("support", "sales"), Side::Before, acts).await;
        assert_eq!((sales.counts.deleted + sales.counts.deactivated, support.counts.claimed), (1, 0), "{support:#?}");
        let next = pair.one.run(&["support"]).await;
        assert_eq!(next.code(), 0, "{}", next.said());
        let (found, owner, active) = pair.owner();
        assert_eq!((found == id, owner, active), (leavers == "Deactivate", json!("default/support/support/ann"), json!(true)));
        pair.assert_at_rest(&[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_of_two_that_claim_at_once_one_gets_it() {
    let (pair, id) = Pair::left("Delete", "Support;Partners").await;
    let (support, partners) = pair.cross(("support", "partners"), Side::Before, acts).await;
    assert_eq!((support.counts.claimed, partners.counts.claimed), (0, 1), "{support:#?}");
    assert_eq!(pair.owner(), (id, json!("default/support/partners/ann"), json!(true)));
    pair.assert_at_rest(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_who_comes_back_meanwhile_is_not_claimed() {
    let (pair, id) = Pair::left("Delete", "Sales;Support").await;
    let (support, sales) = pair.cross(("support", "sales"), Side::Before, acts).await;
    assert_eq!((support.counts.claimed, sales.counts.updated), (0, 1), "{support:#?}");
    assert_eq!(pair.owner(), (id, json!("default/support/sales/ann"), json!(true)));
    pair.assert_at_rest(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_who_is_claimed_meanwhile_is_not_taken_back() {
    let (pair, id) = Pair::left("Delete", "Sales;Support").await;
    let (sales, support) = pair.cross(("sales", "support"), Side::Before, acts).await;
    assert_eq!((sales.counts.updated, support.counts.claimed), (0, 1), "{sales:#?}");
    assert_eq!(pair.owner(), (id, json!("default/support/support/ann"), json!(true)));
    pair.assert_at_rest(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_overlapping_connections_that_run_together_come_to_rest() {
    let pair = Pair::over(&teams("Deactivate")).await;
    let everybody: Vec<String> = (0..300).map(|n| format!("p{n}")).collect();
    let groups = ["Sales", "Support", "Sales;Support", "Support;Partners", "Sales;Support;Partners"];
    for turn in 0..4 {
        let of = |n: usize| groups[(n + turn * (1 + n % 3)) % groups.len()];
        let people: Vec<(&str, &str)> = everybody.iter().enumerate().map(|(n, id)| (id.as_str(), of(n))).collect();
        pair.put("people.csv", &csv(&people));
        let runs: Vec<_> = ["sales", "support", "partners"]
            .into_iter()
            .zip([&pair.one, &pair.other, &pair.other])
            .map(|(name, place)| place.start(&[name]))
            .collect();
        for run in runs {
            let ended = run.end().await;
            assert!(ended.code() <= 1, "{}", ended.said());
        }
        let contacts = pair.ledger();
        assert_eq!((contacts.0.len(), contacts.doubled()), (300, vec![]));
        assert!(contacts.0.values().all(|contact| contact["active"] == true), "everybody is in some scope");
    }
    for _ in 0..2 {
        pair.one.run(&[]).await;
    }
    pair.assert_at_rest(&[]).await;
    let left = |contact: &Value| contact["externalId"].as_str().unwrap().contains("!left");
    assert_eq!(pair.ledger().0.values().filter(|contact| left(contact)).count(), 0, "somebody wants each of them");
}

#[tokio::test(flavor = "multi_thread")]
async fn l04_two_runs_of_the_same_removals_spend_them_once() {
    let pair = Pair::over(&staff(Leavers::Deactivate)).await;
    let people = |count: usize| file(count, State::First);
    pair.put("people.csv", &people(80));
    // Both keep their records in one place.
    std::fs::remove_dir_all(pair.other.records()).ok();
    std::fs::create_dir_all(pair.one.records()).unwrap();
    std::os::unix::fs::symlink(pair.one.records(), pair.other.records()).unwrap();
    assert_eq!(pair.one.run(&[]).await.code(), 0);
    crate::sync::killed::age(&pair.one);
    pair.put("people.csv", &people(75));
    let (one, other) = pair.cross(("staff", "staff"), Side::Before, |passing| passing.kind == Kind::Removing).await;
    assert_eq!((one.counts.deactivated, other.counts.deactivated), (0, 5), "{one:#?}");
    assert_eq!((one.spent.removals, other.spent.removals), (0, 5));
    pair.put("people.csv", &people(72));
    assert_eq!(pair.one.run(&[]).await.summary().counts.deactivated, 3, "5 and 3 are a tenth of 80");
}

/// Stops a run before it reads the directory.
struct Halt {
    reading: mpsc::Sender<()>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Observer for Halt {
    fn stage(&self, stage: contactsync::sync::Stage) {
        if stage == contactsync::sync::Stage::Reading {
            self.reading.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l04_what_another_run_removed_meanwhile_counts() {
    let house = Arc::new(House::open().await);
    house.file(&people(100));
    house.succeed(&house::connection("staff", "")).await;
    house.advance(jiff::SignedDuration::from_hours(25));
    let (reading, is_reading) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let halt = Halt { reading, go: Mutex::new(may_go) };
    let first = tokio::task::spawn_blocking({
        let house = Arc::clone(&house);
        move || {
            let staff = house::connection("staff", "");
            let run = house.report(&staff, Mode::Sync, &halt);
            tokio::runtime::Handle::current().block_on(run).summary
        }
    });
    tokio::task::spawn_blocking(move || is_reading.recv().unwrap()).await.unwrap();
    house.file(&people(92));
    assert_eq!(house.succeed(&house::connection("staff", "")).await.deactivated, 8);
    // The other's directory shows others gone: 8 and 8 are more than a tenth of 100.
    house.file(&people(100)[8..]);
    go.send(()).unwrap();
    let summary = first.await.unwrap();
    assert_eq!((summary.counts.deactivated, summary.counts.held), (0, 8), "{summary:#?}");
    assert_eq!(house.active().await.len(), 92);
}
