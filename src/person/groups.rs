//! The groups that a program asks about, each once; its place is its bit in a person's group set.

use crate::api::{GroupRef, Membership};

/// A group whose members a program must know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GroupWanted {
    /// The group, as the manifest names it. Before a run it must resolve to exactly one (L2, L17).
    pub group: GroupRef,
    /// Whether members of groups inside it count.
    pub membership: Membership,
    /// The field below `spec` that names it first.
    pub field: String,
}

/// Collects groups while the field that names them is compiled.
pub(super) struct Groups<'a> {
    all: &'a mut Vec<GroupWanted>,
    field: String,
}

impl<'a> Groups<'a> {
    pub(super) fn named_in(all: &'a mut Vec<GroupWanted>, field: &str) -> Self {
        Self { all, field: field.to_owned() }
    }

    /// The place of a group; a new one when it was not asked about yet. The error says what is wrong with the reference.
    pub(super) fn place(&mut self, group: GroupRef, membership: Membership) -> Result<usize, String> {
        let blank = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        if blank(&group.name) == blank(&group.id) || (group.name.is_some() && group.id.is_some()) {
            return Err("name a group by exactly one of name and id, not empty".to_owned());
        }
        if let Some(place) = self.all.iter().position(|have| have.group == group && have.membership == membership) {
            return Ok(place);
        }
        self.all.push(GroupWanted { group, membership, field: self.field.clone() });
        Ok(self.all.len() - 1)
    }
}
