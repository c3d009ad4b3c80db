//! Contacts whose desk stores a value differently from what was written, so that it is not written again run after
//! run (L14). Losing this costs one needless write per contact, nothing else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One contact that came to rest with a difference.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SettledEntry {
    /// Fingerprint of what was wanted.
    #[serde(rename = "w", with = "hex_u128")]
    pub wanted: u128,
    /// Fingerprint of what the desk made of it.
    #[serde(rename = "s", with = "hex_u128")]
    pub stored: u128,
    /// The fields that differ.
    #[serde(rename = "f")]
    pub fields: Vec<String>,
    /// The write changed nothing at all: perhaps the desk only seemed to take it, so it is tried once more.
    #[serde(rename = "t", default, skip_serializing_if = "std::ops::Not::not")]
    pub tentative: bool,
}

/// Every contact that came to rest with a difference, by person id.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settled(pub BTreeMap<String, SettledEntry>);

impl Settled {
    /// The entry of a person, if what is wanted and what is stored are still the same two.
    pub fn at_rest(&self, person: &str, wanted: u128, stored: u128) -> Option<&SettledEntry> {
        self.0.get(person).filter(|entry| !entry.tentative && entry.wanted == wanted && entry.stored == stored)
    }
}

mod hex_u128 {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{value:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)
    }
}
