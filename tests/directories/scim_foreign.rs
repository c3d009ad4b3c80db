//! The SCIM source over servers that somebody else wrote, or that were written for something else: scim2-server, as
//! published, and the bundled workspace.

use std::collections::HashMap;
use std::sync::Mutex;

use async_trait::async_trait;
use contactsync::directory::scim::ScimDirectory;
use contactsync::directory::{Directory, ReadQuery, Who};
use contactsync::kdesk::{self, Workspace};
use contactsync::net::{Credentials, Secret};
use contactsync::person::PersonId;
use serde_json::json;

use super::conformance::{Kept, Source, TestGroup, TestPerson, asking, by_id, person};
use super::scim::{attribute, directory, user};
use crate::support::scim_idp::{ENTERPRISE, STAFF};
use crate::support::scim2_server::{Filler, Scim2Server, TOKEN};

fn over(base: &str, token: &str, page: i32) -> ScimDirectory {
    directory(&base.parse().unwrap(), |settings| {
        base.clone_into(&mut settings.source.endpoint);
        settings.source.segment_attribute = Some(format!("{ENTERPRISE}:department"));
        settings.source.page_size = Some(page);
        settings.credentials = Credentials::BearerToken(Secret::new(token.to_owned()));
    })
}

/// scim2-server, which gives ids of its own.
#[derive(Default)]
struct Foreign {
    ids: Mutex<HashMap<String, String>>,
}

impl Foreign {
    fn of(&self, id: &str) -> String {
        self.ids.lock().unwrap().get(id).cloned().unwrap_or_else(|| id.to_owned())
    }
}

/// A user to be created, the unit where every server has a place for it.
fn newcomer(person: &TestPerson) -> serde_json::Value {
    let mut user = user(person);
    let unit = user.as_object_mut().unwrap().shift_remove(STAFF).unwrap()["unit"].take();
    user.as_object_mut().unwrap().shift_remove("id");
    user["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]);
    user[ENTERPRISE] = json!({"department": unit});
    user
}

#[async_trait]
impl Source for Foreign {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let server = Scim2Server::start().await;
        let filler = Filler::new(&server.base, TOKEN);
        for person in people {
            let id = filler.create("Users", &newcomer(person)).await;
            self.ids.lock().unwrap().insert(person.id.clone(), id);
        }
        // Groups within groups are made before those that hold them.
        let mut made: HashMap<&str, String> = HashMap::new();
        for group in groups {
            let people = group.people.iter().map(|id| json!({"value": self.of(id), "type": "User"}));
            let inner = group.groups.iter().map(|key| json!({"value": made[key], "type": "Group"}));
            let members: Vec<_> = people.chain(inner).collect();
            let group_schema = "urn:ietf:params:scim:schemas:core:2.0:Group";
            let body = json!({"schemas": [group_schema], "displayName": group.name, "members": members});
            made.insert(group.key, filler.create("Groups", &body).await);
        }
        Box::new(Kept { directory: over(&server.base, TOKEN, 4), server })
    }

    fn segment(&self, unit: &str) -> String {
        unit.to_owned()
    }

    fn id(&self, id: &str) -> PersonId {
        PersonId::new(self.of(id)).unwrap()
    }

    fn attribute(&self, name: &str) -> String {
        attribute(name)
    }
}

promises! { Foreign::default();
    only_the_attributes_asked_for_come,
    l15_absent_attributes_are_absent,
    text_comes_as_written,
    groups_hold_their_members,
    groups_resolve_in_the_order_asked,
    l02_an_unknown_group_fails,
    a_closed_receiver_cancels,
    disabled_accounts_are_marked,
    a_segment_narrows_and_loses_nobody,
    a_bound_by_groups_loses_no_member,
    l03_reading_again_finds_who_is_there,
    people_are_shown_by_id_and_by_address,
    nested_groups_count_when_asked,
    many_values_come,
    l02_an_ambiguous_group_fails,
}

fn staff() -> Vec<TestPerson> {
    let mut staff: Vec<TestPerson> = (0..30).map(|id| person(&id.to_string(), "Somebody")).collect();
    staff[3].attributes.push(("title", vec!["Engineer"]));
    staff[4].attributes.push(("title", vec!["Engineer"]));
    staff[5].disabled = true;
    for (place, one) in staff.iter_mut().enumerate() {
        let mail: &'static str = format!("s{place}@acme.example").leak();
        one.attributes[1] = ("mail", vec![mail]);
    }
    staff
}

/// What every server promises that holds these thirty, under whatever ids.
async fn serves(directory: &ScimDirectory, ids: &[String]) {
    let id = |place: usize| PersonId::new(&ids[place]).unwrap();
    let everybody = by_id(directory, &asking(&["displayName", "title", "emails[work]"])).await;
    assert_eq!(everybody.len(), 30);
    assert!(everybody[&id(5)].disabled && !everybody[&id(6)].disabled);
    assert_eq!(everybody[&id(3)].attributes["title"], [json!("Engineer")]);
    let engineers = ReadQuery { filter: Some(r#"title eq "Engineer""#.into()), ..asking(&["title"]) };
    let found = by_id(directory, &engineers).await;
    assert_eq!(found.len(), 2);
    let asked: Vec<PersonId> = vec![id(3), id(6), PersonId::new("no-such-id").unwrap()];
    let again = directory.read_again(&engineers, &asked).await.unwrap();
    assert_eq!(again.len(), 2);
    assert!(again.iter().all(|person| person.in_query == (person.id == id(3))));
    let nobody = ReadQuery { filter: Some(r#"title eq "Nobody""#.into()), ..asking(&["title"]) };
    assert!(by_id(directory, &nobody).await.is_empty(), "and it is believed");
    let shown = directory.show(&Who::Email("S7@acme.example".into())).await.unwrap();
    assert_eq!(shown.iter().map(|one| &one.id).collect::<Vec<_>>(), [&id(7)]);
}

async fn fill(filler: &Filler, people: Vec<serde_json::Value>) -> Vec<String> {
    let mut ids = Vec::new();
    for person in people {
        ids.push(filler.create("Users", &person).await);
    }
    ids
}

#[tokio::test]
async fn l16_a_foreign_server_is_read_page_by_page_and_filtered() {
    let server = Scim2Server::start().await;
    let filler = Filler::new(&server.base, TOKEN);
    let ids = fill(&filler, staff().iter().map(newcomer).collect()).await;
    serves(&over(&server.base, TOKEN, 7), &ids).await;
}

/// The bundled workspace has no groups, and wants addresses to sign in with.
#[tokio::test]
async fn l16_the_bundled_workspace_is_a_directory_too() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("kdesk.db"), kdesk::Auth::Bearer).unwrap();
    let token = workspace.create_token("test").unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/scim/v2", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { workspace.serve(listener, std::future::pending()).await.unwrap() });
    let filler = Filler::new(&base, &token);
    let contact = |person: &TestPerson| {
        let mut user = newcomer(person);
        user["userName"] = user["emails"][0]["value"].clone();
        user
    };
    let ids = fill(&filler, staff().iter().map(contact).collect()).await;
    serves(&over(&base, &token, 7), &ids).await;
    serving.abort();
}
