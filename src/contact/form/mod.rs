//! How each kind of text is written to a desk, and the canonical form in which two spellings of it are the same (L14).
//!
//! A canonical form never panics, whatever the text, and is its own canonical form. It says nothing about validity:
//! what a desk holds is compared as it stands.

mod country;
mod email;
mod phone;
mod text;

pub use country::country_code;
pub use email::{EmailFault, canonical_email, check_email, domain_of};
pub use phone::{canonical_phone, written_phone};
pub use text::canonical_text;
