//! Which people a read has met, in 8 bytes each.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use crate::person::PersonId;

/// 64 bits of each id, under keys that nobody else knows: a million ids meet by chance once in 37 million reads, which then
/// looks like a duplicate and fails the read, and removes nobody.
#[derive(Debug, Default)]
pub(super) struct Seen {
    keys: RandomState,
    ids: HashSet<u64>,
}

impl Seen {
    /// Whether it was not met before.
    pub(super) fn insert(&mut self, id: &PersonId) -> bool {
        self.ids.insert(self.keys.hash_one(id.as_str()))
    }

    /// Whether it was met.
    pub(super) fn contains(&self, id: &str) -> bool {
        !self.ids.is_empty() && self.ids.contains(&self.keys.hash_one(id))
    }

    /// How many were met.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }
}
