//! Ids in few bytes: most directories and desks use UUIDs, of which a run keeps two for each contact.

use std::fmt;

/// An id, exact to the byte. UUIDs in their canonical spelling take no memory of their own.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum CompactId {
    Uuid([u8; 16]),
    Text(Box<str>),
}

impl CompactId {
    pub(super) fn new(id: &str) -> Self {
        match uuid::Uuid::try_parse(id) {
            Ok(uuid) if uuid.hyphenated().encode_lower(&mut [0; 36]) == id => Self::Uuid(uuid.into_bytes()),
            Ok(_) | Err(_) => Self::Text(id.into()),
        }
    }
}

impl fmt::Display for CompactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(bytes) => uuid::Uuid::from_bytes(*bytes).hyphenated().fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l07_ids_survive_to_the_byte() {
        for id in ["2f1c7a52-9f7b-4d0e-8d6d-111111111111", "2F1C7A52-9F7B-4D0E-8D6D-111111111111", "42", "Åsa/7"] {
            assert_eq!(CompactId::new(id).to_string(), id);
        }
        assert_eq!(size_of::<CompactId>(), 24);
    }
}
