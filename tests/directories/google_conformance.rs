//! The Google Workspace source over a server that answers as Google does, held to the suite, faults included.

use async_trait::async_trait;
use contactsync::directory::Directory;
use serde_json::{Map, Value, json};

use super::conformance::{Kept, Source, TestGroup, TestPerson};
use super::faults::{Fake, Served};
use crate::support::google::{Google, Group, People, directory, user};
use crate::support::service::{Fault, Server};

pub(super) struct Workspace;

fn record(person: &TestPerson) -> Value {
    let mut more = Map::from_iter([
        ("suspended".to_owned(), json!(person.disabled)),
        ("orgUnitPath".to_owned(), json!(format!("/{}", person.unit))),
    ]);
    for (name, values) in &person.attributes {
        let (member, value) = match *name {
            "displayName" => ("name", json!({"fullName": values[0]})),
            "mail" => ("primaryEmail", json!(values[0])),
            "title" => ("organizations", json!([{"primary": true, "title": values[0]}])),
            "telephoneNumber" => {
                ("phones", values.iter().map(|value| json!({"type": "work", "value": value})).collect())
            }
            other => panic!("{other} has no place in a user record"),
        };
        more.insert(member.to_owned(), value);
    }
    user(&person.id, &more.into())
}

/// A group as the suite describes it.
pub(super) fn group_of(group: &TestGroup) -> Group {
    let people = group.people.iter().map(|id| json!({"id": id, "type": "USER", "status": "ACTIVE", "role": "MEMBER"}));
    let groups = group.groups.iter().map(|key| json!({"id": format!("g-{key}"), "type": "GROUP", "role": "MEMBER"}));
    Group {
        id: format!("g-{}", group.key),
        name: group.name.to_owned(),
        email: format!("{}@acme.example", group.key.to_lowercase().replace(' ', "-")),
        aliases: Vec::new(),
        members: people.chain(groups).collect(),
    }
}

/// A server that holds these.
pub(super) async fn holding(people: &[TestPerson], groups: &[TestGroup]) -> Server<Google> {
    let mut google = Google::new(People::Held(people.iter().map(record).collect()));
    google.groups = groups.iter().map(group_of).collect();
    Server::start(google).await
}

#[async_trait]
impl Source for Workspace {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let server = holding(people, groups).await;
        let directory = directory(&server, |_| {}).unwrap();
        Box::new(Kept { directory, server })
    }

    fn segment(&self, unit: &str) -> String {
        format!("/{unit}")
    }

    fn attribute(&self, name: &str) -> String {
        match name {
            "displayName" => "name.fullName",
            "mail" => "primaryEmail",
            "title" => "organizations[primary].title",
            "telephoneNumber" => "phones[work]",
            other => panic!("{other} has no place in a user record"),
        }
        .to_owned()
    }

    fn unknown_attribute(&self) -> Option<&'static str> {
        None
    }
}

impl Fake for Server<Google> {
    fn remove_group(&self, key: &str) {
        self.change(|google| google.groups.retain(|group| group.id != format!("g-{key}")));
    }

    fn revoke(&self) {
        self.change(|google| {
            google.tokens.revoke();
            google.revoked = true;
        });
    }
}

#[async_trait]
impl Served for Workspace {
    async fn serve(&self, people: &[TestPerson], groups: &[TestGroup]) -> (Box<dyn Directory>, Box<dyn Fake>) {
        let server = holding(people, groups).await;
        let directory = directory(&server, |settings| settings.source.page_size = Some(3)).unwrap();
        (Box::new(directory), Box::new(server))
    }

    /// Google counts no list, and its pages may be of any length.
    fn hides(&self, fault: &Fault) -> bool {
        matches!(fault, Fault::ShortPage)
    }
}

directory_conformance!(Workspace);
nested_groups!(Workspace);
many_values!(Workspace);
ambiguous_groups!(Workspace);
fault_conformance!(Workspace);
