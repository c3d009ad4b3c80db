//! What a contact is: its fields, their values in canonical form, and the ownership that its `externalId` tells.
//!
//! Pure words, shared by `person` (which says what a contact should be), `desk` (which reads and writes SCIM) and `sync`
//! (which compares the two). No I/O, no JSON of any desk.

mod canonical;
mod field;
pub mod form;
mod ownership;
mod value;

pub use canonical::{canonical, canonical_text, fingerprint, same};
pub use field::{Field, FieldKind};
pub use form::{EmailFault, canonical_email};
pub use ownership::{ExternalId, Mark, MarkKind, OwnershipKey, OwnershipKeyError};
pub use value::{Value, Wanted};
