//! What a listing proves (L16), and look-ups.

use axum::http::Method;
use serde_json::json;

use super::*;
use crate::support::misbehaving_desk::Fault;

fn fill(server: &MisbehavingDesk, count: usize) {
    for n in 0..count {
        let owner = if n % 2 == 0 { id(&n.to_string()).to_string() } else { format!("other/{n}") };
        server.add(json!({"userName": format!("p{n}@acme.example"), "externalId": owner}));
    }
}

#[tokio::test]
async fn l16_pages_by_index_and_by_cursor_give_every_owned_contact_once() {
    for (cursor, filter) in [(false, true), (true, true), (false, false), (true, false)] {
        let (server, desk) = start(Profile { cursor, filter, page: 7, ..Profile::default() }).await;
        fill(&server, 60);
        let (contacts, proof) = list(&desk, &owner().prefix()).await;
        assert_eq!((contacts.len(), proof.unwrap()), (30, 30), "cursor {cursor}, filter {filter}");
    }
}

#[tokio::test]
async fn l16_a_total_that_does_not_fit_is_incomplete_after_two_tries() {
    let (server, desk) = start(Profile { page: 7, ..Profile::default() }).await;
    fill(&server, 60);
    server.rule(Method::GET, "/Users", 0, 100, Fault::Total(31));
    let (_, proof) = list(&desk, &owner().prefix()).await;
    assert!(matches!(proof, Err(Error::Incomplete { .. })));
}

#[tokio::test]
async fn l16_pages_that_shift_are_listed_again_and_sent_once() {
    let (server, desk) = start(Profile { page: 7, ..Profile::default() }).await;
    fill(&server, 60);
    server.rule(Method::GET, "/Users", 2, 1, Fault::Total(29));
    let (contacts, proof) = list(&desk, &owner().prefix()).await;
    assert_eq!((contacts.len(), proof.unwrap()), (30, 30));
    server.assert_met();
}

#[tokio::test]
async fn l16_an_empty_answer_that_is_a_lie_is_incomplete() {
    let (server, desk) = start(Profile::default()).await;
    fill(&server, 4);
    lies_to_filters(&server, 1);
    let (_, proof) = list(&desk, &owner().prefix()).await;
    assert!(matches!(proof, Err(Error::Incomplete { .. })));
    server.assert_met();
}

/// Two runs that nobody knew of each other, say: the filter was asked a moment before the first contacts were made.
#[tokio::test]
async fn l16_an_empty_answer_that_was_true_a_moment_ago_is_no_lie() {
    let (server, desk) = start(Profile::default()).await;
    fill(&server, 4);
    server.once(Method::GET, "/Users", Fault::Nothing);
    let (contacts, proof) = list(&desk, &owner().prefix()).await;
    assert_eq!((contacts.len() as u64, proof.unwrap()), (2, 2));
    server.assert_met();
}

/// The filter is asked before the unfiltered look, which is a first glance and so many pages, and after it.
fn lies_to_filters(server: &MisbehavingDesk, pages: usize) {
    server.rule(Method::GET, "/Users", 0, 1, Fault::Nothing);
    // The rule before takes its request for itself: it is not among those that are skipped.
    server.rule(Method::GET, "/Users", 1 + pages, 1, Fault::Nothing);
}

#[tokio::test]
async fn l16_an_empty_answer_is_believed_when_the_whole_listing_agrees() {
    let (server, desk) = start(Profile::default()).await;
    assert_eq!(list(&desk, "nobody/").await.1.unwrap(), 0);
    fill(&server, 4);
    assert_eq!(list(&desk, "nobody/").await.1.unwrap(), 0);
}

#[tokio::test]
async fn l16_a_cursor_that_expires_starts_again() {
    let (server, desk) = start(Profile { cursor: true, page: 7, ..Profile::default() }).await;
    fill(&server, 60);
    let expired = Fault::Answer(400, vec![], json!({"scimType": "expiredCursor"}).to_string());
    server.rule(Method::GET, "/Users", 2, 1, expired);
    let (contacts, proof) = list(&desk, &owner().prefix()).await;
    assert_eq!((contacts.len(), proof.unwrap()), (30, 30));
}

#[tokio::test]
async fn l07_foreign_owners_in_a_filters_answer_are_left_out() {
    let (server, desk) = start(Profile::default()).await;
    fill(&server, 4);
    let lie = json!({"totalResults": 4, "Resources": server.users()}).to_string();
    server.once(Method::GET, "/Users", Fault::Answer(200, vec![], lie));
    let (contacts, proof) = list(&desk, &owner().prefix()).await;
    assert_eq!((contacts.len(), proof.unwrap()), (2, 2));
    assert!(contacts.iter().all(|c| c.external_id.as_ref().unwrap().starts_with(&owner().prefix())));
}

#[tokio::test]
async fn l16_a_contact_without_id_is_incomplete() {
    let (server, desk) = start(Profile::default()).await;
    let nameless = json!({"totalResults": 1, "Resources": [{"userName": "ann"}]}).to_string();
    server.rule(Method::GET, "/Users", 0, 2, Fault::Answer(200, vec![], nameless));
    assert!(matches!(list(&desk, &owner().prefix()).await.1, Err(Error::Incomplete { .. })));
}

#[tokio::test]
async fn contacts_are_fetched_by_id_and_the_missing_are_absent() {
    for filter in [true, false] {
        let (server, desk) = start(Profile { filter, page: 10, ..Profile::default() }).await;
        fill(&server, 60);
        let (contacts, _) = list(&desk, &owner().prefix()).await;
        let mut ids: Vec<_> = contacts.into_iter().map(|contact| contact.id).collect();
        ids.push(contactsync::desk::ContactId::new("gone").unwrap());
        assert_eq!(desk.get(&ids).await.unwrap().len(), 30);
    }
}

#[tokio::test]
async fn contacts_are_found_by_any_email_and_by_owner_whatever_is_marked() {
    for filter in [true, false] {
        let (server, desk) = start(Profile { filter, ..Profile::default() }).await;
        server.add(json!({"userName": "Ann@acme.example", "emails": [{"value": "ann@home.example"}],
            "externalId": format!("{}!left=2026-11-23T09:33:54Z", id("7"))}));
        server.add(json!({"userName": "bob@acme.example", "externalId": id("77").to_string()}));
        assert_eq!(desk.find_by_email("ann@ACME.example").await.unwrap().len(), 1);
        assert_eq!(desk.find_by_email("ann@home.example").await.unwrap().len(), 1);
        assert_eq!(desk.find_by_email("nobody@home.example").await.unwrap().len(), 0);
        let found = desk.find_by_external_id(&id("7")).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].user_name, "Ann@acme.example");
    }
}

#[tokio::test]
async fn l16_one_whole_listing_answers_for_all_who_begin_together_and_for_nobody_who_is_there() {
    let (server, desk) = start(Profile { page: 7, ..Profile::default() }).await;
    fill(&server, 60);
    assert_eq!(list(&desk, "one/").await.1.unwrap(), 0);
    let before = server.log().len();
    assert_eq!(list(&desk, "two/").await.1.unwrap(), 0);
    assert_eq!(server.log().len() - before, 1, "the filter alone");
    lies_to_filters(&server, 60_usize.div_ceil(7));
    let (_, proof) = list(&desk, &owner().prefix()).await;
    assert!(matches!(proof, Err(Error::Incomplete { .. })), "whoever was seen is looked for");
}
