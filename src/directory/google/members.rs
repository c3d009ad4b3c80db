//! Who is in which group: walks members.list from the groups that were asked about, through the groups in them where
//! nested members count. Each group is read once; a visited set ends cycles, which are legal (L2).
//!
//! `includeDerivedMembership` is not used: Google expands such a list by itself and says of no group in it that it could
//! not be read, so what is missing would not show.
//!
//! Kept: 16 bytes of hash for each membership while walking, then those and a set of groups for each member.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::fault::Api;
use super::pages::{Listing, Record};
use crate::api::Membership;
use crate::directory::{Error, GroupQuery};
use crate::person::{GroupSet, PersonId};

/// Members a page: the most that members.list gives.
const PAGE: u16 = 200;
/// Groups read together.
const TOGETHER: usize = 4;

type Key = [u8; 16];

fn key(id: &str) -> Key {
    let hash = blake3::hash(id.as_bytes());
    let mut key = Key::default();
    key.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    key
}

/// The members of the groups of a query, fresh from Google.
#[derive(Debug, Default)]
pub(super) struct Members {
    everybody: GroupSet,
    people: HashMap<Key, GroupSet>,
}

/// What one group holds itself.
#[derive(Default)]
struct Content {
    people: HashSet<Key>,
    groups: Vec<String>,
    /// It holds the customer: everybody is in it.
    everybody: bool,
}

impl Members {
    /// Walks every group of the query, so many members a page as far as Google gives them.
    pub(super) async fn read(api: &Api, page_size: u16, queries: &[GroupQuery]) -> Result<Self, Error> {
        let groups = walk(api, page_size.min(PAGE), queries).await?;
        let mut members = Self::default();
        for (place, query) in queries.iter().enumerate() {
            for content in reach(&groups, query) {
                if content.everybody {
                    members.everybody.insert(place);
                }
                for person in &content.people {
                    members.people.entry(*person).or_default().insert(place);
                }
            }
        }
        Ok(members)
    }

    /// The groups that a person is in.
    pub(super) fn of(&self, id: &PersonId) -> GroupSet {
        let mut groups = self.everybody.clone();
        if !self.people.is_empty()
            && let Some(own) = self.people.get(&key(id.as_str()))
        {
            groups.union(own);
        }
        groups
    }
}

/// Reads the groups of the query, and the groups in those whose nested members count.
async fn walk(api: &Api, page_size: u16, queries: &[GroupQuery]) -> Result<HashMap<String, Content>, Error> {
    let nested = queries.iter().filter(|query| query.membership == Membership::Nested);
    let nested: HashSet<&str> = nested.map(|query| query.group.id.as_str()).collect();
    let mut visited: HashSet<String> = queries.iter().map(|query| query.group.id.clone()).collect();
    let mut waiting: Vec<(String, bool)> =
        visited.iter().map(|group| (group.clone(), nested.contains(group.as_str()))).collect();
    // A group that only its own members are asked of may come again below one that is walked.
    let mut deep: HashSet<String> = nested.iter().map(|group| (*group).to_owned()).collect();
    let mut groups: HashMap<String, Content> = HashMap::new();
    let roots = visited.clone();
    while !waiting.is_empty() {
        let reading = waiting.drain(..).map(|(group, walked)| {
            let is_root = roots.contains(&group);
            async move { content(api, page_size, &group, is_root).await.map(|content| (group, walked, content)) }
        });
        let reading: Vec<_> = reading.collect();
        let read: Vec<_> = futures::stream::iter(reading).buffer_unordered(TOGETHER).try_collect().await?;
        let mut inner: Vec<String> = Vec::new();
        for (group, walked, content) in read {
            if walked {
                inner.extend(content.groups.iter().cloned());
            }
            groups.insert(group, content);
        }
        while let Some(group) = inner.pop() {
            if !deep.insert(group.clone()) {
                continue;
            }
            if let Some(known) = groups.get(&group) {
                inner.extend(known.groups.iter().cloned());
            } else if visited.insert(group.clone()) {
                waiting.push((group, true));
            }
        }
    }
    Ok(groups)
}

/// The groups whose own members count for a query.
fn reach<'a>(groups: &'a HashMap<String, Content>, query: &'a GroupQuery) -> Vec<&'a Content> {
    let mut met: HashSet<&str> = HashSet::from([query.group.id.as_str()]);
    let mut waiting = vec![query.group.id.as_str()];
    let mut found = Vec::new();
    while let Some(content) = waiting.pop().and_then(|group| groups.get(group)) {
        found.push(content);
        if query.membership == Membership::Nested {
            waiting.extend(content.groups.iter().map(String::as_str).filter(|group| met.insert(*group)));
        }
    }
    found
}

/// Reads one group. Nothing is left out: a group whose members cannot be read fails the read.
async fn content(api: &Api, page_size: u16, group: &str, is_root: bool) -> Result<Content, Error> {
    let parameters = vec![("fields", "kind,nextPageToken,members(id,type)".to_owned())];
    let kind = ("admin#directory#members", "members");
    let mut listing = Listing::new(api, &["groups", group, "members"], kind, page_size, parameters);
    let mut content = Content::default();
    while let Some(page) = listing.next().await.map_err(|error| blame(error, group, is_root))? {
        for member in &page {
            content.take(api, member)?;
        }
    }
    Ok(content)
}

/// Groups of other customers may be members too, and keep their members to themselves.
fn blame(error: Error, group: &str, is_root: bool) -> Error {
    match error {
        Error::Denied { directory, reason } if !is_root => Error::Denied {
            directory,
            reason: format!(
                "a group that is named holds the group {group}, whose members cannot be read ({reason}); if it is another \
                 customer's, take it out, or ask for membership Direct"
            ),
        },
        error => error,
    }
}

impl Content {
    /// Takes a member in, whatever its status: who is suspended is a member still.
    fn take(&mut self, api: &Api, member: &Record) -> Result<(), Error> {
        let text = |name: &str| member.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let id = || text("id").ok_or_else(|| api.web.incomplete("a member of a group has no id"));
        match text("type") {
            Some("CUSTOMER") => self.everybody = true,
            Some("GROUP") => self.groups.push(id()?.to_owned()),
            // Somebody of elsewhere has no user record here, so the id meets nobody.
            Some("USER" | "EXTERNAL") => _ = self.people.insert(key(id()?)),
            _ => return Err(api.web.incomplete("a member of a group is of no type that is known")),
        }
        Ok(())
    }
}
