//! What becomes of changes when the wire or the desk fails (L12, L19).

use axum::http::Method;
use contactsync::desk::{ChangeKind, Refusal};
use serde_json::json;

use super::*;
use crate::support::misbehaving_desk::Fault;

fn people(count: usize) -> Vec<ChangeKind> {
    (0..count).map(|n| create(&format!("p{n}"))).collect()
}

fn all_written(outcomes: &[Outcome]) {
    for outcome in outcomes {
        assert!(outcome.result.is_ok(), "{outcome:?}");
    }
}

async fn creates_each_once(profile: Profile, path: &'static str, fault: Fault) {
    let (server, desk) = start(profile).await;
    server.once(Method::POST, path, fault);
    let (outcomes, result) = write(&desk, people(10)).await;
    result.unwrap();
    all_written(&outcomes);
    assert_eq!(server.users().len(), 10);
    for outcome in &outcomes {
        let id = outcome.result.as_ref().unwrap().id.as_str();
        assert_eq!(server.user(id)["externalId"], super::id(&format!("p{}", outcome.key)).to_string());
    }
    server.assert_met();
}

const SINGLE: Profile =
    Profile { bulk: None, patch: true, etag: true, filter: true, cursor: false, schemas: true, page: 100, habits: &[] };

#[tokio::test]
async fn l12_a_creation_whose_answer_is_lost_is_not_sent_again_blindly() {
    for fault in
        [Fault::CutBefore, Fault::CutAfter, Fault::HalfJson, Fault::status(500), Fault::status(503), Fault::Huge]
    {
        creates_each_once(SINGLE, "/Users", fault.clone()).await;
        creates_each_once(SINGLE_WITHOUT_FILTER, "/Users", fault).await;
    }
}

const SINGLE_WITHOUT_FILTER: Profile = Profile { filter: false, ..SINGLE };

#[tokio::test]
async fn l12_a_bulk_request_whose_answer_is_lost_is_found_out_about() {
    for fault in [Fault::CutBefore, Fault::CutAfter, Fault::HalfJson, Fault::status(502), Fault::MissingResult(3)] {
        creates_each_once(Profile::default(), "/Bulk", fault).await;
    }
}

#[tokio::test]
async fn l12_only_what_is_missing_is_sent_again() {
    let (server, desk) = start(Profile::default()).await;
    server.once(Method::POST, "/Bulk", Fault::FailedOperation(4, 503));
    all_written(&write(&desk, people(10)).await.0);
    assert_eq!(server.requests(&Method::POST, "/Bulk").len(), 1);
    assert_eq!(server.requests(&Method::POST, "/Users").len(), 1);
}

#[tokio::test]
async fn l12_too_large_splits_the_batch() {
    creates_each_once(Profile::default(), "/Bulk", Fault::status(413)).await;
    let (server, desk) = start(SINGLE).await;
    server.once(Method::POST, "/Users", Fault::status(413));
    let (outcomes, _) = write(&desk, people(1)).await;
    assert_eq!(outcomes[0].result.as_ref().unwrap_err(), &Refusal::Invalid { status: 413, scim_type: None });
}

#[tokio::test]
async fn l12_requests_stay_within_the_desks_limits() {
    let (server, desk) = start(Profile { bulk: Some((4, 2000)), ..Profile::default() }).await;
    all_written(&write(&desk, people(30)).await.0);
    assert_eq!(server.users().len(), 30);
    assert!(
        server.requests(&Method::POST, "/Bulk").iter().all(|l| l.body["Operations"].as_array().unwrap().len() <= 4)
    );
}

#[tokio::test]
async fn l12_one_that_fails_hurts_no_other() {
    let (server, desk) = start(Profile::default()).await;
    server.once(Method::POST, "/Bulk", Fault::FailedOperation(2, 400));
    server.add(json!({"userName": "P5@acme.example"}));
    let (outcomes, result) = write(&desk, people(10)).await;
    result.unwrap();
    assert!(matches!(outcomes[2].result, Err(Refusal::Invalid { status: 400, .. })));
    assert!(matches!(outcomes[5].result, Err(Refusal::Conflict)));
    assert_eq!(outcomes.iter().filter(|o| o.result.is_ok()).count(), 8);
}

#[tokio::test]
async fn l12_results_in_another_order_are_told_apart() {
    let (server, desk) = start(Profile::default()).await;
    write(&desk, people(6)).await.1.unwrap();
    let (contacts, _) = list(&desk, &owner().prefix()).await;
    server.once(Method::POST, "/Bulk", Fault::Reordered);
    let mut kinds: Vec<_> =
        contacts.iter().map(|c| update(c, vec![(Field::JobTitle, Some(text(c.id.as_str())))])).collect();
    kinds.push(create("late"));
    let (outcomes, _) = write(&desk, kinds).await;
    all_written(&outcomes);
    for (outcome, contact) in outcomes.iter().zip(&contacts) {
        assert_eq!(outcome.result.as_ref().unwrap().id, contact.id);
        assert_eq!(server.user(contact.id.as_str())["title"], contact.id.as_str());
    }
}

#[tokio::test]
async fn l12_updates_and_deletions_whose_answer_is_lost_are_done_once() {
    for bulk in [None, Profile::default().bulk] {
        for fault in [Fault::CutBefore, Fault::CutAfter] {
            let (server, desk) = start(Profile { bulk, ..Profile::default() }).await;
            write(&desk, people(4)).await.1.unwrap();
            let (contacts, _) = list(&desk, &owner().prefix()).await;
            let mut kinds = vec![ChangeKind::Delete { contact: contacts[0].clone() }];
            kinds.extend(contacts[1..].iter().map(|c| update(c, vec![(Field::JobTitle, Some(text("CTO")))])));
            if bulk.is_some() {
                server.once(Method::POST, "/Bulk", fault.clone());
            } else {
                server.once(Method::DELETE, "/Users", fault.clone());
                server.once(Method::PATCH, "/Users", fault.clone());
            }
            all_written(&write(&desk, kinds).await.0);
            let users = server.users();
            assert_eq!(users.len(), 3);
            assert!(users.iter().all(|user| user["title"] == "CTO"));
            server.assert_met();
        }
    }
}

#[tokio::test]
async fn l07_a_contact_that_was_taken_over_meanwhile_is_left_alone() {
    let (server, desk) = start(SINGLE).await;
    write(&desk, people(1)).await.1.unwrap();
    let contact = fetch(&desk, "p0@acme.example").await;
    let taken = ChangeKind::Update {
        contact: contact.clone(),
        fields: vec![],
        external_id: Some(Some(ExternalId::new(OwnershipKey::new("somebody/else").unwrap(), "7"))),
        active: None,
    };
    write(&desk, vec![taken]).await.1.unwrap();
    let (outcomes, _) = write(&desk, vec![ChangeKind::Delete { contact }]).await;
    assert!(matches!(outcomes[0].result, Err(Refusal::Changed)), "{outcomes:?}");
    assert_eq!(server.users().len(), 1);
}

#[tokio::test]
async fn l12_two_changes_of_one_contact_are_sent_one_after_the_other() {
    let (server, desk) = start(Profile { etag: false, ..Profile::default() }).await;
    write(&desk, people(2)).await.1.unwrap();
    let contact = fetch(&desk, "p0@acme.example").await;
    let titles = ["one", "two", "three"].map(|t| update(&contact, vec![(Field::JobTitle, Some(text(t)))]));
    all_written(&write(&desk, titles.to_vec()).await.0);
    assert_eq!(server.user(contact.id.as_str())["title"], "three");
}

#[tokio::test]
async fn l19_a_token_revoked_in_the_middle_is_denied_and_every_change_accounted_for() {
    let (server, desk) = start(SINGLE).await;
    server.rule(Method::POST, "/Users", 5, 1000, Fault::status(401));
    let (outcomes, result) = write(&desk, people(20)).await;
    assert!(matches!(result, Err(Error::Denied { .. })));
    assert_eq!(outcomes.iter().filter(|o| o.result.is_ok()).count(), 5);
    assert!(outcomes.iter().all(|o| matches!(o.result, Ok(_) | Err(Refusal::Unavailable { .. }))));
}

#[tokio::test]
async fn l20_a_refusal_says_nothing_of_the_answer() {
    let (server, desk) = start(SINGLE).await;
    server.add(json!({"userName": "p0@acme.example"}));
    let body = json!({"scimType": "ann@acme.example", "detail": "ann@acme.example"}).to_string();
    server.rule(Method::POST, "/Users", 1, 1, Fault::Answer(400, vec![], body));
    let (outcomes, _) = write(&desk, people(2)).await;
    for outcome in &outcomes {
        assert!(!format!("{outcome:?}").contains("acme"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_desk_that_only_says_it_takes_bulk_is_written_to_singly() {
    let (server, desk) = start(Profile::default()).await;
    server.rule(Method::POST, "/Bulk", 0, 1, Fault::status(501));
    all_written(&write(&desk, people(10)).await.0);
    assert_eq!(server.requests(&Method::POST, "/Bulk").len(), 1);
}

#[tokio::test]
async fn a_desk_without_patch_and_etag_is_replaced_whole() {
    let (server, desk) = start(Profile { patch: false, etag: false, ..SINGLE }).await;
    write(&desk, people(1)).await.1.unwrap();
    let contact = fetch(&desk, "p0@acme.example").await;
    write(&desk, vec![update(&contact, vec![(Field::Company, Some(text("Acme")))])]).await.1.unwrap();
    let put = &server.requests(&Method::PUT, "/Users")[0].body;
    assert_eq!(put["displayName"], "p0");
    assert!(put["schemas"].as_array().unwrap().contains(&contactsync::scim::ENTERPRISE_USER.into()));
}
