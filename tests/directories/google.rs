//! Google Workspace's own traps: how it is signed in to, asked, limited, and what its records and groups hold.

use contactsync::api::{GroupRef, Membership};
use contactsync::directory::google::GoogleDirectory;
use contactsync::directory::{Directory, Error, ReadQuery, Who};
use contactsync::person::{Person, PersonId};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::conformance::{TestGroup, about, asking, by_id, group, named, person, read};
use super::google_conformance::{group_of, holding};
use crate::support::google::{GROUPS, Google, People, directory, refusal, user};
use crate::support::service::{Fault, Misbehaving, Server};

async fn held(users: Vec<Value>) -> (GoogleDirectory, Server<Google>) {
    let server = Server::start(Google::new(People::Held(users))).await;
    (directory(&server, |_| {}).unwrap(), server)
}

async fn staff(count: usize) -> (GoogleDirectory, Server<Google>) {
    held((0..count).map(|id| user(&id.to_string(), &json!({"orgUnitPath": "/Staff"}))).collect()).await
}

fn ids(ids: &[&str]) -> Vec<PersonId> {
    ids.iter().map(|id| PersonId::new(id).unwrap()).collect()
}

fn names(people: &std::collections::BTreeMap<PersonId, Person>) -> Vec<&str> {
    people.keys().map(PersonId::as_str).collect()
}

fn api_requests(server: &Server<Google>) -> usize {
    server.log().iter().filter(|ask| ask.path.starts_with("/admin/")).count()
}

fn answer(status: u16, reason: &str) -> Fault {
    let reply = refusal(status, reason, "Request for ann@acme.example was refused");
    Fault::Answer(reply.status, reply.headers, reply.body)
}

#[tokio::test]
async fn a_read_makes_the_fewest_requests_and_asks_for_nothing_that_is_not_needed() {
    let (directory, server) = Google::generated(2_499).await;
    let query = asking(&["primaryEmail", "name.fullName", "phones[work]"]);
    assert_eq!(by_id(&directory, &query).await.len(), 2_499);
    assert_eq!(api_requests(&server), 5);
    assert_eq!(server.change(|google| google.tokens.count), 1);
    let first = server.log().into_iter().find(|ask| ask.path.ends_with("/users")).unwrap();
    let fields = "kind,nextPageToken,users(archived,id,isGuestUser,name,orgUnitPath,phones,primaryEmail,suspended)";
    assert_eq!((first.param("fields"), first.param("maxResults")), (fields, "500"));
    assert_eq!(
        (first.param("customer"), first.param("projection"), first.param("query")),
        ("my_customer", "basic", "")
    );
}

#[tokio::test]
async fn a_last_page_that_is_full_is_asked_for_twice() {
    let (directory, server) = Google::generated(2_000).await;
    assert_eq!(by_id(&directory, &asking(&["primaryEmail"])).await.len(), 2_000);
    assert_eq!(api_requests(&server), 5);
}

#[tokio::test]
async fn l02_json_of_somebody_else_is_no_empty_list() {
    let (directory, server) = staff(3).await;
    server.rule("/users", 0, 9, Fault::OtherJson);
    let error = read(&directory, &asking(&["primaryEmail"])).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }) && !error.to_string().contains("ann@"), "{error}");
}

#[tokio::test]
async fn each_group_is_read_once_and_under_a_token_of_its_own_scope() {
    let shared = group("Shared", &["2"]);
    let left = TestGroup { groups: vec!["Shared"], ..group("Left", &["0"]) };
    let right = TestGroup { groups: vec!["Shared", "Left"], ..group("Right", &["1"]) };
    let server = holding(&[person("0", "A"), person("1", "B"), person("2", "C")], &[shared, left, right]).await;
    let directory = directory(&server, |_| {}).unwrap();
    let asked = [("Left", Membership::Nested), ("Right", Membership::Nested), ("Shared", Membership::Direct)];
    let query = about(&directory, &asked).await;
    server.forget();
    let people = by_id(&directory, &query).await;
    assert_eq!(api_requests(&server), 4, "three groups and one page of people");
    assert_eq!(server.change(|google| google.tokens.count), 2);
    let sets = people.values().map(|person| [0, 1, 2].map(|place| person.groups.contains(place)));
    assert_eq!(sets.collect::<Vec<_>>(), [[true, true, false], [false, true, false], [true, true, true]]);
}

#[tokio::test]
async fn who_names_no_groups_need_not_grant_their_scope() {
    let (directory, server) = staff(3).await;
    server.change(|google| google.granted.remove(GROUPS));
    assert_eq!(by_id(&directory, &asking(&["primaryEmail"])).await.len(), 3);
    let error = directory.resolve_groups(&[named("Sales")]).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::Denied { .. }), "{text}");
    assert!(text.contains(GROUPS) && text.contains("Domain-wide delegation"), "{text}");
}

#[tokio::test]
async fn pages_whose_tokens_expire_are_read_anew_and_nobody_comes_twice() {
    let (directory, server) = staff(20).await;
    server.change(|google| google.most = 3);
    let (sender, mut receiver) = mpsc::channel(1);
    let query = asking(&["primaryEmail"]);
    let gather = async {
        let mut people: Vec<Person> = receiver.recv().await.unwrap();
        server.change(Google::expire_page_tokens);
        while let Some(page) = receiver.recv().await {
            people.extend(page);
        }
        people
    };
    let (whole, people) = tokio::join!(directory.read(&query, sender), gather);
    assert_eq!((whole.unwrap().people(), people.len()), (20, 20));
    assert!(api_requests(&server) > 7, "it began anew");
}

#[tokio::test]
async fn l02_page_tokens_that_are_refused_again_and_again_fail_the_read() {
    let (directory, server) = staff(20).await;
    server.change(|google| google.most = 3);
    server.rule("/users", 2, 1, answer(400, "invalid"));
    server.rule("/users", 1, 1, answer(400, "invalid"));
    let error = read(&directory, &asking(&["primaryEmail"])).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }) && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn l02_somebody_who_comes_twice_fails_the_read() {
    let (directory, server) = staff(20).await;
    server.change(|google| {
        let People::Held(people) = &mut google.people else { panic!() };
        people.push(people[0].clone());
    });
    let error = read(&directory, &asking(&["primaryEmail"])).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }) && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn a_rate_that_is_told_as_403_is_waited_for_and_counted() {
    let (directory, server) = staff(3).await;
    for reason in ["userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded"] {
        server.rule("/users", 0, 1, answer(403, reason));
    }
    assert_eq!(by_id(&directory, &asking(&["primaryEmail"])).await.len(), 3);
    assert_eq!(directory.throttling().times, 3);
    assert!(!directory.throttling().waited.is_zero(), "it was waited for, although Google says no time");
    assert_eq!(api_requests(&server), 4);
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_twice_and_says_what_to_grant() {
    let (directory, server) = staff(3).await;
    for (reason, says) in [
        ("dailyLimitExceeded", "quota of today"),
        ("forbidden", "Users > Read"),
        ("insufficientPermissions", "admin.directory.user.readonly"),
        ("accessNotConfigured", "enable the Admin SDK API"),
        ("domainCannotUseApis", "API access is turned off"),
        ("ann@acme.example", "HTTP 403:"),
    ] {
        server.forget();
        server.rule("/users", 0, 1, answer(403, reason));
        let error = read(&directory, &asking(&["primaryEmail"])).await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(says) && !text.contains("ann@"), "{text}");
        assert_eq!(error.is_retryable(), reason == "dailyLimitExceeded", "{text}");
        assert_eq!(api_requests(&server), 1, "{reason}");
    }
}

#[tokio::test]
async fn what_the_manifest_gets_wrong_is_named_by_its_field() {
    let (directory, _server) = staff(3).await;
    let segment = |path: &str| ReadQuery { segment: Some(path.to_owned()), ..asking(&["primaryEmail"]) };
    let filter = |filter: &str| ReadQuery { filter: Some(filter.to_owned()), ..asking(&["primaryEmail"]) };
    for (query, wanted, word) in [
        (asking(&["noSuchThing"]), "mapping", "noSuchThing"),
        (asking(&["customSchemas.Nowhere.x"]), "mapping", "attribute"),
        (segment("/Nowhere"), "scope.pattern.segment", "unit"),
        (filter("noSuchThing=x"), "scope.pattern.filter", "query"),
        (filter("orgDepartment='x"), "scope.pattern.filter", "query"),
    ] {
        let error = read(&directory, &query).await.unwrap_err();
        let Error::Settings { field, reason } = &error else { panic!("{error}") };
        assert!(field == wanted && reason.contains(word), "{error}");
    }
}

#[tokio::test]
async fn custom_schemas_come_when_they_are_named() {
    let (directory, server) = held(vec![user(
        "1",
        &json!({"customSchemas": {
            "Employment": {"costCenter": "4711", "sites": [{"type": "work", "value": "Uppsala"}]}
        }}),
    )])
    .await;
    let people =
        by_id(&directory, &asking(&["customSchemas.Employment.costCenter", "customSchemas.Employment.sites[work]"]))
            .await;
    let attributes = &people.values().next().unwrap().attributes;
    assert_eq!(attributes["customSchemas.Employment.costCenter"], [json!("4711")]);
    assert_eq!(attributes["customSchemas.Employment.sites[work]"], [json!("Uppsala")]);
    let log = server.log();
    assert_eq!(log.last().unwrap().param("customFieldMask"), "Employment");
    let shown = directory.show(&Who::Email("1@acme.example".to_owned())).await.unwrap();
    assert_eq!(shown[0].attributes["customSchemas"]["Employment"]["costCenter"], "4711");
}

#[tokio::test]
async fn archived_accounts_are_disabled_and_guests_are_outside() {
    let guest = user("guest", &json!({"isGuestUser": true}));
    let (directory, _server) = held(vec![user("1", &json!({"archived": true})), guest]).await;
    let query = asking(&["primaryEmail"]);
    let people = by_id(&directory, &query).await;
    assert_eq!(names(&people), ["1"]);
    assert!(people.values().all(|person| person.disabled));
    let again = directory.read_again(&query, &ids(&["guest"])).await.unwrap();
    assert!(!again[0].in_query, "a guest who is there is out of scope, not gone");
}

async fn with_members(members: Value) -> (GoogleDirectory, Server<Google>) {
    let (directory, server) = staff(3).await;
    let Value::Array(members) = members else { panic!() };
    server.change(|google| {
        let mut sales = group_of(&group("Sales", &[]));
        sales.members = members;
        google.groups.push(sales);
        google.foreign.insert("elsewhere".to_owned());
    });
    (directory, server)
}

#[tokio::test]
async fn l02_a_customer_in_a_group_is_everybody_and_strangers_are_nobody() {
    let stranger = json!({"id": "99", "type": "EXTERNAL"});
    let suspended = json!({"id": "1", "type": "USER", "status": "SUSPENDED"});
    let (directory, server) = with_members(json!([stranger, suspended])).await;
    let query = about(&directory, &[("Sales", Membership::Nested)]).await;
    let members = |people: Vec<Person>| {
        people.iter().filter(|person| person.groups.contains(0)).map(|person| person.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(members(read(&directory, &query).await.unwrap().0), ["1"]);
    server.change(|google| google.groups[0].members.push(json!({"id": "C03az79cb", "type": "CUSTOMER"})));
    assert_eq!(members(read(&directory, &query).await.unwrap().0), ["0", "1", "2"]);
    assert_eq!(members(directory.read_again(&query, &ids(&["2"])).await.unwrap()), ["2"]);
}

#[tokio::test]
async fn l02_a_member_that_cannot_be_read_fails_the_read() {
    for member in [
        json!({"type": "USER"}),
        json!({"id": "", "type": "GROUP"}),
        json!({"id": "1", "type": "ROBOT"}),
        json!({"id": "1"}),
    ] {
        let (directory, _server) = with_members(json!([{"id": "1", "type": "USER"}, member])).await;
        let query = about(&directory, &[("Sales", Membership::Direct)]).await;
        let error = read(&directory, &query).await.unwrap_err();
        assert!(matches!(error, Error::Incomplete { .. }), "{member}: {error}");
    }
}

#[tokio::test]
async fn l02_a_group_of_another_customer_fails_the_read_unless_only_direct_members_count() {
    let (directory, _server) =
        with_members(json!([{"id": "elsewhere", "type": "GROUP"}, {"id": "1", "type": "USER"}])).await;
    let nested = about(&directory, &[("Sales", Membership::Nested)]).await;
    let error = read(&directory, &nested).await.unwrap_err();
    assert!(matches!(&error, Error::Denied { .. }) && error.to_string().contains("membership Direct"), "{error}");
    let direct = about(&directory, &[("Sales", Membership::Direct)]).await;
    assert_eq!(by_id(&directory, &direct).await.values().filter(|person| person.groups.contains(0)).count(), 1);
}

#[tokio::test]
async fn l17_a_group_is_found_by_its_whole_name_or_an_address_of_its_own() {
    let odd = r"R&D's \ 'best'";
    let groups = [group("Sales", &[]), group("sales", &[]), group("Salesforce", &[]), group(odd, &[])];
    let server = holding(&[person("1", "Ann")], &groups).await;
    server.change(|google| google.groups[2].aliases.push("crm@acme.example".to_owned()));
    let directory = directory(&server, |_| {}).unwrap();
    let by_name = [named("Sales"), named("sales"), named(odd), named("CRM@acme.example")];
    let found = directory.resolve_groups(&by_name).await.unwrap();
    let found: Vec<_> = found.iter().map(|group| group.id.as_str()).collect();
    assert_eq!(found, ["g-Sales", "g-sales", &format!("g-{odd}"), "g-Salesforce"]);
    for wanted in ["Sale", "SALES", "nobody@acme.example"] {
        let error = directory.resolve_groups(&[named(wanted)]).await.unwrap_err();
        assert!(matches!(error, Error::GroupNotFound { .. }), "{wanted}: {error}");
    }
    let by_id = GroupRef { name: None, id: Some("g-none".to_owned()) };
    assert!(matches!(directory.resolve_groups(&[by_id]).await, Err(Error::GroupNotFound { .. })));
}

fn in_department(id: &str, department: &str) -> Value {
    user(id, &json!({"orgUnitPath": "/Staff", "organizations": [{"primary": true, "department": department}]}))
}

#[tokio::test]
async fn a_filter_is_decided_by_google_also_when_people_are_read_again() {
    let (directory, server) =
        held(vec![in_department("1", "Sales"), in_department("2", "Works"), in_department("3", "Sales")]).await;
    let query = ReadQuery {
        segment: Some("/Staff".to_owned()),
        filter: Some("orgDepartment='Sales'".to_owned()),
        ..asking(&["primaryEmail"])
    };
    assert_eq!(names(&by_id(&directory, &query).await), ["1", "3"]);
    server.forget();
    let (directory, query) = (&directory, &query);
    let again = |wanted: Vec<PersonId>| async move {
        let mut people = directory.read_again(query, &wanted).await.unwrap();
        people.sort_by(|one, other| one.id.cmp(&other.id));
        people.iter().map(|person| person.in_query).collect::<Vec<_>>()
    };
    assert_eq!(again(ids(&["1"])).await, [true]);
    assert_eq!(api_requests(&server), 2, "the person, and the query narrowed to them");
    assert_eq!(again(ids(&["1", "2", "3", "4"])).await, [true, false, true]);
}

#[tokio::test]
async fn l03_whom_a_narrowed_query_misses_is_looked_for_among_all() {
    let (directory, server) = held(vec![in_department("1", "Sales"), in_department("2", "Works")]).await;
    let query = ReadQuery { filter: Some("orgDepartment=Sales".to_owned()), ..asking(&["primaryEmail"]) };
    // The first listing, narrowed by the address, finds nobody: twice, as an empty page is asked for twice.
    let nobody = json!({"kind": "admin#directory#users"}).to_string();
    server.rule("directory/v1/users", 1, 2, Fault::Answer(200, Vec::new(), nobody));
    let people = directory.read_again(&query, &ids(&["1"])).await.unwrap();
    assert!(people[0].in_query);
    let by_address = ReadQuery { filter: Some("email=2@acme.example".to_owned()), ..asking(&["primaryEmail"]) };
    let mut people = directory.read_again(&by_address, &ids(&["1", "2"])).await.unwrap();
    people.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(people.iter().map(|person| person.in_query).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_domain_bounds_who_is_read_and_who_is_in_scope() {
    let elsewhere = user("2", &json!({"primaryEmail": "bo@sub.example"}));
    let (_, server) = held(vec![user("1", &json!({})), elsewhere]).await;
    let of_domain =
        |domain: &str| directory(&server, |settings| settings.source.domain = Some(domain.to_owned())).unwrap();
    let directory = of_domain("sub.example");
    let query = asking(&["primaryEmail"]);
    assert_eq!(names(&by_id(&directory, &query).await), ["2"]);
    let mut people = directory.read_again(&query, &ids(&["1", "2"])).await.unwrap();
    people.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(people.iter().map(|person| person.in_query).collect::<Vec<_>>(), [false, true]);
    let error = read(&of_domain("nowhere.example"), &query).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.google.domain"), "{error}");
    let other = crate::support::google::directory(&server, |settings| settings.source.customer = Some("C1".to_owned()));
    let error = read(&other.unwrap(), &query).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.google.customer"), "{error}");
}

#[tokio::test]
async fn l03_the_deleted_are_gone_and_who_is_only_hidden_is_not() {
    let (directory, server) = staff(4).await;
    let query = asking(&["primaryEmail"]);
    server.change(|google| {
        google.delete("1");
        google.delete("2");
        google.hidden = ["2".to_owned()].into();
        google.user_mut("3")["deletionTime"] = "2026-11-01T00:00:00.000Z".into();
    });
    let people = directory.read_again(&query, &ids(&["0", "1", "2", "3"])).await.unwrap();
    assert_eq!(people.iter().map(|person| person.id.as_str()).collect::<Vec<_>>(), ["0"]);
    server.change(|google| google.hidden.insert("0".to_owned()));
    let error = directory.read_again(&query, &ids(&["0", "2"])).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
}

#[tokio::test]
async fn l03_an_id_that_means_somebody_else_says_nothing() {
    let (directory, _server) = staff(2).await;
    let error = directory.read_again(&asking(&["primaryEmail"]), &ids(&["1@acme.example"])).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
}
