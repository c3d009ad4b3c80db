//! Groups by name, as CSV and JSON Lines have them: a group is a name that somebody's record lists.

use std::collections::HashMap;

use crate::api::{GroupRef, Membership};
use crate::directory::{Error, GroupQuery, ReadQuery, ResolvedGroup};
use crate::person::GroupSet;

/// The groups that a read asks about, by name. Nesting means nothing here.
pub(super) struct NamedGroups(HashMap<String, Vec<usize>>);

impl NamedGroups {
    /// Prepares the groups of a query.
    pub(super) fn new(query: &ReadQuery) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, query) in query.groups.iter().enumerate() {
            names.entry(query.group.id.clone()).or_default().push(place);
        }
        Self(names)
    }

    /// Puts into a set what a name listed by a record stands for. Names are compared as written, but for spaces around.
    pub(super) fn add(&self, name: &str, set: &mut GroupSet) {
        for place in self.0.get(name.trim()).into_iter().flatten() {
            set.insert(*place);
        }
    }
}

/// The query that looks for groups: its answer names, by place, those that somebody has.
pub(super) fn search(groups: &[GroupRef]) -> ReadQuery {
    let groups = groups.iter().map(|group| {
        let name = called(group).trim().to_owned();
        GroupQuery { group: ResolvedGroup { id: name.clone(), handle: name }, membership: Membership::Direct }
    });
    ReadQuery { groups: groups.collect(), ..ReadQuery::default() }
}

/// What a reference calls its group: in a file, name and id are the same.
pub(super) fn called(group: &GroupRef) -> &str {
    group.name.as_deref().or(group.id.as_deref()).unwrap_or_default()
}

/// Refuses a group that nobody was in: it may be a name spelt wrongly, and an exclusion that excludes nobody lets
/// strangers in (L2).
pub(super) fn all_found(query: &ReadQuery, found: &GroupSet) -> Result<(), Error> {
    match query.groups.iter().enumerate().find(|(place, _)| !found.contains(*place)) {
        None => Ok(()),
        Some((_, missing)) => Err(not_found(&missing.group.id)),
    }
}

/// A group that the file does not know. Which field named it is known to the caller.
pub(super) fn not_found(group: &str) -> Error {
    Error::GroupNotFound { field: "scope".to_owned(), group: group.to_owned() }
}
