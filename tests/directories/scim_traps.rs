//! What SCIM servers do besides what the RFCs say: no habit shortens a read, lets a stranger in, or makes somebody gone.

use std::collections::BTreeSet;

use contactsync::api::{GroupRef, Membership};
use contactsync::directory::{Directory, Error, ReadQuery, Who};
use contactsync::person::{Person, PersonId};

use super::conformance::{TestGroup, TestPerson, about, asking, by_id, group, named, person, read};
use super::scim::{Open, asked_for, directory, open};
use crate::support::scim_idp::{Chosen, Cursors, Filters, Habits, Shown, Total};
use crate::support::service::{Fault, Misbehaving};

fn people(count: usize) -> Vec<TestPerson> {
    (0..count).map(|id| TestPerson { unit: "Sales", ..person(&id.to_string(), "Somebody") }).collect()
}

fn id(id: &str) -> PersonId {
    PersonId::new(id).unwrap()
}

async fn with(habits: Habits) -> Open {
    open(&people(8), &[], Habits { most: habits.most.or(Some(3)), ..habits }).await
}

fn query() -> ReadQuery {
    asking(&["displayName"])
}

fn filtered(filter: &str) -> ReadQuery {
    ReadQuery { filter: Some(filter.to_owned()), ..query() }
}

async fn whole(open: &Open) {
    assert_eq!(by_id(open, &query()).await.len(), 8);
}

async fn fails(open: &Open, query: &ReadQuery, about: &str) -> Error {
    let error = read(open, query).await.unwrap_err();
    assert!(error.to_string().contains(about), "{error}");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("ann@") && !text.contains("hunter2"), "L20: {text}");
    error
}

/// L16: as many distinct ids as a constant `totalResults`, tried twice.
#[tokio::test]
async fn l16_a_listing_is_what_total_results_tells() {
    whole(&with(Habits::default()).await).await;
    for (total, about) in [
        (Total::Over(1), "totalResults tells 9, 8 were listed"),
        (Total::Growing, "changed"),
        (Total::Missing, "tells no totalResults"),
    ] {
        let open = with(Habits { total, ..Habits::default() }).await;
        let error = fails(&open, &query(), about).await;
        assert!(matches!(error, Error::Incomplete { .. }), "{error}");
        let asked = asked_for(&open.server.log(), "/Users");
        assert!(asked >= 2, "it is tried twice: {asked}");
    }
    let once = with(Habits { total: Total::GrowingOnce, ..Habits::default() }).await;
    whole(&once).await;
}

#[tokio::test]
async fn l16_pages_that_come_again_or_overlap_are_told() {
    let again = with(Habits { ignores_start: true, ..Habits::default() }).await;
    fails(&again, &query(), "only resources of earlier pages").await;
    // A page that overlaps with the one before: nobody is lost, and nobody comes twice.
    let overlapping = with(Habits { overlaps: true, ..Habits::default() }).await;
    whole(&overlapping).await;
}

#[tokio::test]
async fn pages_shorter_than_asked_for_are_followed() {
    let open = open(&people(8), &[], Habits { short_pages: Some(3), ..Habits::default() }).await;
    whole(&open).await;
    assert_eq!(asked_for(&open.server.log(), "/Users"), 3);
}

#[tokio::test]
async fn a_server_without_configuration_is_read_with_plain_means() {
    let silent = open(&people(8), &[group("Sales", &["1"])], Habits { no_config: true, ..Habits::default() }).await;
    whole(&silent).await;
    let query = about(&silent, &[("Sales", Membership::Nested)]).await;
    assert!(by_id(&silent, &query).await[&id("1")].groups.contains(0));
    silent.server.rule("ServiceProviderConfig", 0, 1, Fault::WebPage(404));
    let fresh = directory(&silent.server.url, |settings| settings.source.page_size = Some(4));
    assert_eq!(by_id(&fresh, &asking(&["displayName"])).await.len(), 8);
}

/// L16: without people there is no proof but to ask again.
#[tokio::test]
async fn l16_nobody_at_all_is_asked_twice() {
    let open = open(&[], &[], Habits { no_empty_lists: true, ..Habits::default() }).await;
    assert!(by_id(&open, &query()).await.is_empty());
    assert_eq!(asked_for(&open.server.log(), "/Users"), 2);
}

/// RFC 9865: a missing nextCursor ends, an expired one starts again, once.
#[tokio::test]
async fn l16_cursors_end_expire_and_start_again_once() {
    for totals in [true, false] {
        let open = with(Habits { cursors: Some(Cursors { totals, ..Cursors::default() }), ..Habits::default() }).await;
        whole(&open).await;
        let log = open.server.log();
        assert_eq!(asked_for(&log, "/Users"), 3);
        let users = log.iter().filter(|ask| ask.path.ends_with("/Users")).collect::<Vec<_>>();
        assert!(users.iter().all(|ask| !ask.query.contains_key("startIndex") && ask.param("count") == "3"));
        assert_eq!(users[0].query["cursor"], "");
    }
    for invalid in [true, false] {
        let cursors = |expire| Some(Cursors { expire, invalid, ..Cursors::default() });
        let once = with(Habits { cursors: cursors(1), ..Habits::default() }).await;
        whole(&once).await;
        let always = with(Habits { cursors: cursors(100), ..Habits::default() }).await;
        fails(&always, &query(), "its cursor expired").await;
    }
}

#[tokio::test]
async fn attributes_that_a_server_does_not_understand_make_nobody_look_empty() {
    for (attributes, requests) in [(Chosen::Ignored, 3), (Chosen::Refused, 4), (Chosen::Bare, 4)] {
        let mut staff = people(8);
        staff[7].disabled = true;
        let open = open(&staff, &[], Habits { attributes, most: Some(3), ..Habits::default() }).await;
        let read = by_id(&open, &query()).await;
        assert!(read.values().all(|person| person.attributes.len() == 1), "{attributes:?}");
        assert!(read[&id("7")].disabled, "{attributes:?}: active is not lost");
        assert_eq!(asked_for(&open.server.log(), "/Users"), requests, "{attributes:?}");
        let again = open.read_again(&query(), &[id("7")]).await.unwrap();
        assert!(again[0].disabled && again[0].attributes.len() == 1);
    }
}

#[tokio::test]
async fn l18_a_segment_needs_an_attribute_to_be_compared_with() {
    let served = with(Habits::default()).await;
    let without = directory(&served.server.url, |settings| settings.source.segment_attribute = None);
    let segment = ReadQuery { segment: Some("Sales".into()), ..query() };
    let error = read(&without, &segment).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.scim.segmentAttribute"), "{error}");
    let empty = ReadQuery { segment: Some("/".into()), ..query() };
    assert!(matches!(read(&served, &empty).await.unwrap_err(), Error::Settings { .. }));
}

#[tokio::test]
async fn a_filter_is_the_servers_to_evaluate() {
    let mut staff = people(8);
    staff[2].attributes.push(("title", vec!["Engineer"]));
    staff[5].attributes.push(("title", vec!["Engineer"]));
    let open = open(&staff, &[], Habits { most: Some(3), ..Habits::default() }).await;
    let engineers = filtered(r#"title eq "engineer""#);
    let read = by_id(&open, &engineers).await;
    assert_eq!(read.keys().map(ToString::to_string).collect::<Vec<_>>(), ["2", "5"]);
    // Read again, the server says who of them it still takes in.
    let again = open.read_again(&engineers, &[id("2"), id("3"), id("9")]).await.unwrap();
    assert_eq!(in_query(&again), BTreeSet::from([("2".to_owned(), true), ("3".to_owned(), false)]));
    for broken in [r#"title eq "x") or (active eq true"#, "title", "title like 3"] {
        let error = super::conformance::read(&open, &filtered(broken)).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{error}");
        let error = open.read_again(&filtered(broken), &[id("2")]).await.unwrap_err();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{error}");
    }
}

fn in_query(people: &[Person]) -> BTreeSet<(String, bool)> {
    people.iter().map(|person| (person.id.to_string(), person.in_query)).collect()
}

/// L16: an empty answer to a filter is believed only of a server that shows that it understands the filter.
#[tokio::test]
async fn l16_a_filter_that_finds_nobody_is_not_believed_on_its_word() {
    let nobody = filtered(r#"title eq "Nobody""#);
    assert!(by_id(&with(Habits::default()).await, &nobody).await.is_empty(), "its opposite finds all");
    let deaf = with(Habits { filters: Filters::Deaf, ..Habits::default() }).await;
    let error = fails(&deaf, &nobody, "nothing shows that it understands the filter").await;
    assert!(matches!(error, Error::Incomplete { .. }));
    let error = deaf.read_again(&nobody, &[id("1")]).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    let simple = with(Habits { filters: Filters::Simple, ..Habits::default() }).await;
    fails(&simple, &nobody, "nothing shows").await;
}

/// L16: a server that takes a filter and answers everybody lets strangers in.
#[tokio::test]
async fn l16_a_server_that_ignores_filters_is_told() {
    // Many understand a comparison of userName, which provisioning needs, and nothing else.
    for filters in [Filters::Ignored, Filters::OfUserName] {
        let ignoring = with(Habits { filters, ..Habits::default() }).await;
        let error = fails(&ignoring, &filtered(r#"title eq "Engineer""#), "finds everybody").await;
        assert!(matches!(error, Error::Settings { .. }), "{filters:?}");
    }
    let everybody = filtered("displayName pr");
    for filters in [Filters::Good, Filters::Simple] {
        let open = with(Habits { filters, ..Habits::default() }).await;
        assert_eq!(by_id(&open, &everybody).await.len(), 8, "{filters:?}: a filter may take in everybody");
    }
    for filters in [Filters::Unsupported, Filters::Refused] {
        let open = with(Habits { filters, ..Habits::default() }).await;
        let error = fails(&open, &everybody, "scope.pattern.filter").await;
        assert!(matches!(error, Error::Settings { .. }), "{error}");
    }
}

/// L3: a server that takes no filter of several parts is asked for all whom the filter takes in.
#[tokio::test]
async fn l03_reading_again_under_a_filter_needs_no_compound_filter() {
    let mut staff = people(8);
    staff[2].attributes.push(("title", vec!["Engineer"]));
    let open = open(&staff, &[], Habits { most: Some(3), filters: Filters::Simple, ..Habits::default() }).await;
    let again = open.read_again(&filtered(r#"title eq "Engineer""#), &[id("2"), id("3")]).await.unwrap();
    assert_eq!(in_query(&again), BTreeSet::from([("2".to_owned(), true), ("3".to_owned(), false)]));
}

/// L3: where nobody can be had by id, nobody is gone.
#[tokio::test]
async fn l03_a_server_that_finds_nobody_by_id_makes_nobody_gone() {
    let open = with(Habits { no_users_by_id: true, ..Habits::default() }).await;
    let error = open.read_again(&query(), &[id("1"), id("2")]).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let fine = with(Habits::default()).await;
    assert!(fine.read_again(&query(), &[id("98"), id("99")]).await.unwrap().is_empty());
}

fn nested() -> Vec<TestGroup> {
    let outer = TestGroup { groups: vec!["Inner"], ..group("Outer", &["1"]) };
    vec![outer, group("Inner", &["2", "3"]), group("Empty", &[])]
}

async fn members(open: &Open, name: &str, membership: Membership) -> Result<BTreeSet<String>, Error> {
    let query = about(open, &[(name, membership)]).await;
    let (people, _) = read(open, &query).await?;
    let again = open.read_again(&query, &[id("1"), id("2"), id("3")]).await?;
    let of = |people: &[Person]| -> BTreeSet<String> {
        people.iter().filter(|person| person.groups.contains(0)).map(|person| person.id.to_string()).collect()
    };
    assert_eq!(of(&people), of(&again));
    Ok(of(&people))
}

#[tokio::test]
async fn members_without_a_type_are_groups_where_a_group_has_their_id() {
    for silent_users in [true, false] {
        let habits = Habits { untyped_members: true, silent_users, ..Habits::default() };
        let open = open(&people(8), &nested(), habits).await;
        let all = members(&open, "Outer", Membership::Nested).await.unwrap();
        assert_eq!(all, BTreeSet::from(["1".into(), "2".into(), "3".into()]));
        assert_eq!(members(&open, "Outer", Membership::Direct).await.unwrap(), BTreeSet::from(["1".into()]));
    }
}

#[tokio::test]
async fn l02_an_id_that_a_person_and_a_group_share_breaks_the_read_where_members_have_no_type() {
    let mut staff = people(3);
    staff.push(TestPerson { unit: "Sales", ..person("g-Inner", "Ann") });
    let typed = open(&staff, &nested(), Habits::default()).await;
    let found = members(&typed, "Outer", Membership::Direct).await.unwrap();
    assert_eq!(found, BTreeSet::from(["1".into()]), "a group is not the person who shares its id");
    let untyped = open(&staff, &nested(), Habits { untyped_members: true, ..Habits::default() }).await;
    let query = about(&untyped, &[("Outer", Membership::Direct)]).await;
    fails(&untyped, &query, "have one id").await;
}

#[tokio::test]
async fn members_that_come_only_when_asked_for_or_only_when_not_are_read() {
    for shown in [Shown::WhenAsked, Shown::WhenNotAsked] {
        let open = open(&people(8), &nested(), Habits { members: shown, ..Habits::default() }).await;
        let all = members(&open, "Outer", Membership::Nested).await.unwrap();
        assert_eq!(all, BTreeSet::from(["1".into(), "2".into(), "3".into()]), "{shown:?}");
    }
}

/// L18: an empty group is one only on a server that shows members of some group.
#[tokio::test]
async fn l18_an_empty_group_is_told_from_members_that_are_withheld() {
    let honest = open(&people(8), &nested(), Habits::default()).await;
    assert!(members(&honest, "Empty", Membership::Nested).await.unwrap().is_empty());
    for shown in [Shown::Never, Shown::LeftOut] {
        let open =
            open(&people(8), &nested(), Habits { members: shown, silent_users: true, ..Habits::default() }).await;
        let query = about(&open, &[("Outer", Membership::Nested)]).await;
        let error = fails(&open, &query, "shows no members").await;
        assert!(matches!(error, Error::Incomplete { .. }));
        let error = open.read_again(&query, &[id("1")]).await.unwrap_err();
        assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    }
}

/// L2: a list of members that is cut is told by people who say that they are in the group.
#[tokio::test]
async fn l02_a_list_of_members_that_is_cut_breaks_the_read() {
    for membership in [Membership::Direct, Membership::Nested] {
        let all: Vec<&'static str> = vec!["0", "1", "2", "3", "4", "5"];
        let cut = Habits { most_members: Some(4), ..Habits::default() };
        let open = open(&people(8), &[group("Sales", &all)], cut).await;
        let query = about(&open, &[("Sales", membership)]).await;
        fails(&open, &query, "its list of members is cut").await;
        open.server.change(|idp| idp.habits.most_members = None);
        assert_eq!(by_id(&open, &query).await.values().filter(|person| person.groups.contains(0)).count(), 6);
    }
}

/// Names may differ by case alone; only the very name counts, and quotes in it stay in it.
#[tokio::test]
async fn groups_are_found_by_the_very_name() {
    let mut groups = vec![group("Sales", &["1"]), TestGroup { key: "other", ..group("sales", &["2"]) }];
    groups.push(group(r#"Say "A\B" or (C)"#, &["3"]));
    for filters in [Filters::Good, Filters::Ignored, Filters::Deaf, Filters::Unsupported, Filters::Refused] {
        let open = open(&people(8), &groups, Habits { filters, most: Some(2), ..Habits::default() }).await;
        let refs = [named("sales"), named("Sales"), named(r#"Say "A\B" or (C)"#)];
        let found = open.resolve_groups(&refs).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|group| group.id.as_str()).collect();
        assert_eq!(ids, ["g-other", "g-Sales", r#"g-Say "A\B" or (C)"#], "{filters:?}");
        for nobody in [named("SALES"), GroupRef { name: None, id: Some("g-sales".into()) }] {
            let error = open.resolve_groups(&[nobody]).await.unwrap_err();
            assert!(matches!(error, Error::GroupNotFound { .. }), "{filters:?}: {error}");
        }
    }
}

#[tokio::test]
async fn l02_a_nested_group_that_cannot_be_read_breaks_the_read() {
    let open = open(&people(8), &nested(), Habits::default()).await;
    let query = about(&open, &[("Outer", Membership::Nested)]).await;
    open.server.change(|idp| idp.groups.retain(|group| group.name != "Inner"));
    let error = fails(&open, &query, "a group inside a group").await;
    assert!(matches!(error, Error::Incomplete { .. }));
}

#[tokio::test]
async fn a_missing_right_is_named() {
    for what in ["Users", "Groups"] {
        let open = open(&people(8), &nested(), Habits { forbidden: Some(what), ..Habits::default() }).await;
        let error = open.resolve_groups(&[named("Outer")]).await.unwrap_err();
        assert!(matches!(&error, Error::Denied { .. }), "{error}");
        assert!(error.to_string().ends_with(&format!("HTTP 403: give the credentials the right to read {what}")));
    }
}

#[tokio::test]
async fn people_are_shown_whatever_the_server_filters() {
    let mut staff = people(8);
    staff[4].attributes = vec![("displayName", vec!["Di"]), ("mail", vec!["di@acme.example"])];
    for filters in [Filters::Good, Filters::Ignored, Filters::Deaf, Filters::Unsupported, Filters::Refused] {
        let open = open(&staff, &[], Habits { filters, most: Some(3), ..Habits::default() }).await;
        for who in ["DI@acme.example", "LOGIN-4"] {
            let shown = open.show(&Who::Email(who.to_owned())).await.unwrap();
            assert_eq!(shown.len(), 1, "{filters:?}");
            assert_eq!((shown[0].id.as_str(), shown[0].location.as_deref()), ("4", Some("Sales")));
            assert_eq!(shown[0].attributes["emails"][0]["value"], "di@acme.example");
        }
        assert!(open.show(&Who::Email("nobody@acme.example".into())).await.unwrap().is_empty());
    }
}
