//! A company in which everything happens at once: the folder of a connection over it, and the file before and after.
//! What becomes of somebody depends on the last two digits of their number.

use std::fmt::Write as _;
use std::path::Path;

use contactsync::scim;
use reqwest::Method;
use serde_json::{Value, json};

use super::house::client;
use super::processes::Place;

/// What a connection does about leavers.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Leavers {
    Deactivate,
    Delete,
}

/// Which state of the company the file shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// The first: 4 of 100 are not there yet.
    First,
    /// 3 of 100 have left, so that some can come back.
    Settled,
    /// Another that never lasts: other titles, cycles the other way around, some of the joiners and leavers.
    Between,
    /// Joiners, returners, movers, swaps, cycles, chains, new titles, leavers, people out of scope.
    Changed,
}

fn address(n: usize) -> String {
    format!("person.{n}@acme.example")
}

/// Which address number `n` has in a state.
fn mail(n: usize, state: State) -> String {
    let around = |first: usize, size: usize, by: usize| n - n % 100 + first + (n % 100 - first + by) % size;
    match (n % 100, state) {
        (_, State::First | State::Settled) => address(n),
        (10, State::Changed) => format!("moved.{n}@acme.example"),
        // Two who swap, three around, and two of which the second moves out of the first's way.
        (20..=21, State::Changed) => address(around(20, 2, 1)),
        (30..=32, _) if n / 100 % 2 == 1 => address(n),
        (30..=32, State::Between) => address(around(30, 3, 2)),
        (30..=32, State::Changed) => address(around(30, 3, 1)),
        (40, State::Changed) => address(n + 1),
        (41, State::Changed) => format!("new.{n}@acme.example"),
        (_, State::Between | State::Changed) => address(n),
    }
}

fn is_there(n: usize, state: State) -> bool {
    match n % 100 {
        90..=93 => state == State::Changed || state == State::Between && n % 100 < 92,
        // Gone for good, and gone for a while.
        80 => state == State::First,
        81..=82 => state != State::Settled,
        60..=63 => matches!(state, State::First | State::Settled),
        64..=65 => state != State::Changed,
        _ => true,
    }
}

/// The file of `count` people.
pub fn file(count: usize, state: State) -> String {
    let mut csv = String::from("id,displayName,mail,title,groups,portal\n");
    for n in (0..count).filter(|n| is_there(*n, state)) {
        let title = match (n % 100, state) {
            (50..=51, State::Changed) => "Principal",
            (50..=52, State::Between) => "Acting Lead",
            _ => "Engineer",
        };
        let group = if n % 100 == 70 && state == State::Changed { "Alumni" } else { "Staff" };
        let mail = mail(n, state);
        writeln!(csv, "p{n:06},Person {n},{mail},{title},{group},{}", n % 2 == 0).unwrap();
    }
    csv
}

/// Writes the file as a careful exporter does: under another name, then renamed.
pub fn put_file(place: &Place, name: &str, csv: &str) {
    let file = place.0.join("manifests").join(name);
    let fresh = file.with_extension("new");
    std::fs::write(&fresh, csv).unwrap();
    std::fs::rename(fresh, file).unwrap();
}

/// The manifest of a connection over people.csv.
pub fn connection(name: &str, more: &str) -> String {
    format!(
        "apiVersion: kdesk.seraphex.net/v1alpha1
kind: ContactSyncConnection
metadata: {{name: {name}, namespace: support}}
spec:
  state: Enabled
  workspaceRef: {{name: desk}}
  emailDomains: [acme.example]
  conflicts: Adopt
  deletionPolicy: Keep
{more}"
    )
}

/// Everybody in Staff.
pub fn staff(leavers: Leavers) -> String {
    connection(
        "staff",
        &format!(
            "  source: {{type: File, file: {{path: people.csv, format: CSV, idField: id, groupsField: groups}}}}
  scope: {{mode: List, list: {{groups: [{{name: Staff}}]}}}}
  mapping: {{preset: Standard, access: {{portalAccess: {{from: portal}}}}}}
  leavers: {{policy: {leavers:?}, hold: {{abovePercent: 10, aboveCount: 5}}}}
"
        ),
    )
}

/// Makes the folder of connections, or points one that is there at another desk.
pub fn lay_out(folder: &Path, desk: &str, connections: &str) -> Place {
    let workspace = format!(
        "apiVersion: kdesk.seraphex.net/v1alpha1
kind: KDeskWorkspace
metadata: {{name: desk, namespace: support}}
spec:
  endpoint: {desk}
  auth: {{type: BearerToken, bearerToken: {{secretRef: {{name: kdesk, key: token}}}}}}
  contactSync: Enabled
  limits: {{requestsPerSecond: 1000, concurrency: 4}}
---
apiVersion: v1
kind: Secret
metadata: {{name: kdesk, namespace: support}}
type: Opaque
stringData: {{token: whoever}}
"
    );
    let manifests = folder.join("manifests");
    std::fs::create_dir_all(&manifests).unwrap();
    std::fs::write(manifests.join("workspace.yaml"), workspace).unwrap();
    std::fs::write(manifests.join("connections.yaml"), connections).unwrap();
    Place(folder.to_owned())
}

/// One request to a desk that lets anybody in.
pub async fn ask(desk: &str, method: Method, path: &str, body: Value) -> Value {
    let request = client().request(method, format!("{desk}{path}")).header("content-type", scim::MEDIA_TYPE);
    let answer = request.body(body.to_string()).send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

async fn bulk(desk: &str, operations: Vec<Value>) {
    let answer = ask(desk, Method::POST, "/Bulk", json!({"schemas": [scim::BULK_REQUEST], "Operations": operations}));
    for operation in answer.await["Operations"].as_array().unwrap() {
        assert!(operation["status"].as_str().unwrap().starts_with('2'), "{operation}");
    }
}

/// Contacts that no connection of these tests made: agents, nobody's, another installation's, and some of nobody's that
/// joiners will find in their way and take over.
pub async fn foreigners(desk: &str, count: usize) {
    let mut contacts = Vec::new();
    for n in 0..20 {
        contacts.push(json!({"userName": format!("agent.{n}@desk.example"), "userType": "Agent", "active": true}));
        contacts.push(json!({"userName": format!("nobodys.{n}@desk.example"), "nickName": "Jo", "active": n % 3 != 0}));
        let owner = format!("elsewhere/support/others/{n}!left=2026-01-01T00:00:00Z");
        contacts.push(json!({"userName": format!("theirs.{n}@desk.example"), "externalId": owner, "active": true}));
    }
    for n in (90..count.min(2000)).step_by(100) {
        // They have the portal access that the file gives, which taking over would leave for the next run.
        let access = json!({"portalAccess": true});
        contacts.push(json!({"userName": address(n), "displayName": "By Hand", "nickName": "Jo", "active": true,
            (scim::KDESK_CONTACT): access}));
    }
    let create = |(n, mut contact): (usize, Value)| {
        contact["schemas"] = json!([scim::USER]);
        json!({"method": "POST", "path": "/Users", "bulkId": format!("f{n}"), "data": contact})
    };
    bulk(desk, contacts.into_iter().enumerate().map(create).collect()).await;
}

/// People of the desk write into contacts: fields that nobody maps, and some are turned off.
pub async fn edit_by_hand(desk: &str, count: usize) {
    let mut operations = Vec::new();
    for n in (0..count.min(3000)).filter(|n| [5, 10, 21, 31, 60, 81, 85].contains(&(n % 100))) {
        let path = format!("/Users?filter=externalId%20sw%20%22default/support/staff/p{n:06}%22");
        let found = ask(desk, Method::GET, &path, json!(null)).await;
        let Some(id) = found["Resources"][0]["id"].as_str().map(str::to_owned) else { continue };
        let mut edit = vec![json!({"op": "add", "path": "nickName", "value": format!("Nick {n}")})];
        if n % 100 == 5 {
            edit.push(json!({"op": "replace", "path": "active", "value": false}));
        }
        let data = json!({"schemas": [scim::PATCH_OP], "Operations": edit});
        operations.push(json!({"method": "PATCH", "path": format!("/Users/{id}"), "data": data}));
    }
    bulk(desk, operations).await;
}
