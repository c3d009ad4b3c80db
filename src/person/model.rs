//! One record of a directory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A directory's immutable id of a person, as text. Compared byte for byte.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct PersonId(Arc<str>);

impl PersonId {
    /// An id as the directory gives it; `None` when it is empty, which is no id.
    pub fn new(id: impl AsRef<str>) -> Option<Self> {
        let id = id.as_ref();
        (!id.is_empty()).then(|| Self(id.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Attribute names, spelt as the run asked for them, and their values. LDAP and CSV give lists of text; JSON gives any
/// shape, where a list stands for many values and anything else for one. An attribute that is not there is absent.
pub type Attributes = BTreeMap<Arc<str>, Vec<serde_json::Value>>;

/// One record read from a directory, in the directory's own attribute names.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// The directory's immutable id.
    pub id: PersonId,
    /// The attributes that were asked for, as far as the person has them.
    pub attributes: Attributes,
    /// Which of the groups that were asked for the person is in.
    pub groups: GroupSet,
    /// Where in the directory the person lies (LDAP: the DN; files: the segment field).
    pub location: Option<String>,
    /// Whether the directory marks the account as disabled.
    pub disabled: bool,
    /// Whether the part of the scope that the directory itself decides (`scope.pattern.segment` and `filter`) takes the
    /// person in; true where the query has none. Only reading again can say no: a read leaves such people out.
    pub in_query: bool,
}

/// A set of the groups that a run asked about, by their place in [`crate::directory::ReadQuery::groups`].
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct GroupSet(Vec<u64>);

impl GroupSet {
    /// Puts a group in.
    pub fn insert(&mut self, group: usize) {
        let word = group / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << (group % 64);
        }
    }

    /// Whether a group is in.
    pub fn contains(&self, group: usize) -> bool {
        self.0.get(group / 64).is_some_and(|bits| bits & (1 << (group % 64)) != 0)
    }

    /// Puts every group of another set in.
    pub fn union(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (bits, more) in self.0.iter_mut().zip(&other.0) {
            *bits |= more;
        }
    }

    /// Whether no group is in.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}
