//! Who is in which group, as ids: 20 bytes a member, however many groups.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Graph;
use super::fault::{About, Question};
use super::groups;
use super::pages::{Item, Key, Pages, Step};
use crate::api::Membership;
use crate::directory::{Error, GroupQuery};
use crate::person::GroupSet;

/// The members of some groups of a query.
#[derive(Debug)]
pub(super) struct Members {
    /// The place of each member's set.
    of: HashMap<Key, u32>,
    /// Every combination of groups that somebody is in; the first is none.
    sets: Vec<GroupSet>,
    /// What a set becomes with one more group.
    with: HashMap<(u32, usize), u32>,
}

impl Default for Members {
    fn default() -> Self {
        Self { of: HashMap::new(), sets: vec![GroupSet::default()], with: HashMap::new() }
    }
}

/// Where the people of a group are listed. The cast leaves out devices, contacts and the groups in it.
pub(super) fn people(query: &GroupQuery) -> [&str; 4] {
    let members = match query.membership {
        Membership::Direct => "members",
        Membership::Nested => "transitiveMembers",
    };
    ["groups", &query.group.id, members, "microsoft.graph.user"]
}

impl Members {
    /// Lists every group of a query but the one at a place.
    pub(super) async fn read(graph: &Graph, queries: &[GroupQuery], but: Option<usize>) -> Result<Self, Error> {
        let mut members = Self::default();
        for (place, query) in queries.iter().enumerate().filter(|(place, _)| Some(*place) != but) {
            groups::check(graph, &query.group).await?;
            let mut pages = Pages::new(graph, Question::about(About::Group), &people(query), "id", None);
            let mut keys: Vec<Key> = Vec::new();
            while let Some(step) = pages.next().await? {
                match step {
                    Step::Page(items) => keys.extend(items.iter().map(|Item { key, .. }| key)),
                    Step::Anew => keys.clear(),
                }
            }
            for key in keys {
                members.insert(key, place);
            }
        }
        Ok(members)
    }

    /// The groups that somebody is in.
    pub(super) fn of(&self, key: &Key) -> GroupSet {
        let set = self.of.get(key).and_then(|place| self.sets.get(usize::try_from(*place).ok()?));
        set.cloned().unwrap_or_default()
    }

    /// Puts somebody into a group.
    pub(super) fn insert(&mut self, key: Key, group: usize) {
        let before = self.of.get(&key).copied().unwrap_or(0);
        let after = match self.with.entry((before, group)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let mut set = self.sets.get(before as usize).cloned().unwrap_or_default();
                set.insert(group);
                let place = self.sets.iter().position(|known| *known == set).unwrap_or(self.sets.len());
                if place == self.sets.len() {
                    self.sets.push(set);
                }
                *new.insert(u32::try_from(place).unwrap_or(u32::MAX))
            }
        };
        self.of.insert(key, after);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_kept_once_however_many_are_in_them() {
        let mut members = Members::default();
        let key = |n: u8| [n; 16];
        for (n, group) in [(1, 0), (2, 0), (1, 70), (2, 70), (3, 70), (3, 0), (3, 0)] {
            members.insert(key(n), group);
        }
        for n in 1..=3 {
            let set = members.of(&key(n));
            assert!(set.contains(0) && set.contains(70) && !set.contains(1), "{set:?}");
        }
        assert!(members.of(&key(4)).is_empty());
        assert_eq!(members.sets.len(), 4, "none, either, both");
    }
}
