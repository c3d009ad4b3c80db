//! Whom Entra's listings hold, and what they hold back: guests, hidden members, an index that lags, tokens that expire.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contactsync::api::{EntraGuests, Membership};
use contactsync::directory::{Directory, Error, ReadQuery, Who};
use contactsync::person::{Person, PersonId};
use serde_json::json;
use tokio::sync::mpsc;

use super::conformance::{TestPerson, about, asking, by_id, group, named, person, read};
use super::entra::{guid, tenant};
use super::faults::patience;
use crate::support::graph::{Graph, open, open_with, secret};
use crate::support::service::{Fault, Misbehaving, Server};

fn id(name: &str) -> PersonId {
    PersonId::new(guid(name)).unwrap()
}

fn filtered(filter: &str) -> ReadQuery {
    ReadQuery { filter: Some(filter.to_owned()), ..asking(&["mail"]) }
}

async fn staff(count: usize) -> Server<Graph> {
    let people: Vec<_> = (0..count).map(|id| person(&id.to_string(), "Somebody")).collect();
    Server::start(tenant(&people, &[group("Sales", &["1", "2"])])).await
}

#[tokio::test]
async fn guests_are_people_only_when_asked_for() {
    let server = staff(3).await;
    server.change(|graph| {
        graph.edit(&guid("1"), "userType", json!("Guest"));
        graph.edit(&guid("2"), "userType", json!(null));
    });
    let query = asking(&["mail"]);
    let ids = [id("0"), id("1"), id("2")];
    for (guests, expected) in [(None, 2), (Some(EntraGuests::Include), 3)] {
        let directory = open_with(&server.url, secret(), patience(), |source| source.guests = guests).unwrap();
        let people = by_id(&directory, &query).await;
        assert_eq!(people.len(), expected);
        assert!(people.contains_key(&id("2")), "who was there before there were guests is none");
        let again = directory.read_again(&query, &ids).await.unwrap();
        assert_eq!(again.len(), 3, "a guest is not gone");
        assert_eq!(again.iter().filter(|person| person.in_query).count(), expected);
    }
}

#[tokio::test]
async fn l02_an_account_that_may_be_disabled_fails_the_read() {
    let server = staff(3).await;
    server.change(|graph| graph.edit(&guid("1"), "accountEnabled", json!(null)));
    let directory = open(&server.url, secret(), None, patience());
    let error = read(&directory, &asking(&["mail"])).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }) && error.to_string().contains("accountEnabled"), "{error}");
    assert!(directory.read_again(&asking(&["mail"]), &[id("1")]).await.is_err());
}

#[tokio::test]
async fn a_filter_is_put_on_people_with_what_advanced_ones_need() {
    let server = staff(7).await;
    server.change(|graph| {
        for n in ["1", "3", "5", "6"] {
            graph.edit(&guid(n), "department", json!("R'D"));
        }
    });
    let directory = open(&server.url, secret(), Some(2), patience());
    for filter in ["department eq 'R''D'", "department ne 'Sales'", "not (department eq 'Sales')"] {
        let people = by_id(&directory, &filtered(filter)).await;
        assert_eq!(people.len(), 4, "{filter}");
        let again = directory.read_again(&filtered(filter), &[id("0"), id("1")]).await.unwrap();
        let inside: Vec<_> = again.iter().map(|person| (person.id.clone(), person.in_query)).collect();
        assert_eq!(inside, [(id("0"), false), (id("1"), true)], "{filter}");
    }
}

#[tokio::test]
async fn filter_unit_and_bound_hold_together() {
    let unit = |n: &str, unit| TestPerson { unit, ..person(n, "Somebody") };
    let people = [unit("0", "Sales"), unit("1", "Sales"), unit("2", "Sales"), unit("3", "Staff")];
    let server = Server::start(tenant(&people, &[group("Portal", &["0", "1", "3"])])).await;
    server.change(|graph| graph.edit(&guid("1"), "department", json!("R&D")));
    let directory = open(&server.url, secret(), None, patience());
    let portal = about(&directory, &[("Portal", Membership::Nested)]).await;
    let filter = Some("department eq 'Sales'".to_owned());
    let both = ReadQuery { segment: Some("Sales".into()), filter: filter.clone(), ..portal.clone() };
    assert_eq!(by_id(&directory, &both).await.into_keys().collect::<Vec<_>>().len(), 2, "0 and 2");
    let all = ReadQuery { only_members_of: vec![0], ..both.clone() };
    assert_eq!(by_id(&directory, &all).await.into_keys().collect::<Vec<_>>(), [id("0")]);
    let bound = ReadQuery { only_members_of: vec![0], filter, ..portal };
    assert_eq!(by_id(&directory, &bound).await.len(), 2, "0 and 3");
    let ids = ["0", "1", "2", "3"].map(id);
    let again = directory.read_again(&all, &ids).await.unwrap();
    let inside: Vec<_> = again.iter().map(|person| (person.in_query, person.groups.contains(0))).collect();
    assert_eq!(inside, [(true, true), (false, true), (true, false), (false, true)]);
    assert_eq!(again[0].location.as_deref(), Some("Sales"));
    assert_eq!(again[3].location, None);
}

#[tokio::test]
async fn several_bounds_send_everybody_once_with_all_their_groups() {
    let people: Vec<_> = (0..6).map(|n| person(&n.to_string(), "Somebody")).collect();
    let groups = [group("A", &["0", "1", "2"]), group("B", &["2", "3"]), group("C", &["3", "4"])];
    let server = Server::start(tenant(&people, &groups)).await;
    let directory = open(&server.url, secret(), None, patience());
    for membership in [Membership::Nested, Membership::Direct] {
        let query = about(&directory, &[("A", membership), ("B", membership), ("C", membership)]).await;
        let query = ReadQuery { only_members_of: vec![0, 1], ..query };
        let read = by_id(&directory, &query).await;
        let sets = |n: &str| (0..3).filter(|place| read[&id(n)].groups.contains(*place)).collect::<Vec<_>>();
        assert_eq!(read.len(), 4);
        assert_eq!([sets("0"), sets("2"), sets("3")], [vec![0], vec![0, 1], vec![1, 2]]);
        let again = directory.read_again(&query, &[id("3"), id("4")]).await.unwrap();
        let sets = |n: usize| (0..3).filter(|place| again[n].groups.contains(*place)).collect::<Vec<_>>();
        assert_eq!([sets(0), sets(1)], [vec![1, 2], vec![2]]);
    }
}

#[tokio::test]
async fn a_filter_that_graph_refuses_is_told_as_the_filter() {
    let server = staff(3).await;
    let directory = open(&server.url, secret(), None, patience());
    for filter in ["noSuchName eq 'x'", "department like 'x'", "department eq Sales"] {
        let error = read(&directory, &filtered(filter)).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{error}");
        let error = directory.read_again(&filtered(filter), &[id("1")]).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{error}");
    }
}

#[tokio::test]
async fn a_unit_is_exactly_one() {
    let server = staff(3).await;
    server.change(|graph| {
        let mut twin = graph.units.iter().find(|unit| unit.name == "Sales").unwrap().clone();
        twin.id = guid("twin");
        graph.units.push(twin);
    });
    let directory = open(&server.url, secret(), None, patience());
    let in_unit = |unit: &str| ReadQuery { segment: Some(unit.to_owned()), ..asking(&["mail"]) };
    for unit in ["Sales", "Nowhere", "  ", "3f927b40-06f8-4352-b8e4-37a7ba04b7ff"] {
        let error = read(&directory, &in_unit(unit)).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.segment"), "{error}");
    }
    assert_eq!(by_id(&directory, &in_unit(&guid("unit Staff").to_uppercase())).await.len(), 3, "by id");
}

#[tokio::test]
async fn l02_hidden_members_are_seen_or_the_read_fails() {
    let server = staff(3).await;
    server.change(|graph| {
        graph.groups[0].visibility = Some("HiddenMembership");
        graph.units.iter_mut().for_each(|unit| unit.visibility = Some("HiddenMembership"));
    });
    let directory = open(&server.url, secret(), None, patience());
    let sales = about(&directory, &[("Sales", Membership::Nested)]).await;
    let unit = ReadQuery { segment: Some("Staff".into()), ..asking(&["mail"]) };
    let bound = ReadQuery { only_members_of: vec![0], ..sales.clone() };
    assert_eq!(by_id(&directory, &bound).await.len(), 2, "with the permission they are seen");
    assert_eq!(by_id(&directory, &unit).await.len(), 3);
    server.change(|graph| graph.permissions.remove("Member.Read.Hidden"));
    for query in [&sales, &bound, &unit] {
        for error in
            [read(&directory, query).await.unwrap_err(), directory.read_again(query, &[id("1")]).await.unwrap_err()]
        {
            assert!(
                matches!(error, Error::Denied { .. }) && error.to_string().contains("Member.Read.Hidden"),
                "{error}"
            );
        }
    }
    let error = directory.resolve_groups(&[named("Sales")]).await.unwrap_err();
    assert!(error.to_string().contains("Member.Read.Hidden"), "{error}");
}

#[tokio::test]
async fn l03_whom_the_index_lost_is_neither_gone_nor_out_of_scope() {
    let server = staff(5).await;
    server.change(|graph| graph.unindexed.insert(guid("1")));
    let directory = open(&server.url, secret(), None, patience());
    let query = ReadQuery {
        segment: Some("Staff".into()),
        filter: Some("department eq 'Sales'".into()),
        ..about(&directory, &[("Sales", Membership::Nested), ("Sales", Membership::Direct)]).await
    };
    assert!(!by_id(&directory, &query).await.contains_key(&id("1")));
    let again = directory.read_again(&query, &[id("1")]).await.unwrap();
    assert!(again[0].in_query && again[0].groups.contains(0) && again[0].groups.contains(1), "{:?}", again[0]);
}

#[tokio::test]
async fn l02_fewer_people_than_were_counted_fail_the_read() {
    let server = staff(5).await;
    server.change(|graph| graph.miscounted = 1);
    let directory = open(&server.url, secret(), Some(2), patience());
    let error = read(&directory, &asking(&["mail"])).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    // Somebody came after they were counted.
    server.change(|graph| graph.miscounted = -1);
    assert_eq!(by_id(&directory, &asking(&["mail"])).await.len(), 5);
}

#[tokio::test]
async fn l02_an_expired_page_token_begins_the_listing_anew_once() {
    let expired = || {
        let body = json!({"error": {"code": "Directory_ExpiredPageToken", "message": "expired, ann@acme.example"}});
        Fault::Answer(400, vec![("content-type", "application/json".into())], body.to_string())
    };
    let server = staff(7).await;
    let directory = open(&server.url, secret(), Some(2), patience());
    server.rule("/users", 2, 1, expired());
    assert_eq!(by_id(&directory, &asking(&["mail"])).await.len(), 7, "and nobody twice");
    server.rule("/users", 1, 1, expired());
    server.rule("/users", 1, 1, expired());
    let error = read(&directory, &asking(&["mail"])).await.unwrap_err();
    assert!(error.is_retryable() && !error.to_string().contains("ann@"), "{error}");
    server.behave();
    let query = about(&directory, &[("Sales", Membership::Nested)]).await;
    let directory = open(&server.url, secret(), Some(1), patience());
    server.rule("transitiveMembers", 1, 1, expired());
    let people = by_id(&directory, &query).await;
    assert_eq!(people.values().filter(|person| person.groups.contains(0)).count(), 2);
}

#[tokio::test]
async fn l02_page_tokens_that_expire_while_people_are_read_lose_nobody() {
    let server = staff(9).await;
    let directory = open(&server.url, secret(), Some(2), patience());
    let query = asking(&["mail"]);
    let (sender, mut pages) = mpsc::channel::<Vec<Person>>(1);
    let slow = async {
        // One page is here, one waits, one is being handed on: the last two are yet to be asked for.
        let mut people = pages.recv().await.unwrap();
        server.change(Graph::expire);
        while let Some(page) = pages.recv().await {
            people.extend(page);
        }
        people
    };
    let (whole, people) = tokio::join!(directory.read(&query, sender), slow);
    assert_eq!((whole.unwrap().people(), people.len()), (9, 9));
    assert_eq!(people.iter().map(|person| &person.id).collect::<BTreeSet<_>>().len(), 9);
    assert!(server.log().iter().filter(|ask| ask.param("$skiptoken").is_empty()).count() > 2, "it began anew");
}

#[tokio::test]
async fn l03_what_is_throttled_within_a_batch_is_asked_again_after_its_pause() {
    let server = staff(45).await;
    let directory = open(&server.url, secret(), None, patience());
    let ids: Vec<_> = (0..45).map(|n| id(&n.to_string())).chain([id("nobody")]).collect();
    let query = asking(&["mail"]);
    directory.resolve_groups(&[]).await.unwrap();
    server.forget();
    assert_eq!(directory.read_again(&query, &ids).await.unwrap().len(), 45);
    assert_eq!(server.log().len(), 3, "46 people, 20 in a batch");
    server.forget();
    server.change(|graph| graph.within_batches.extend([(200, None), (429, Some(1)), (503, None), (429, None)]));
    let before = Instant::now();
    assert_eq!(directory.read_again(&query, &ids).await.unwrap().len(), 45);
    assert!(before.elapsed() >= Duration::from_secs(1), "sooner than it was asked to");
    assert_eq!(directory.throttling().times, 1);
    let log = server.log();
    let sizes: Vec<_> = log.iter().map(|ask| ask.json()["requests"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [20, 3, 20, 6], "only those who were refused are asked for again");
}

#[tokio::test]
async fn l03_only_an_explicit_not_found_within_a_batch_is_gone() {
    let server = staff(3).await;
    let directory = open(&server.url, secret(), None, patience());
    for status in [400, 401, 403, 404, 409, 410] {
        server.change(|graph| graph.within_batches.push_back((status, None)));
        let error = directory.read_again(&asking(&["mail"]), &[id("0"), id("1")]).await.unwrap_err();
        assert!(!error.to_string().contains("ann@"), "{error}");
    }
    let foreign = PersonId::new("ann@acme.example").unwrap();
    let error = directory.read_again(&asking(&["mail"]), &[foreign]).await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. }) && !error.to_string().contains("ann@"), "{error}");
}

#[tokio::test]
async fn somebody_is_shown_by_any_address_and_by_no_name() {
    let server = staff(1).await;
    server.change(|graph| {
        graph.edit(&guid("0"), "mail", json!("o'neill@acme.example"));
        graph.edit(&guid("0"), "otherMails", json!(["private@home.example"]));
        graph.edit(&guid("0"), "proxyAddresses", json!(["SMTP:o'neill@acme.example", "smtp:alias@acme.example"]));
    });
    let directory = open(&server.url, secret(), None, patience());
    for address in ["O'Neill@acme.example", "private@home.example", "alias@acme.example"] {
        let shown = directory.show(&Who::Email(address.to_owned())).await.unwrap();
        assert_eq!(shown.len(), 1, "{address}");
        assert!(shown[0].attributes.contains_key("userPrincipalName") && !shown[0].attributes.contains_key("city"));
    }
    let upn = format!("{}@acme.onmicrosoft.example", guid("0"));
    assert!(directory.show(&Who::Email(upn.clone())).await.unwrap().is_empty());
    assert!(directory.show(&Who::Id(upn)).await.unwrap().is_empty(), "an id is a GUID");
}

/// L17: a page need not hold all that it could (learn.microsoft.com/graph/paging), and the second group of a name may be on
/// the next one, or the first.
#[tokio::test]
async fn l17_a_name_is_looked_for_on_every_page() {
    let server = staff(3).await;
    let directory = open(&server.url, secret(), None, patience());
    let mut next = server.url.join("/v1.0/groups").unwrap();
    next.query_pairs_mut()
        .extend_pairs([("$filter", "displayName eq 'Sales'"), ("$select", "id,displayName,visibility")]);
    let page = |value: serde_json::Value| {
        let body = json!({"value": value, "@odata.nextLink": next.as_str()});
        Fault::Answer(200, vec![("content-type", "application/json".into())], body.to_string())
    };
    server.rule("/groups", 0, 1, page(json!([{"id": guid("other"), "displayName": "Sales", "visibility": null}])));
    let error = directory.resolve_groups(&[named("Sales")]).await.unwrap_err();
    assert!(matches!(error, Error::GroupAmbiguous { count: 2, .. }), "{error}");
    server.rule("/groups", 0, 1, page(json!([])));
    assert_eq!(directory.resolve_groups(&[named("Sales")]).await.unwrap().len(), 1);
}
