//! Who is in which group. Okta's groups hold users and no groups, so direct members and nested ones are the same.
//!
//! Kept per member: 16 bytes of hash and the set of groups.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::client::{Listing, Okta};
use super::fault::What;
use crate::directory::{Error, GroupQuery, ResolvedGroup};
use crate::person::GroupSet;

/// The members of the groups of a query, fresh from Okta.
#[derive(Default)]
pub(super) struct Members {
    groups: HashMap<[u8; 16], GroupSet>,
}

#[derive(Deserialize)]
struct Member {
    id: String,
}

impl Members {
    /// Reads who is in each group, but for one whose members are read for themselves.
    pub(super) async fn read(okta: &Okta, queries: &[GroupQuery], but: Option<&str>) -> Result<Self, Error> {
        let mut members = Self::default();
        let mut groups: BTreeMap<&str, &ResolvedGroup> = BTreeMap::new();
        groups.extend(queries.iter().map(|query| (query.group.id.as_str(), &query.group)));
        for (id, group) in groups.into_iter().filter(|(id, _)| Some(*id) != but) {
            let places = places(queries, id);
            let mut listing = listing::<Member>(okta, group);
            while let Some(page) = listing.page().await? {
                for member in page {
                    members.groups.entry(key(&member.id)).or_default().union(&places);
                }
            }
        }
        Ok(members)
    }

    /// The groups that a person is in.
    pub(super) fn of(&self, id: &str) -> GroupSet {
        self.groups.get(&key(id)).cloned().unwrap_or_default()
    }
}

/// The users in a group, whole (developer.okta.com/docs/api/openapi/okta-management, `listGroupUsers`).
pub(super) fn listing<'a, T: serde::de::DeserializeOwned>(okta: &'a Okta, group: &'a ResolvedGroup) -> Listing<'a, T> {
    okta.list(What::Group(group), &["groups", &group.id, "users"], &[])
}

/// The places of a query at which a group is asked about.
pub(super) fn places(queries: &[GroupQuery], id: &str) -> GroupSet {
    let mut places = GroupSet::default();
    for (place, _) in queries.iter().enumerate().filter(|(_, query)| query.group.id == id) {
        places.insert(place);
    }
    places
}

fn key(id: &str) -> [u8; 16] {
    let mut key = [0; 16];
    blake3::Hasher::new().update(id.as_bytes()).finalize_xof().fill(&mut key);
    key
}
