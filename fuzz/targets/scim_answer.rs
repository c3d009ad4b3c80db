//! What a desk answers: a page of a listing, a contact; and what is written back. Each line before the JSON is a change: a
//! letter for the field, and the text that it takes; none clears it.
//!
//! - No answer panics. A contact has an id, and every field of it can be asked for. Looked at in place, as a listing does,
//!   it is the same.
//! - L14: what is written to a contact is there when it is read again, by PATCH and by PUT, and then there is nothing
//!   left to write. L10: a field that was not asked for stays as it was.
#![no_main]

use contactsync::contact::{self, Field, Value};
use contactsync::desk::{ChangeKind, Contact};
use contactsync::fuzzing::{desk, kdesk};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value as Json};

fn fields() -> [Field; 18] {
    [
        Field::Name,
        Field::GivenName,
        Field::FamilyName,
        Field::Email,
        Field::Company,
        Field::JobTitle,
        Field::Division,
        Field::Notes,
        Field::EmailLabeled("work".into()),
        Field::EmailLabeled("home".into()),
        Field::PhoneLabeled("work".into()),
        Field::Street,
        Field::City,
        Field::Region,
        Field::PostalCode,
        Field::Country,
        Field::PortalAccess,
        Field::Notification("TicketUpdates".into()),
    ]
}

fuzz_target!(|input: &str| {
    let (changes, body) = input.split_at(input.find('{').unwrap_or(0));
    let changes = wanted(changes);
    if let Some(page) = desk::page(body.as_bytes()) {
        page.contacts.iter().flatten().for_each(asked);
        agrees(body, &page);
    }
    let Ok(resource) = serde_json::from_str::<Map<String, Json>>(body) else { return };
    if let Some(contact) = desk::contact(resource.clone()) {
        asked(&contact);
        written(&contact, &changes);
    }
    // The same as the bundled workspace would keep it, and so answer it.
    if let Ok(mut kept) = kdesk::document(resource) {
        kept.insert("id".to_owned(), "7".into());
        let contact = desk::contact(kept).expect("it has an id");
        asked(&contact);
        patched(&contact, &changes);
    }
});

/// A listing looks at contacts in place: it sees what a copy of them says.
fn agrees(body: &str, page: &desk::ReadPage) {
    let mut copies = page.contacts.iter();
    desk::listed(body.as_bytes(), |listed| {
        let copy = copies.next().expect("as many contacts").as_ref();
        assert_eq!(listed.map(|listed| listed.id), copy.map(|copy| copy.id.as_str()));
        let (Some(listed), Some(copy)) = (listed, copy) else { return };
        assert_eq!(listed.external_id, copy.external_id.as_deref());
        assert_eq!(listed.user_name(), copy.user_name);
        assert_eq!((listed.active(), listed.staff()), (copy.active, copy.staff));
        for field in fields() {
            assert_eq!(listed.value(&field), copy.value(&field), "{field}");
        }
    });
}

fn asked(contact: &Contact) {
    assert!(!contact.id.as_str().is_empty());
    for field in fields() {
        let value = contact.value(&field);
        assert!(contact::same(&field, value.as_ref(), value.as_ref()));
    }
}

/// What a mapping could want: texts that are not blank, flags for flags, an email never cleared.
fn wanted(lines: &str) -> Vec<(Field, Option<Value>)> {
    let mut changes: Vec<(Field, Option<Value>)> = Vec::new();
    for line in lines.lines() {
        let Some((letter, text)) = line.split_at_checked(1) else { continue };
        let field = fields()[usize::from(letter.as_bytes()[0]) % 18].clone();
        let text = contact::form::canonical_text(text);
        let text = (!text.is_empty() && !text.contains('\0') && text.len() < 1000).then_some(text);
        let value = text.map(|text| match field {
            Field::PortalAccess | Field::Notification(_) => Value::Flag(text.len() % 2 == 0),
            _ => Value::Text(text.into_owned()),
        });
        if (value.is_some() || field.clearable()) && changes.iter().all(|(other, _)| *other != field) {
            changes.push((field, value));
        }
    }
    changes
}

fn update(contact: &Contact, fields: &[(Field, Option<Value>)]) -> ChangeKind {
    ChangeKind::Update { contact: contact.clone(), fields: fields.to_vec(), external_id: None, active: None }
}

/// A foreign desk's contact: nothing is known of its rules, but that what was written by PUT is what it keeps.
fn written(contact: &Contact, changes: &[(Field, Option<Value>)]) {
    let _ = desk::rendered(contact, &update(contact, changes), false);
    let Some(Json::Object(body)) = desk::rendered(contact, &update(contact, changes), true) else { return };
    let after = desk::contact(body).expect("it keeps its id");
    settled(contact, &after, changes);
}

/// The bundled workspace's contact, which knows PATCH.
fn patched(contact: &Contact, changes: &[(Field, Option<Value>)]) {
    let Some(body) = desk::rendered(contact, &update(contact, changes), false) else { return };
    let mut document = desk::resource(contact).clone();
    document.shift_remove("id");
    let after = kdesk::patched(&document, body["Operations"].clone());
    let mut after =
        after.unwrap_or_else(|error| panic!("the workspace refuses what its client writes: {error}: {body}"));
    after.insert("id".to_owned(), "7".into());
    settled(contact, &desk::contact(after).expect("it has an id"), changes);
}

fn settled(before: &Contact, after: &Contact, changes: &[(Field, Option<Value>)]) {
    for (field, wanted) in changes {
        assert!(
            contact::same(field, after.value(field).as_ref(), wanted.as_ref()),
            "L14: {field} is not as written: {after:?}"
        );
    }
    assert!(desk::rendered(after, &update(after, changes), false).is_none(), "L14: there is more to write");
    // The email moves the entry that it stands in, label and all.
    let email = changes.iter().any(|(field, _)| matches!(field, Field::Email | Field::EmailLabeled(_)));
    for field in fields() {
        let bound = matches!(field, Field::Email | Field::EmailLabeled(_)) && email;
        if !bound && changes.iter().all(|(other, _)| *other != field) {
            assert_eq!(after.value(&field), before.value(&field), "L10: {field} was not asked for");
        }
    }
}
