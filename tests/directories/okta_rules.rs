//! What only Okta does: statuses, names, expressions and their index, links, limits.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use contactsync::api::{ContactSyncConnectionSpec, GroupRef, Membership};
use contactsync::contact::{Field, Value as ContactValue, Wanted};
use contactsync::directory::okta::OktaDirectory;
use contactsync::directory::{Directory, Error, GroupQuery, ReadQuery, ResolvedGroup, Who};
use contactsync::person::{PersonId, Program};
use serde_json::{Value, json};

use super::conformance::{about, asking, by_id, named, read};
use super::okta::{directory, generated};
use crate::support::okta::{Group, Limit, OktaService, group_id, serve, user, user_id};
use crate::support::service::{Fault, Misbehaving as _, Server};

async fn opened(people: Vec<Value>, groups: Vec<Group>) -> (OktaDirectory, Server<OktaService>) {
    let server = serve(OktaService::new(people, groups)).await;
    (directory(&server, |_| ()), server)
}

fn id(id: &str) -> PersonId {
    PersonId::new(user_id(id)).unwrap()
}

fn people(count: usize) -> Vec<Value> {
    let mail = |n| format!("person{n}@acme.example");
    (0..count).map(|n| user(&n.to_string(), "ACTIVE", json!({"email": mail(n), "department": "Sales"}))).collect()
}

fn group(name: &str, members: &[&str]) -> Group {
    let members = members.iter().map(|id| user_id(id)).collect();
    Group { id: group_id(name), name: name.to_owned(), kind: "OKTA_GROUP", members }
}

/// Paths asked for, each with how often.
fn asked(server: &Server<OktaService>) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for ask in server.log() {
        *asked.entry(ask.path).or_default() += 1;
    }
    asked
}

fn searching(filter: &str) -> ReadQuery {
    ReadQuery { filter: Some(filter.to_owned()), ..asking(&["email"]) }
}

#[tokio::test]
async fn everybody_is_read_in_as_few_requests_as_can_be() {
    for (count, pages) in [(2_400, 12), (4_001, 21)] {
        let (directory, server) = generated(count).await;
        let people = by_id(&*directory, &asking(&["email", "department"])).await;
        assert_eq!(people.len(), count);
        assert_eq!(asked(&server), BTreeMap::from([("/api/v1/users".into(), pages), ("/oauth2/v1/token".into(), 1)]));
        assert_eq!(server.change(|okta| okta.rights.tokens.count), 1);
    }
}

#[tokio::test]
async fn the_members_of_a_group_are_read_in_its_place() {
    let (directory, server) = generated(2_000).await;
    let query = about(&*directory, &[("Half", Membership::Direct), ("Half", Membership::Nested)]).await;
    server.forget();
    let query = ReadQuery { only_members_of: vec![0], ..query };
    let people = by_id(&*directory, &query).await;
    assert_eq!(people.len(), 1_000);
    assert!(people.values().all(|person| person.groups.contains(0) && person.groups.contains(1)));
    assert_eq!(asked(&server), BTreeMap::from([(format!("/api/v1/groups/{}/users", group_id("Half")), 5)]));
}

#[tokio::test]
async fn several_groups_that_bound_the_scope_give_each_person_once() {
    let groups = vec![group("A", &["0", "1"]), group("B", &["1", "2"]), group("C", &["0", "3"])];
    let (directory, server) = opened(people(5), groups).await;
    let asked_for = ["A", "B", "C"].map(|name| (name, Membership::Direct));
    let query = ReadQuery { only_members_of: vec![0, 1], ..about(&directory, &asked_for).await };
    server.forget();
    let found = by_id(&directory, &query).await;
    let members = |place| {
        let within = found.values().filter(|person| person.groups.contains(place));
        within.map(|person| person.id.clone()).collect::<BTreeSet<_>>()
    };
    assert_eq!(found.keys().cloned().collect::<BTreeSet<_>>(), BTreeSet::from([id("0"), id("1"), id("2")]));
    assert_eq!((members(0), members(1)), (BTreeSet::from([id("0"), id("1")]), BTreeSet::from([id("1"), id("2")])));
    assert_eq!(members(2), BTreeSet::from([id("0")]));
    assert!(!asked(&server).contains_key("/api/v1/users"), "nobody else is asked for");
}

#[tokio::test]
async fn a_status_says_who_is_disabled_and_who_is_not_there_yet() {
    let statuses =
        ["STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED", "LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"];
    let people = statuses.iter().enumerate().map(|(n, status)| user(&n.to_string(), status, json!({})));
    let all: Vec<String> = (0..8).map(|n| n.to_string()).collect();
    let everybody = group("All", &all.iter().map(String::as_str).collect::<Vec<_>>());
    let (directory, _server) = opened(people.collect(), vec![everybody]).await;
    let whole = asking(&["status"]);
    let bounded = ReadQuery { only_members_of: vec![0], ..about(&directory, &[("All", Membership::Direct)]).await };
    let narrowed = searching("profile.firstName eq \"ann\"");
    for query in [&whole, &bounded, &narrowed] {
        let found = by_id(&directory, query).await;
        let disabled: Vec<bool> = found.values().map(|person| person.disabled).collect();
        assert_eq!(disabled, [false, false, false, false, false, true, true]);
        assert!(!found.contains_key(&id("0")), "who is staged is out of scope");
        let ids: Vec<PersonId> = all.iter().map(|n| id(n)).collect();
        let again = directory.read_again(query, &ids).await.unwrap();
        assert_eq!(again.len(), 8, "and is not gone");
        assert!(again.iter().all(|person| person.in_query == (person.id != id("0"))));
    }
    let leaver = directory.read_again(&whole, &[id("7")]).await.unwrap();
    assert!(leaver[0].disabled, "a leaver is disabled, not gone");
}

#[tokio::test]
async fn a_status_that_nobody_knows_fails_the_read() {
    let (directory, server) = opened(people(3), vec![]).await;
    server.change(|okta| okta.change("1", |user| user["status"] = "LITE".into()));
    let error = read(&directory, &searching("profile.department eq \"Sales\"")).await.unwrap_err();
    assert!(matches!(&error, Error::Incomplete { reason, .. } if reason.contains("status")), "{error}");
    let error = directory.read_again(&asking(&["email"]), &[id("1")]).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
}

#[tokio::test]
async fn names_are_those_of_the_profile_and_of_the_user() {
    let profile = json!({
        "status": "on leave", "department": "Sales", "skills": ["a", "b"], "level": 3, "title": "", "city": null,
        "manager": {"name": "Bo"}
    });
    let (directory, server) = opened(vec![user("1", "ACTIVE", profile)], vec![]).await;
    let names = [
        "department",
        "profile.department",
        "status",
        "profile.status",
        "type.id",
        "created",
        "skills",
        "level",
        "title",
        "city",
        "manager.name",
        "noSuchName",
    ];
    let found = by_id(&directory, &asking(&names)).await;
    let expected: BTreeMap<String, Vec<Value>> = BTreeMap::from([
        ("department".into(), vec![json!("Sales")]),
        ("profile.department".into(), vec![json!("Sales")]),
        ("status".into(), vec![json!("ACTIVE")]),
        ("profile.status".into(), vec![json!("on leave")]),
        ("type.id".into(), vec![json!("oty1")]),
        ("created".into(), vec![json!("2024-01-01T00:00:00.000Z")]),
        ("skills".into(), vec![json!("a"), json!("b")]),
        ("level".into(), vec![json!(3)]),
        ("manager.name".into(), vec![json!("Bo")]),
    ]);
    let have = |person: &contactsync::person::Person| {
        person.attributes.iter().map(|(name, values)| (name.to_string(), values.clone())).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(have(&found[&id("1")]), expected);
    let fields = server.log()[0].param("fields").to_owned();
    assert_eq!(
        fields,
        "id,status,created,type,profile:(city,department,level,manager,noSuchName,status,skills,title,orgPath)"
    );
    let again = directory.read_again(&asking(&names), &[id("1")]).await.unwrap();
    assert_eq!(have(&again[0]), expected, "asked again they are the same");
}

#[tokio::test]
async fn only_what_is_needed_is_asked_for() {
    let (directory, server) = opened(people(1), vec![]).await;
    for (name, fields) in [
        ("email", "id,status,profile:(email,orgPath)"),
        ("lastLogin", "id,status,lastLogin,profile:(orgPath)"),
        ("emails[work].value", "id,status,profile:(emails,orgPath)"),
        ("a name that no profile has", ""),
    ] {
        server.forget();
        by_id(&directory, &asking(&[name])).await;
        assert_eq!(server.log()[0].param("fields"), fields);
    }
}

#[tokio::test]
async fn the_standard_preset_names_whoever_has_no_display_name() {
    let people = vec![
        user("1", "ACTIVE", json!({"email": "ann@acme.example"})),
        user("2", "ACTIVE", json!({"email": "bo@acme.example", "displayName": "Bo the Builder"})),
        user("3", "ACTIVE", json!({"email": "cy@acme.example", "lastName": null})),
    ];
    let (directory, _server) = opened(people, vec![]).await;
    let spec: ContactSyncConnectionSpec = serde_json::from_value(json!({
        "displayName": "All", "state": "Draft", "workspaceRef": {"name": "acme"},
        "source": {"type": "Okta", "okta": {"orgURL": "https://acme.okta.com", "auth": {"type": "APIToken"}}},
        "scope": {"mode": "Pattern", "pattern": {"match": {"attribute": "email", "glob": "*"}}},
        "mapping": {"preset": "Standard"}, "leavers": {"policy": "Deactivate"}, "schedule": {"interval": "30m"}, "deletionPolicy": "Keep"
    }))
    .unwrap();
    let program = Program::compile(&spec).unwrap();
    let attributes = program.attributes().clone();
    let found = by_id(&directory, &ReadQuery { attributes, ..ReadQuery::default() }).await;
    let place = program.fields().iter().position(|field| *field == Field::Name).unwrap();
    for (person, name) in [("1", "Ann Berg"), ("2", "Bo the Builder"), ("3", "Ann")] {
        let mapped = program.map(&found[&id(person)]);
        assert_eq!(mapped.wanted[place], Wanted::Set(ContactValue::Text(name.to_owned())), "{:?}", mapped.problems);
    }
}

#[tokio::test]
async fn an_expression_narrows_the_read() {
    let mut all = people(3);
    all.push(user("3", "SUSPENDED", json!({"department": "Support"})));
    let (directory, server) = opened(all, vec![]).await;
    let found =
        by_id(&directory, &searching("profile.department eq \"support\" or profile.email sw \"person1\"")).await;
    assert_eq!(found.keys().cloned().collect::<Vec<_>>(), [id("1"), id("3")]);
    assert!(server.log().iter().all(|ask| !ask.query.contains_key("filter")));
}

#[tokio::test]
async fn l18_an_expression_that_okta_refuses_is_told_of_by_its_field() {
    let (directory, server) = opened(people(1), vec![]).await;
    for bad in ["profile.department ne \"Sales\"", "nonsense", "not (status eq \"ACTIVE\")", "profile.title co \"x\""] {
        for error in [
            read(&directory, &searching(bad)).await.unwrap_err(),
            directory.read_again(&searching(bad), &[id("0")]).await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{text}");
            assert!(text.contains("E0000031") && !text.contains("ann@"), "{text}");
        }
    }
    server.forget();
    let error = read(&directory, &searching("a eq \"b\") or (status pr")).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{error}");
    assert_eq!(server.log().len(), 0, "what would widen the scope is not sent");
}

/// L3: the search index follows the directory with a lag. Until it has, nobody is out of scope by it.
#[tokio::test]
async fn l03_an_index_that_has_not_followed_removes_nobody() {
    let (directory, server) = opened(people(4), vec![]).await;
    let query = searching("profile.department eq \"Sales\"");
    // The index has lost one, and knows another as they were before.
    server.change(|okta| {
        okta.change("1", |user| user["profile"]["department"] = "Support".into());
        okta.change("3", |user| user["profile"]["department"] = "Support".into());
        okta.delete("2");
        okta.stop_index();
        okta.change("1", |user| {
            user["profile"]["department"] = "Sales".into();
            user["lastUpdated"] = "2024-08-01T00:00:00.000Z".into();
        });
    });
    assert_eq!(by_id(&directory, &query).await.keys().cloned().collect::<Vec<_>>(), [id("0")]);
    let asked = ["0", "1", "2", "3"].map(id);
    let again = directory.read_again(&query, &asked).await.unwrap();
    let within: Vec<(PersonId, bool)> = again.into_iter().map(|person| (person.id, person.in_query)).collect();
    assert_eq!(within, [(id("0"), true), (id("1"), true), (id("3"), false)]);
    server.change(OktaService::catch_up);
    server.change(|okta| okta.change("1", |user| user["profile"]["department"] = "Support".into()));
    let again = directory.read_again(&query, &[id("1")]).await.unwrap();
    assert!(!again[0].in_query, "it has followed");
}

#[tokio::test]
async fn l02_a_page_whose_cursor_is_no_longer_known_breaks_the_read() {
    for query in [asking(&["email"]), searching("profile.department eq \"Sales\"")] {
        let server = serve(OktaService::new(people(7), vec![])).await;
        let directory = directory(&server, |settings| settings.source.page_size = Some(3));
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let expire = async {
            receiver.recv().await.unwrap();
            server.change(OktaService::expire_cursors);
            while receiver.recv().await.is_some() {}
        };
        let (whole, ()) = tokio::join!(directory.read(&query, sender), expire);
        // The second page may have been asked for already: the third was not.
        let error = whole.unwrap_err();
        assert!(matches!(&error, Error::Incomplete { reason, .. } if reason.contains("E0000031")), "{error}");
    }
}

#[tokio::test]
async fn links_are_found_in_one_header_too() {
    let server = serve(OktaService::new(people(7), vec![])).await;
    server.change(|okta| okta.one_link_header = true);
    let directory = directory(&server, |settings| settings.source.page_size = Some(3));
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 7);
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn a_window_that_is_used_up_is_waited_for() {
    let server = serve(OktaService::new(people(10), vec![])).await;
    server.change(|okta| okta.limit = Some(Limit::new(4, Duration::from_secs(1))));
    let directory = directory(&server, |settings| settings.source.page_size = Some(1));
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 10);
    assert_eq!(server.change(|okta| okta.limit.as_ref().unwrap().exceeded), 0, "it said when none was left");
    assert!(directory.throttling().waited >= Duration::from_secs(1), "{:?}", directory.throttling());
    assert_eq!(directory.throttling().times, 0);
}

#[tokio::test]
async fn a_request_that_waited_because_another_was_told_to_has_its_tries_yet() {
    let server = serve(OktaService::new(people(2), vec![])).await;
    server.change(|okta| okta.limit = Some(Limit::new(1, Duration::from_secs(2))));
    let directory = directory(&server, |settings| {
        settings.source.page_size = Some(1);
        settings.wiring.retry.total = Duration::from_millis(500);
        settings.wiring.retry.asked = Duration::from_mins(1);
    });
    server.rule("", 1, 1, Fault::status(503));
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 2);
    assert_eq!(server.behave(), 1, "a request that had waited met a fault");
}

#[tokio::test]
async fn a_refusal_is_waited_for_until_the_reset() {
    let server = serve(OktaService::new(people(1), vec![])).await;
    // Somebody else has used it up.
    server.change(|okta| okta.limit = Some(Limit::used_up(Duration::from_secs(1))));
    let directory = directory(&server, |settings| settings.wiring.retry.asked = Duration::from_mins(1));
    assert_eq!(by_id(&directory, &asking(&["email"])).await.len(), 1);
    assert_eq!(server.change(|okta| okta.limit.as_ref().unwrap().exceeded), 1, "asked once too often, not more");
    assert_eq!(directory.throttling().times, 1);
}

#[tokio::test]
async fn groups_are_found_by_their_whole_name() {
    let names = ["Sales", "sales", "Sales \"North\" \\", "Salesforce"];
    let (directory, _server) = opened(people(1), names.map(|name| group(name, &["0"])).to_vec()).await;
    for name in names {
        let found = directory.resolve_groups(&[named(name)]).await.unwrap();
        assert_eq!(found, [ResolvedGroup { id: group_id(name), handle: name.to_owned() }]);
    }
    let error = directory.resolve_groups(&[named("SALES")]).await.unwrap_err();
    assert!(matches!(error, Error::GroupNotFound { .. }), "{error}");
    let unknown = GroupRef { name: None, id: Some("00gNobody".into()) };
    let error = directory.resolve_groups(&[unknown]).await.unwrap_err();
    assert!(matches!(error, Error::GroupNotFound { .. }), "{error}");
}

#[tokio::test]
async fn l02_a_group_of_okta_and_one_of_an_application_can_share_a_name() {
    let imported = Group { id: group_id("imported"), kind: "APP_GROUP", ..group("Sales", &["1"]) };
    let (directory, _server) = opened(people(2), vec![group("Sales", &["0"]), imported.clone()]).await;
    let error = directory.resolve_groups(&[named("Sales")]).await.unwrap_err();
    assert!(matches!(error, Error::GroupAmbiguous { count: 2, .. }), "{error}");
    let by = GroupRef { name: None, id: Some(imported.id) };
    let group = directory.resolve_groups(&[by]).await.unwrap().remove(0);
    let query = ReadQuery { groups: vec![GroupQuery { group, membership: Membership::Nested }], ..asking(&["email"]) };
    let found = by_id(&directory, &query).await;
    assert_eq!(found.values().map(|person| person.groups.contains(0)).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_segment_needs_an_attribute() {
    let server = serve(OktaService::new(people(1), vec![])).await;
    let directory = directory(&server, |settings| settings.source.segment_attribute = None);
    let query = ReadQuery { segment: Some("EMEA".into()), ..asking(&["email"]) };
    for error in
        [read(&directory, &query).await.unwrap_err(), directory.read_again(&query, &[id("0")]).await.unwrap_err()]
    {
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.segment"), "{error}");
        assert!(error.to_string().contains("source.okta.segmentAttribute"), "{error}");
    }
}

/// L3: Okta finds users by login too; nobody is taken for somebody else, and ids of another directory are nobody's.
#[tokio::test]
async fn l03_an_id_is_an_id() {
    let mut ann = user("1", "ACTIVE", json!({}));
    ann["profile"]["login"] = "00uGone@acme.example".into();
    let (directory, _server) = opened(vec![ann], vec![]).await;
    let again = async |id: &str| directory.read_again(&asking(&["email"]), &[PersonId::new(id).unwrap()]).await;
    assert!(matches!(again("00uGone").await.unwrap_err(), Error::Incomplete { .. }));
    let error = again("2f0d1f34-6a51-4f2a-9f5e-0b8f3c3f1a11").await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.type"), "{error}");
    assert_eq!(again("00uNobody").await.unwrap(), []);
}

#[tokio::test]
async fn people_are_shown_whole_by_id_login_and_address() {
    let profile = json!({"email": "Ann@acme.example", "status": "on leave", "department": "Sales", "orgPath": "EMEA"});
    let (directory, _server) = opened(vec![user("1", "DEPROVISIONED", profile)], vec![]).await;
    let shown = directory.show(&Who::Id("1@login.example".into())).await.unwrap().remove(0);
    assert_eq!((&shown.id, shown.disabled, shown.location.as_deref()), (&id("1"), true, Some("EMEA")));
    let text = serde_json::to_string(&shown.attributes).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("_links"), "{text}");
    assert_eq!(shown.attributes["department"], "Sales");
    assert_eq!(shown.attributes["profile.status"], "on leave");
    assert_eq!(shown.attributes["status"], "DEPROVISIONED");
    for who in ["ann@acme.example", "1@login.example"] {
        assert_eq!(directory.show(&Who::Email(who.into())).await.unwrap(), std::slice::from_ref(&shown));
    }
}

#[test]
fn the_example_is_valid() {
    use contactsync::manifest::{Checks, Input, Severity, check};

    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/okta");
    let found = check(&[Input::Path(folder)], &Checks::default());
    let errors = found.diagnostics.iter().filter(|told| told.severity == Severity::Error);
    assert_eq!(errors.map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(found.manifests.connections.len(), 1);
}
