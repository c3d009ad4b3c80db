//! Microsoft Entra ID over a fake of Graph, held to the suite, faults included.

use std::collections::BTreeMap;

use async_trait::async_trait;
use contactsync::api::Membership;
use contactsync::directory::{Directory, ReadQuery};
use contactsync::net::RetryPolicy;
use contactsync::person::PersonId;
use serde_json::{Value, json};

use super::conformance::{Kept, Source, TestGroup, TestPerson, about, asking, by_id, group, person};
use super::faults::{Fake, Served, patience};
use crate::support::graph::{self, Graph, Group, Unit, Users, open, secret};
use crate::support::service::{Ask, Fault, Misbehaving, Server};

/// A GUID made from a name.
pub fn guid(name: &str) -> String {
    let hash = blake3::hash(name.as_bytes());
    uuid::Uuid::from_slice(&hash.as_bytes()[..16]).unwrap().to_string()
}

/// What Graph calls an attribute of inetOrgPerson.
fn property(name: &str) -> &str {
    match name {
        "title" => "jobTitle",
        "telephoneNumber" => "businessPhones",
        "l" => "city",
        other => other,
    }
}

fn user(person: &TestPerson) -> serde_json::Map<String, Value> {
    let mut user = graph::user(&guid(&person.id), "");
    user["accountEnabled"] = json!(!person.disabled);
    for (name, values) in &person.attributes {
        let name = property(name);
        let value = if name == "businessPhones" { json!(values) } else { json!(values[0]) };
        if name == "mail" {
            user["proxyAddresses"] = json!([format!("SMTP:{}", values[0])]);
        }
        user.insert(name.to_owned(), value);
    }
    user
}

/// An administrative unit for each unit and each step above it: the vendor's are not nested.
fn units(people: &[TestPerson]) -> Vec<Unit> {
    let mut units = BTreeMap::from([("Staff".to_owned(), Vec::new()), ("Sales".to_owned(), Vec::new())]);
    for person in people {
        let steps: Vec<&str> = person.unit.split('/').collect();
        for n in 1..=steps.len() {
            units.entry(steps[..n].join("/")).or_insert_with(Vec::new).push(guid(&person.id));
        }
    }
    units
        .into_iter()
        .map(|(name, users)| Unit { id: guid(&format!("unit {name}")), name, visibility: None, users })
        .collect()
}

/// A tenant with these people and groups.
pub fn tenant(people: &[TestPerson], groups: &[TestGroup]) -> Graph {
    let mut graph = Graph::new(Users::Held(people.iter().map(user).collect()));
    graph.units = units(people);
    let made = |group: &TestGroup| Group {
        key: group.key.to_owned(),
        id: guid(&format!("group {}", group.key)),
        name: group.name.to_owned(),
        visibility: None,
        users: group.people.iter().map(|id| guid(id)).collect(),
        groups: group.groups.iter().map(ToString::to_string).collect(),
    };
    graph.groups = groups.iter().map(made).collect();
    graph
}

struct Entra;

#[async_trait]
impl Source for Entra {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let server = Server::start(tenant(people, groups)).await;
        let directory = open(&server.url, secret(), None, RetryPolicy::default());
        Box::new(Kept { directory, server })
    }

    fn segment(&self, unit: &str) -> String {
        unit.to_owned()
    }

    fn id(&self, id: &str) -> PersonId {
        PersonId::new(guid(id)).unwrap()
    }

    fn attribute(&self, name: &str) -> String {
        property(name).to_owned()
    }

    fn unknown_attribute(&self) -> Option<&'static str> {
        None
    }
}

directory_conformance!(Entra);
nested_groups!(Entra);
many_values!(Entra);
ambiguous_groups!(Entra);

/// A server that can be told to misbehave from behind a trait object.
struct Told(Server<Graph>);

impl Misbehaving for Told {
    fn rule(&self, path: &'static str, skip: usize, times: usize, fault: Fault) {
        self.0.rule(path, skip, times, fault);
    }

    fn at_random(&self, seed: u64, percent: u32, faults: Vec<Fault>) {
        self.0.at_random(seed, percent, faults);
    }

    fn behave(&self) -> usize {
        self.0.behave()
    }

    fn log(&self) -> Vec<Ask> {
        self.0.log()
    }

    fn forget(&self) {
        self.0.forget();
    }

    fn hasty(&self) -> usize {
        self.0.hasty()
    }
}

impl Fake for Told {
    fn remove_group(&self, key: &str) {
        self.0.change(|graph| graph.groups.retain(|group| group.key != key));
    }

    fn revoke(&self) {
        self.0.change(|graph| {
            graph.tokens.revoke();
            graph.trusted = false;
        });
    }
}

#[async_trait]
impl Served for Entra {
    async fn serve(&self, people: &[TestPerson], groups: &[TestGroup]) -> (Box<dyn Directory>, Box<dyn Fake>) {
        let server = Server::start(tenant(people, groups)).await;
        let directory = open(&server.url, secret(), Some(3), patience());
        (Box::new(directory), Box::new(Told(server)))
    }

    /// Listings are counted, so nothing is hidden.
    fn hides(&self, _fault: &Fault) -> bool {
        false
    }
}

fault_conformance!(Entra);

#[tokio::test]
async fn reading_costs_one_token_and_one_request_for_999_people() {
    let (directory, server) = graph::generated(4_995).await;
    let query = asking(&["displayName", "mail"]);
    assert_eq!(by_id(&*directory, &query).await.len(), 4_995);
    let log = server.log();
    assert_eq!(log.iter().filter(|ask| ask.path.ends_with("/token")).count(), 1);
    assert_eq!(log.len(), 1 + 5, "100,000 people at 999 a page: 101 requests");
    assert!(log[1..].iter().all(|ask| ask.path == "/v1.0/users"));
    server.forget();
    let ids: Vec<_> = (0..100).map(|place| PersonId::new(graph::generated_id(place * 50)).unwrap()).collect();
    assert_eq!(directory.read_again(&query, &ids).await.unwrap().len(), 100);
    assert_eq!(server.log().len(), 5, "20 in a batch");
}

#[tokio::test]
async fn a_bound_by_one_group_costs_only_its_members() {
    let people: Vec<_> = (0..50).map(|id| person(&id.to_string(), "Somebody")).collect();
    let groups = [group("Sales", &["1", "2"]), group("Portal", &["2", "9"])];
    let server = Server::start(tenant(&people, &groups)).await;
    let directory = open(&server.url, secret(), None, patience());
    let nested = Membership::Nested;
    let query = about(&directory, &[("Sales", nested), ("Portal", nested)]).await;
    server.forget();
    let query = ReadQuery { only_members_of: vec![0], ..query };
    let people = by_id(&directory, &query).await;
    assert_eq!(people.len(), 2);
    assert!(people[&Entra.id("2")].groups.contains(1) && !people[&Entra.id("1")].groups.contains(1));
    let selects: Vec<_> = server.log().iter().map(|ask| ask.param("$select").to_owned()).collect();
    assert_eq!(selects, ["id", "id,accountEnabled,userType"], "others' ids, then people");
}
