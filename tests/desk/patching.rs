//! What is sent of an update (L13, L10).

use axum::http::Method;
use contactsync::desk::ChangeKind;
use serde_json::{Value as Json, json};

use super::*;

fn ann() -> Json {
    json!({
        "schemas": [contactsync::scim::USER], "userName": "ann@acme.example", "displayName": "Ann", "title": "CEO",
        "externalId": id("7").to_string(),
        "emails": [
            {"value": "ann@acme.example", "type": "work", "primary": true},
            {"value": "ann@home.example", "type": "home"},
        ],
        "phoneNumbers": [{"value": "1", "type": "mobile"}, {"value": "2", "type": "fax"}],
        "nickName": "by hand",
    })
}

async fn updated(profile: Profile, fields: Vec<(Field, Option<Value>)>) -> (Json, Vec<Json>) {
    let (server, desk) = start(profile).await;
    let id = server.add(ann());
    let contact = fetch(&desk, "ann@acme.example").await;
    let (outcomes, result) = write(&desk, vec![update(&contact, fields)]).await;
    result.unwrap();
    outcomes[0].result.as_ref().unwrap();
    let sent = server.requests(&Method::PATCH, "/Users").into_iter();
    (server.user(&id), sent.flat_map(|l| l.body["Operations"].as_array().unwrap().clone()).collect())
}

#[tokio::test]
async fn l13_unowned_labels_stay_and_only_what_changed_is_sent() {
    let fields = vec![
        (Field::PhoneLabeled("mobile".into()), Some(text("3"))),
        (Field::PhoneLabeled("work".into()), Some(text("4"))),
        (Field::Name, Some(text("Ann"))),
    ];
    let (user, sent) = updated(Profile::default(), fields).await;
    let phones =
        json!([{"value": "3", "type": "mobile"}, {"value": "2", "type": "fax"}, {"value": "4", "type": "work"}]);
    assert_eq!(user["phoneNumbers"], phones);
    let paths: Vec<_> = sent.iter().map(|op| op["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["name.formatted", "phoneNumbers"]);
}

#[tokio::test]
async fn l13_a_new_email_moves_sign_in_name_and_the_one_primary_entry() {
    for patch in [true, false] {
        let fields = vec![
            (Field::EmailLabeled("work".into()), Some(text("anna@acme.example"))),
            (Field::Email, Some(text("anna@acme.example"))),
        ];
        let (user, _) = updated(Profile { patch, ..Profile::default() }, fields).await;
        assert_eq!(user["userName"], "anna@acme.example");
        let emails = json!([
            {"value": "anna@acme.example", "type": "work", "primary": true},
            {"value": "ann@home.example", "type": "home"},
        ]);
        assert_eq!(user["emails"], emails);
        assert_eq!(user["nickName"], "by hand");
    }
}

#[tokio::test]
async fn l13_a_label_that_differs_from_the_sign_in_email_is_an_entry_of_its_own() {
    let fields = vec![(Field::EmailLabeled("work".into()), Some(text("sales@acme.example")))];
    let (user, _) = updated(Profile::default(), fields).await;
    let emails = json!([
        {"value": "ann@acme.example", "primary": true},
        {"value": "ann@home.example", "type": "home"},
        {"value": "sales@acme.example", "type": "work"},
    ]);
    assert_eq!(user["emails"], emails);
}

#[tokio::test]
async fn l13_an_address_that_was_there_becomes_primary_and_is_not_doubled() {
    let (user, _) = updated(Profile::default(), vec![(Field::Email, Some(text("ann@home.example")))]).await;
    assert_eq!(user["emails"], json!([{"value": "ann@home.example", "type": "home", "primary": true}]));
}

#[tokio::test]
async fn l13_clearing_removes() {
    let fields = vec![(Field::JobTitle, None), (Field::PhoneLabeled("mobile".into()), None), (Field::Company, None)];
    let (user, sent) = updated(Profile::default(), fields).await;
    assert!(user.get("title").is_none());
    assert_eq!(user["phoneNumbers"], json!([{"value": "2", "type": "fax"}]));
    assert!(sent.iter().any(|op| *op == json!({"op": "remove", "path": "title"})), "{sent:?}");
    assert_eq!(sent.len(), 2, "what was not there is not removed");
}

#[tokio::test]
async fn l13_extensions_addresses_and_flags_are_written_and_read_back() {
    for patch in [true, false] {
        let (server, desk) = start(Profile { patch, ..Profile::default() }).await;
        server.add(ann());
        let contact = fetch(&desk, "ann@acme.example").await;
        let wanted = vec![
            (Field::Company, text("Acme")),
            (Field::Division, text("EMEA")),
            (Field::Notes, text("two\nlines")),
            (Field::City, text("Malmö")),
            (Field::Country, text("SE")),
            (Field::PortalAccess, Value::Flag(true)),
            (Field::Notification("TicketUpdates".into()), Value::Flag(false)),
            (Field::EmailLabeled("work".into()), Value::Texts(vec!["a@x.example".into(), "b@x.example".into()])),
        ];
        let fields: Vec<_> = wanted.iter().cloned().map(|(field, value)| (field, Some(value))).collect();
        write(&desk, vec![update(&contact, fields.clone())]).await.1.unwrap();
        let contact = fetch(&desk, "ann@acme.example").await;
        for (field, value) in &wanted {
            assert_eq!(contact.value(field).as_ref(), Some(value), "{field}");
        }
        let before = server.log().len();
        write(&desk, vec![update(&contact, fields)]).await.1.unwrap();
        assert_eq!(server.log().len(), before, "L14: nothing to do, nothing sent");
    }
}

/// Ann with two addresses at work, her contact, and a desk that keeps it.
async fn at_two_places(patch: bool) -> (MisbehavingDesk, Desk, Contact) {
    let (server, desk) = start(Profile { patch, ..Profile::default() }).await;
    let mut user = ann();
    user["addresses"] = json!([
        {"type": "home", "locality": "Lund"},
        {"type": "work", "locality": "Umeå", "primary": true},
        {"type": "work", "locality": "Malmö", "streetAddress": "Storgatan 1"},
    ]);
    server.add(user);
    let contact = fetch(&desk, "ann@acme.example").await;
    (server, desk, contact)
}

#[tokio::test]
async fn l14_no_second_address_at_work_steps_in_for_one_that_is_cleared() {
    for patch in [true, false] {
        let (server, desk, contact) = at_two_places(patch).await;
        assert_eq!(contact.value(&Field::City), Some(text("Umeå")));
        let street = contact.value(&Field::Street);
        let fields = vec![(Field::City, None)];
        write(&desk, vec![update(&contact, fields.clone())]).await.1.unwrap();
        let contact = fetch(&desk, "ann@acme.example").await;
        assert_eq!(contact.value(&Field::City), None);
        assert_eq!(contact.value(&Field::Street), street, "L10: nobody asked for it");
        let left = json!([{"type": "home", "locality": "Lund"}, {"type": "work", "streetAddress": "Storgatan 1"}]);
        assert_eq!(server.user(contact.id.as_str())["addresses"], left);
        let before = server.log().len();
        write(&desk, vec![update(&contact, fields)]).await.1.unwrap();
        assert_eq!(server.log().len(), before, "nothing to do, nothing sent");
    }
}

#[tokio::test]
async fn l10_an_address_whose_parts_change_stays_the_same_entry() {
    for patch in [true, false] {
        let (server, desk, contact) = at_two_places(patch).await;
        let fields = vec![(Field::City, None), (Field::Country, Some(text("SE")))];
        write(&desk, vec![update(&contact, fields)]).await.1.unwrap();
        let left = json!([
            {"type": "home", "locality": "Lund"},
            {"type": "work", "country": "SE", "primary": true},
            {"type": "work", "streetAddress": "Storgatan 1"},
        ]);
        assert_eq!(server.user(contact.id.as_str())["addresses"], left);
    }
}

#[tokio::test]
async fn l13_somebody_elses_change_is_kept_and_ours_made_anew() {
    let (server, desk) = start(Profile { bulk: None, ..Profile::default() }).await;
    let id = server.add(ann());
    let contact = fetch(&desk, "ann@acme.example").await;
    server.once(Method::PATCH, "/Users", crate::support::misbehaving_desk::Fault::ChangedBefore);
    let (outcomes, _) = write(&desk, vec![update(&contact, vec![(Field::JobTitle, Some(text("CTO")))])]).await;
    outcomes[0].result.as_ref().unwrap();
    assert_eq!(server.user(&id)["title"], "CTO");
    assert_eq!(server.user(&id)["nickName"], "changed by hand");
    assert_eq!(server.requests(&Method::PATCH, "/Users").len(), 2);
}

#[tokio::test]
async fn l06_staff_is_never_changed() {
    let (server, desk) = start(Profile::default()).await;
    let mut agent = ann();
    agent["userType"] = "Agent".into();
    server.add(agent);
    let contact = fetch(&desk, "ann@acme.example").await;
    let kinds = vec![update(&contact, vec![(Field::JobTitle, None)]), ChangeKind::Delete { contact }];
    let (outcomes, _) = write(&desk, kinds).await;
    assert!(outcomes.iter().all(|o| *o.result.as_ref().unwrap_err() == contactsync::desk::Refusal::Staff));
    assert_eq!(server.users().len(), 1);
}

#[tokio::test]
async fn l06_releasing_takes_the_owner_off_and_leaves_the_rest() {
    let (server, desk) = start(Profile::default()).await;
    let id = server.add(ann());
    let contact = fetch(&desk, "ann@acme.example").await;
    let release = ChangeKind::Update { contact, fields: vec![], external_id: Some(None), active: Some(false) };
    write(&desk, vec![release]).await.1.unwrap();
    let user = server.user(&id);
    assert!(user.get("externalId").is_none());
    assert_eq!((&user["active"], &user["title"]), (&json!(false), &json!("CEO")));
}
