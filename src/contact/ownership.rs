//! Who owns a contact, as its `externalId` tells: `<ownership key>/<person id>` and what was marked on it (L7, L8, L10).
//!
//! The person id is percent-encoded, so that it holds neither `/` nor `!`; marks follow it, each after a `!`:
//! `!adopted`, `!left=<time>` (out of scope, still active), `!deactivated=<time>` (turned off by its connection).

use std::fmt;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

/// Longest `externalId` that is ever written, in bytes (L7).
const MAX_EXTERNAL_ID: usize = 255;

const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The name under which one connection owns contacts: lower-case letters, digits, `.`, `/` and `-`, at most 128 bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OwnershipKey(String);

/// A text that is no ownership key.
#[derive(Debug, Error)]
#[error(
    "{0:?} is no ownership key: use 1 to 128 lower-case letters, digits, '.', '/' and '-', the first and the last a letter or digit"
)]
pub struct OwnershipKeyError(String);

impl OwnershipKey {
    /// Checks a key as `spec.ownershipKey` writes it.
    pub fn new(key: impl Into<String>) -> Result<Self, OwnershipKeyError> {
        let key = key.into();
        let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let within = key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '/' | '-'));
        if key.len() <= 128 && within && end(key.chars().next()) && end(key.chars().next_back()) {
            Ok(Self(key))
        } else {
            Err(OwnershipKeyError(key))
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the `externalId` of every contact owned under this key begins with. It holds for no other key: a key that
    /// continues this one (`a/b` and `a/b/c`) is told apart by [`ExternalId::parse`].
    pub fn prefix(&self) -> String {
        format!("{}/", self.0)
    }
}

impl fmt::Display for OwnershipKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is marked on an owned contact.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Mark {
    /// What happened.
    pub kind: MarkKind,
    /// When.
    pub at: Timestamp,
}

/// The marks that carry a time.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum MarkKind {
    /// The person moved out of scope; the contact is still active and may be claimed (L8).
    Left,
    /// The connection turned the contact off; only then may it turn it on again (L10).
    Deactivated,
}

/// An `externalId` that some connection wrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalId {
    /// Whose contact it is.
    pub owner: OwnershipKey,
    /// The directory's id of the person.
    pub person: String,
    /// Whether the contact was there before this connection (L6).
    pub adopted: bool,
    /// What was marked on it.
    pub mark: Option<Mark>,
}

impl ExternalId {
    /// The `externalId` of a contact that is in step.
    pub fn new(owner: OwnershipKey, person: impl Into<String>) -> Self {
        Self { owner, person: person.into(), adopted: false, mark: None }
    }

    /// Reads an `externalId`; `None` when no connection wrote it, in which case nobody owns the contact.
    pub fn parse(text: &str) -> Option<Self> {
        let (owner, rest) = text.rsplit_once('/')?;
        let owner = OwnershipKey::new(owner).ok()?;
        let mut parts = rest.split('!');
        let person = percent_decode_str(parts.next()?).decode_utf8().ok()?.into_owned();
        if person.is_empty() {
            return None;
        }
        let mut id = Self { owner, person, adopted: false, mark: None };
        for part in parts {
            match part.split_once('=') {
                None if part == "adopted" => id.adopted = true,
                Some(("left", time)) => id.mark = Some(Mark { kind: MarkKind::Left, at: time.parse().ok()? }),
                Some(("deactivated", time)) => {
                    id.mark = Some(Mark { kind: MarkKind::Deactivated, at: time.parse().ok()? });
                }
                None | Some(_) => return None,
            }
        }
        Some(id)
    }

    /// Whether it fits into 255 bytes (L7) with every mark that may come later.
    pub fn fits(&self) -> bool {
        let longest = "!adopted!deactivated=2026-11-23T09:33:54Z";
        self.owner.0.len() + 1 + utf8_percent_encode(&self.person, PLAIN).map(str::len).sum::<usize>() + longest.len()
            <= MAX_EXTERNAL_ID
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, utf8_percent_encode(&self.person, PLAIN))?;
        if self.adopted {
            f.write_str("!adopted")?;
        }
        match self.mark {
            None => Ok(()),
            Some(Mark { kind: MarkKind::Left, at }) => write!(f, "!left={at:.0}"),
            Some(Mark { kind: MarkKind::Deactivated, at }) => write!(f, "!deactivated={at:.0}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> OwnershipKey {
        OwnershipKey::new(text).unwrap()
    }

    proptest! {
        #[test]
        fn l07_what_is_written_is_read_back(person in "\\PC{1,40}", adopted: bool, at in 0_i64..4_000_000_000, kind in 0..3) {
            let at = Timestamp::from_second(at).unwrap();
            let mark = match kind {
                0 => None,
                1 => Some(Mark { kind: MarkKind::Left, at }),
                _ => Some(Mark { kind: MarkKind::Deactivated, at }),
            };
            let id = ExternalId { owner: key("default/support/emea"), person, adopted, mark };
            prop_assert_eq!(ExternalId::parse(&id.to_string()), Some(id));
        }

        #[test]
        fn l07_any_text_is_read_without_panic(text in "\\PC*") {
            let _ = ExternalId::parse(&text);
        }
    }

    #[test]
    fn l07_a_longer_key_is_another_owner() {
        let id = ExternalId::new(key("a/b/c"), "7").to_string();
        assert!(id.starts_with(&key("a/b").prefix()));
        assert_eq!(ExternalId::parse(&id).unwrap().owner, key("a/b/c"));
    }

    #[test]
    fn l07_foreign_ids_have_no_owner() {
        for text in ["", "42", "HR-42", "UPPER/42", "a/", "/42", "a/b!maybe", "a/b!left=yesterday"] {
            assert_eq!(ExternalId::parse(text), None, "{text}");
        }
    }
}
