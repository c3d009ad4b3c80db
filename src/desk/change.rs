//! What is to be written, and what became of it.

use super::{Contact, ContactId};
use crate::contact::{ExternalId, Field, Value};

/// One change of one contact.
#[derive(Clone, Debug)]
pub struct Change {
    /// The caller's own number of it, which its outcome carries.
    pub key: u64,
    /// What to do.
    pub kind: ChangeKind,
}

/// The ways to change a contact.
#[derive(Clone, Debug)]
pub enum ChangeKind {
    /// Make a contact.
    Create {
        /// Who owns it.
        external_id: ExternalId,
        /// Whether it may be used.
        active: bool,
        /// What it holds.
        fields: Vec<(Field, Value)>,
        /// The connection's name, for display, where the desk has a place for it.
        connection: String,
    },
    /// Change a contact as it was fetched. Changing [`Field::Email`] moves the entry of `emails` that is primary, label
    /// and all: give every mapped [`Field::EmailLabeled`] along with it, changed or not.
    Update {
        /// As it was fetched.
        contact: Contact,
        /// The fields to change; `None` clears.
        fields: Vec<(Field, Option<Value>)>,
        /// `Some(None)` releases it; `None` leaves the owner as is.
        external_id: Option<Option<ExternalId>>,
        /// Turns it on or off.
        active: Option<bool>,
    },
    /// Delete a contact as it was fetched.
    Delete {
        /// As it was fetched.
        contact: Contact,
    },
}

/// What became of a change.
#[derive(Debug)]
pub struct Outcome {
    /// [`Change::key`].
    pub key: u64,
    /// Done, or why not.
    pub result: Result<Written, Refusal>,
}

/// A change that was carried out.
#[derive(Debug)]
pub struct Written {
    /// The contact.
    pub id: ContactId,
    /// What the desk says it now stores, if it said.
    pub contact: Option<Contact>,
}

/// Why a change was not carried out. Never an answer's body (L20).
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Another contact has what must be unique (409).
    #[error("another contact of the desk has this email or sign-in name")]
    Conflict,
    /// There is no such contact (any more).
    #[error("the desk has no such contact any more")]
    NotFound,
    /// Somebody else changed it meanwhile (412, after one retry), or took it over.
    #[error("somebody else changed the contact meanwhile")]
    Changed,
    /// The desk does not take it.
    #[error("the desk refuses it (HTTP {status}{})", .scim_type.as_deref().map(|t| format!(", {t}")).unwrap_or_default())]
    Invalid {
        /// HTTP status.
        status: u16,
        /// The kind of error, one of RFC 7644 table 9.
        scim_type: Option<String>,
    },
    /// It was not done, for a reason that may pass.
    #[error("not done: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// The answer was lost, and what became of it could not be found out. The next run will see.
    #[error("the answer was lost: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
    /// An agent or administrator of the desk: never touched (L6).
    #[error("it is an agent or administrator of the desk, which is never changed")]
    Staff,
}
