//! Doors for `fuzz/`: what a desk answers, read without a desk, and what is written back.

use serde_json::{Map, Value};
use serde_json_borrow::Value as Borrowed;

use super::capabilities::Places;
use super::{ChangeKind, Contact, Listed, render};
use crate::scim::json::Node as _;
use crate::scim::page::Page;

/// What was read of a page of a listing.
#[derive(Debug)]
pub struct ReadPage {
    /// `totalResults`.
    pub total: Option<u64>,
    /// `nextCursor`.
    pub next: Option<String>,
    /// The contacts; `None` for one without id.
    pub contacts: Vec<Option<Contact>>,
}

/// Reads a page.
pub fn page(body: &[u8]) -> Option<ReadPage> {
    let Page { total, next, resources } = serde_json::from_slice::<Page<Map<String, Value>>>(body).ok()?;
    Some(ReadPage { total, next, contacts: resources.into_iter().map(Contact::read).collect() })
}

/// Reads a page in place, as a listing does, and shows its contacts.
pub fn listed(body: &[u8], mut look: impl FnMut(Option<&Listed<'_>>)) {
    let Ok(page) = serde_json::from_slice::<Page<Borrowed<'_>>>(body) else { return };
    for resource in &page.resources {
        look(resource.as_fields().and_then(Listed::read).as_ref());
    }
}

/// Reads a contact.
pub fn contact(resource: Map<String, Value>) -> Option<Contact> {
    Contact::read(resource)
}

/// The resource that a contact was read from.
pub fn resource(contact: &Contact) -> &Map<String, Value> {
    &contact.resource
}

/// The body of a PATCH, or with `whole` that of a PUT, for a desk with every place.
pub fn rendered(contact: &Contact, change: &ChangeKind, whole: bool) -> Option<Value> {
    let places = Places::assumed([crate::scim::ENTERPRISE_USER, crate::scim::KDESK_CONTACT].map(str::to_owned));
    if whole { render::put(contact, change, &places) } else { render::patch(contact, change, &places) }
}
