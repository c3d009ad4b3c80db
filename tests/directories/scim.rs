//! The SCIM source, held to the suite over a fake that keeps the RFCs, and over the same paging by cursor.

use async_trait::async_trait;
use contactsync::api::{Auth, AuthType, ScimSource};
use contactsync::directory::scim::{self, ScimDirectory, ScimSettings};
use contactsync::directory::{Directory, Error, ReadQuery};
use contactsync::net::{Credentials, Secret};
use contactsync::person::PersonId;
use serde_json::{Map, Value, json};
use url::Url;

use super::conformance::{Kept, Source, TestGroup, TestPerson, by_id};
use super::faults::{Fake, Served, wiring};
use crate::support::scim_idp::{BASE, Cursors, Group, Habits, STAFF, ScimIdp, TOKEN};
use crate::support::service::{Ask, Fault, Misbehaving, Server};

/// A directory of a server at `url`.
pub(super) fn directory(url: &Url, change: impl FnOnce(&mut ScimSettings)) -> ScimDirectory {
    let source = ScimSource {
        endpoint: url.join(BASE).unwrap().to_string(),
        auth: Auth { type_: AuthType::BearerToken, bearer_token: None, oauth2: None },
        tls: None,
        segment_attribute: Some(format!("{STAFF}:unit")),
        page_size: None,
    };
    let credentials = Credentials::BearerToken(Secret::new(TOKEN.to_owned()));
    let wiring = wiring();
    let mut settings = ScimSettings { source, credentials, wiring };
    change(&mut settings);
    scim::open(settings).unwrap()
}

/// A user as this provider has them.
pub(super) fn user(person: &TestPerson) -> Value {
    let mut user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", STAFF],
        "id": person.id,
        "userName": format!("login-{}", person.id),
        "active": !person.disabled,
        STAFF: {"unit": person.unit},
    });
    for (name, values) in &person.attributes {
        let labelled = |kind: &str| values.iter().map(|v| json!({"value": v, "type": kind})).collect::<Vec<_>>();
        match *name {
            "displayName" | "title" => user[*name] = json!(values[0]),
            "cn" => user["name"] = json!({"formatted": values[0]}),
            "mail" => user["emails"] = json!(labelled("work")),
            "telephoneNumber" => user["phoneNumbers"] = json!(labelled("work")),
            "l" => user["addresses"] = json!([{"locality": values[0], "type": "work"}]),
            other => panic!("no place for {other}"),
        }
    }
    user
}

pub(super) fn idp(people: &[TestPerson], groups: &[TestGroup]) -> ScimIdp {
    let strings = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    let groups = groups.iter().map(|group| Group {
        id: format!("g-{}", group.key),
        name: group.name.to_owned(),
        people: strings(&group.people),
        groups: group.groups.iter().map(|key| format!("g-{key}")).collect(),
    });
    ScimIdp::new(people.iter().map(user).collect(), groups.collect())
}

/// A directory over a provider.
pub(super) type Open = Kept<ScimDirectory, Server<ScimIdp>>;

/// A server of these habits.
pub(super) async fn open(people: &[TestPerson], groups: &[TestGroup], habits: Habits) -> Open {
    let server = Server::start(idp(people, groups).with(habits)).await;
    Kept { directory: directory(&server.url, |_| {}), server }
}

/// What names of inetOrgPerson are here.
pub(super) fn attribute(name: &str) -> String {
    match name {
        "mail" => "emails[work]",
        "telephoneNumber" => "phoneNumbers[work]",
        "cn" => "name.formatted",
        "l" => "addresses[work].locality",
        other => other,
    }
    .to_owned()
}

struct Provider {
    cursors: bool,
}

impl Provider {
    fn habits(&self, most: Option<usize>) -> Habits {
        let cursors = self.cursors.then(|| Cursors { totals: true, ..Cursors::default() });
        Habits { most, cursors, ..Habits::default() }
    }
}

#[async_trait]
impl Source for Provider {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        Box::new(open(people, groups, self.habits(None)).await)
    }

    fn segment(&self, unit: &str) -> String {
        unit.to_owned()
    }

    fn attribute(&self, name: &str) -> String {
        attribute(name)
    }
}

#[async_trait]
impl Served for Provider {
    async fn serve(&self, people: &[TestPerson], groups: &[TestGroup]) -> (Box<dyn Directory>, Box<dyn Fake>) {
        let Kept { directory, server } = open(people, groups, self.habits(Some(3))).await;
        (Box::new(directory), Box::new(server))
    }

    /// Nothing: `totalResults` and what people say of their groups tell.
    fn hides(&self, _fault: &Fault) -> bool {
        false
    }
}

impl Fake for Server<ScimIdp> {
    fn remove_group(&self, key: &str) {
        self.change(|idp| idp.groups.retain(|group| group.id != format!("g-{key}")));
    }

    fn revoke(&self) {
        self.change(|idp| idp.open = false);
    }
}

mod by_index {
    use super::*;

    const PROVIDER: Provider = Provider { cursors: false };
    directory_conformance!(PROVIDER);
    nested_groups!(PROVIDER);
    many_values!(PROVIDER);
    ambiguous_groups!(PROVIDER);
    fault_conformance!(PROVIDER);
}

mod by_cursor {
    use super::*;

    const PROVIDER: Provider = Provider { cursors: true };
    directory_conformance!(PROVIDER);
    nested_groups!(PROVIDER);
    fault_conformance!(PROVIDER);
}

pub(super) fn asked_for(log: &[Ask], path: &str) -> usize {
    log.iter().filter(|ask| ask.path == format!("{BASE}{path}")).count()
}

#[tokio::test]
async fn thousands_are_read_by_the_least_requests() {
    let server = ScimIdp::generated(5000).await;
    let credentials = Credentials::OAuth2 {
        token_url: server.url.join("/token").unwrap(),
        client_id: "contactsync".into(),
        client_secret: Secret::new("hunter2-secret".to_owned()),
        scopes: vec!["scim.read".into()],
    };
    let directory = directory(&server.url, |settings| settings.credentials = credentials);
    let query = super::conformance::asking(&["displayName", "emails[work]"]);
    let people = by_id(&directory, &query).await;
    assert_eq!(people.len(), 5000);
    let log = server.log();
    assert_eq!((asked_for(&log, "/Users"), asked_for(&log, "/ServiceProviderConfig")), (25, 1));
    assert_eq!(log.len(), 27, "and one token");
    assert_eq!(server.change(|idp| idp.tokens.count), 1);
    by_id(&directory, &query).await;
    assert_eq!(server.log().len(), 52, "nothing is asked twice that stays");
}

#[tokio::test]
async fn only_what_is_needed_is_asked_for() {
    let open = open(&[super::conformance::person("1", "Ann")], &[], Habits::default()).await;
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let query = super::conformance::asking(&["emails[work]", "emails[primary]", &format!("{enterprise}:division")]);
    by_id(&open, &query).await;
    let log = open.server.log();
    let users = log.iter().find(|ask| ask.path.ends_with("/Users")).unwrap();
    assert_eq!(users.param("attributes"), format!("id,active,{STAFF}:unit,emails,{enterprise}:division"));
    assert_eq!((users.param("startIndex"), users.param("count")), ("1", "200"));
    assert!(!users.query.contains_key("filter"));
}

/// Attribute names ignore case (RFC 7643 section 2.1), on both sides.
#[tokio::test]
async fn names_numbers_and_flags_are_read_loosely() {
    let people = [super::conformance::person("1", "Ann"), TestPerson { disabled: true, ..Default::default() }];
    let people = [people[0].clone(), TestPerson { id: "2".into(), unit: "Staff", ..people[1].clone() }];
    let habits = Habits { loose: true, most: Some(1), ..Habits::default() };
    let open = open(&people, &[], habits).await;
    let people = by_id(&open, &super::conformance::asking(&["DISPLAYNAME", "Emails[WORK]"])).await;
    let ann = &people[&PersonId::new("1").unwrap()];
    assert_eq!(ann.attributes.keys().map(|key| &**key).collect::<Vec<_>>(), ["DISPLAYNAME", "Emails[WORK]"]);
    assert_eq!(ann.attributes["Emails[WORK]"], [json!("somebody@acme.example")]);
    assert!(!ann.disabled && people[&PersonId::new("2").unwrap()].disabled);
}

#[tokio::test]
async fn whoever_says_nothing_of_active_is_enabled_and_nonsense_breaks_the_read() {
    let user = |active: Value| {
        let mut user = Map::from_iter([("id".to_owned(), json!("1")), ("displayName".to_owned(), json!("Ann"))]);
        user.insert("active".to_owned(), active);
        Server::start(ScimIdp::new(vec![Value::Object(user)], Vec::new()))
    };
    for (active, disabled) in [(json!(null), false), (json!("FALSE"), true), (json!("true"), false)] {
        let server = user(active).await;
        let people = by_id(&directory(&server.url, |_| {}), &super::conformance::asking(&["displayName"])).await;
        assert_eq!(people[&PersonId::new("1").unwrap()].disabled, disabled);
    }
    let server = user(json!("perhaps")).await;
    let error = super::conformance::read(&directory(&server.url, |_| {}), &ReadQuery::default()).await.unwrap_err();
    assert!(matches!(&error, Error::Incomplete { .. }) && error.to_string().contains("active"), "{error}");
}
