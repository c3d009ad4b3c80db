//! One change as one request, and how an answer is understood, be it a request's own or that of an operation in Bulk.

use bytes::Bytes;
use http::Method;
use http::header::{ETAG, LOCATION};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use serde_json::value::to_raw_value;

use super::settle::{Op, Reply, Sending};
use super::wire::{self, Fault, Request};
use super::{ChangeKind, Contact, ContactId, Desk, Refusal, Written, newcomer, render};
use crate::net::api::Answer;
use crate::scim::json::{self, Object};

/// What the desk said about one change.
pub(super) struct Said {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) version: Option<String>,
    pub(super) body: Option<Value>,
}

impl Desk {
    /// Makes the request for a change, or says that none is needed or allowed.
    pub(super) fn prepare(&self, op: Op) -> Result<Sending, Box<(Op, Reply)>> {
        let places = &self.capabilities().places;
        let (method, body) = match &op.kind {
            ChangeKind::Create { external_id, active, fields, connection } => {
                (Method::POST, Some(newcomer::body(external_id, *active, fields, connection, places)))
            }
            ChangeKind::Update { contact, .. } | ChangeKind::Delete { contact } if contact.staff => {
                return Err(Box::new((op, Reply::Refused(Refusal::Staff))));
            }
            ChangeKind::Delete { .. } => (Method::DELETE, None),
            ChangeKind::Update { contact, .. } => {
                let (method, changed) = if self.capabilities().patch {
                    (Method::PATCH, render::patch(contact, &op.kind, places))
                } else {
                    (Method::PUT, render::put(contact, &op.kind, places))
                };
                let Some(changed) = changed else {
                    let written = Written { id: contact.id.clone(), contact: Some(contact.clone()) };
                    return Err(Box::new((op, Reply::Done(Box::new(written)))));
                };
                (method, Some(to_raw_value(&changed)))
            }
        };
        let body = match body.transpose() {
            Ok(body) => body,
            Err(error) => {
                let reason = format!("it cannot be written as JSON ({:?})", error.classify());
                return Err(Box::new((op, Reply::Refused(Refusal::Unavailable { reason }))));
            }
        };
        let contact = op.contact();
        let version = contact.and_then(|contact| contact.version.clone()).filter(|_| self.capabilities().etag);
        let id = contact.map(|contact| contact.id.clone());
        Ok(Sending { op, method, id, body, version })
    }

    /// Sends one change by itself.
    pub(super) async fn single(&self, sending: Sending) -> (Op, Reply) {
        let Sending { op, method, id, body, version } = sending;
        let mut path = vec!["Users"];
        path.extend(id.as_ref().map(ContactId::as_str));
        let mut request = Request::new(method, &path);
        request.body = body.map(|body| Bytes::from(String::from(Box::<str>::from(body))));
        request.if_match = version;
        let reply = match self.wire().write(&request).await {
            Ok(answer) => {
                let body = serde_json::from_slice(&answer.body).ok();
                if is_believed(&op, &answer, body.as_ref()) {
                    let said = Said {
                        status: answer.status,
                        location: answer.header(&LOCATION).map(str::to_owned),
                        version: answer.header(&ETAG).map(str::to_owned),
                        body,
                    };
                    self.understand(&op, said)
                } else {
                    Reply::Lost(format!("HTTP {} came with something else than the contact", answer.status))
                }
            }
            Err(Fault::Lost(reason)) => Reply::Lost(reason),
            Err(Fault::Fatal(error)) => Reply::Fatal(error),
        };
        (op, reply)
    }

    /// What an answer means for a change.
    pub(super) fn understand(&self, op: &Op, said: Said) -> Reply {
        let scim_type = said.body.as_ref().and_then(wire::scim_type);
        match said.status {
            200 | 201 | 202 | 204 => written(op, said),
            401 => Reply::Fatal(self.wire().denied(401)),
            404 | 410 => Reply::Refused(Refusal::NotFound),
            409 => Reply::Refused(Refusal::Conflict),
            400 if scim_type.as_deref() == Some("uniqueness") => Reply::Refused(Refusal::Conflict),
            412 => Reply::Stale,
            429 => Reply::Throttled("HTTP 429, it is asked too much".to_owned()),
            501 => Reply::Refused(Refusal::Invalid { status: 501, scim_type }),
            status @ 500.. => Reply::Lost(format!("HTTP {status}")),
            status => Reply::Refused(Refusal::Invalid { status, scim_type }),
        }
    }
}

/// Whether an answer can be believed. A success is believed without a body, or with the contact in it: a sign-in page or
/// a proxy's own words say nothing about what the desk did.
fn is_believed(op: &Op, answer: &Answer, body: Option<&Value>) -> bool {
    let is_ours = |contact: &Contact| {
        let told = body.and_then(Value::as_object).and_then(|body| json::text(body, "id"));
        told == Some(contact.id.as_str())
    };
    let refused = !(200..300).contains(&answer.status);
    let empty = answer.body.iter().all(u8::is_ascii_whitespace);
    refused || empty || op.contact().map_or_else(|| body.is_some(), is_ours)
}

fn written(op: &Op, said: Said) -> Reply {
    let stored = match said.body {
        Some(Value::Object(body)) if json::text(&body, "userName").is_some() => read(body, said.version),
        _ => None,
    };
    let told = stored.as_ref().map(|contact| contact.id.clone());
    let id = match op.contact() {
        Some(contact) => Some(contact.id.clone()),
        None => told.or_else(|| said.location.as_deref().and_then(id_of)),
    };
    match id {
        Some(id) => {
            let contact = stored.filter(|contact| contact.id == id);
            Reply::Done(Box::new(Written { id, contact }))
        }
        None => Reply::Lost("the desk told no id".to_owned()),
    }
}

fn read(body: Object, version: Option<String>) -> Option<Contact> {
    let mut contact = Contact::read(body)?;
    contact.version = contact.version.or(version);
    Some(contact)
}

/// The id at the end of a contact's location.
pub(super) fn id_of(location: &str) -> Option<ContactId> {
    let (before, last) = location.trim_end_matches('/').rsplit_once('/')?;
    let users = before.rsplit('/').next().is_some_and(|kind| kind.eq_ignore_ascii_case("Users"));
    let id = percent_decode_str(last).decode_utf8().ok()?;
    if users { ContactId::new(id) } else { None }
}
