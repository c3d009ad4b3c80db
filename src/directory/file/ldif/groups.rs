//! The groups of an LDIF file: entries that list their members by name. Groups in groups are followed by ourselves, each
//! once, so that a cycle is legal (L2).

use std::collections::{HashMap, HashSet};

use super::super::names::{called, not_found};
use super::super::scan::short_hash;
use super::super::snapshot::Snapshot;
use super::parse::{Entries, Entry};
use super::{Kind, Names};
use crate::api::{GroupRef, Membership};
use crate::directory::{Error, ReadQuery, ResolvedGroup, dn};
use crate::person::GroupSet;

const MEMBERS: [&str; 2] = ["member", "uniqueMember"];

/// Every group of a file, its members as hashes of their canonical names: 16 bytes each.
pub(super) struct Groups {
    groups: Vec<Group>,
    places: HashMap<[u8; 16], usize>,
}

struct Group {
    written: String,
    canonical: String,
    names: Vec<String>,
    members: Vec<[u8; 16]>,
}

/// What each member, by the hash of its canonical name, is in.
pub(super) type Memberships = HashMap<[u8; 16], GroupSet>;

impl Groups {
    /// Passes over the file and keeps its groups.
    pub(super) fn collect(snapshot: &Snapshot) -> Result<Self, Error> {
        let mut entries = Entries::new(snapshot)?;
        let mut entry = Entry::default();
        let mut all = Self { groups: Vec::new(), places: HashMap::new() };
        while entries.next(&mut entry)? {
            if Kind::of(&entry) != Kind::Group {
                continue;
            }
            if entry.attributes().any(|(name, _)| is_ranged(name)) {
                return Err(Error::Incomplete {
                    directory: snapshot.name().to_owned(),
                    reason: format!(
                        "the group on line {} has only a range of its members (member;range=): export all of them",
                        entry.line
                    ),
                });
            }
            let malformed = |reason: String| snapshot.malformed(entry.line, reason);
            let group = Group::read(&entry).map_err(malformed)?;
            if all.places.insert(short_hash(&group.canonical), all.groups.len()).is_some() {
                return Err(malformed("the group's dn is that of a group before it too".to_owned()));
            }
            all.groups.push(group);
        }
        Ok(all)
    }

    /// The one group that a reference means: by `cn` without regard to case, or by its distinguished name as id.
    pub(super) fn resolve(&self, asked: &GroupRef) -> Result<ResolvedGroup, Error> {
        let found: Vec<&Group> = match (&asked.name, &asked.id) {
            (Some(name), _) => {
                let name = name.trim().to_lowercase();
                self.groups.iter().filter(|group| group.names.contains(&name)).collect()
            }
            (None, id) => id.iter().filter_map(|id| self.by_name(&dn::normalize(id).ok()?)).collect(),
        };
        match found.as_slice() {
            [] => Err(not_found(called(asked))),
            [group] => Ok(ResolvedGroup { id: group.canonical.clone(), handle: group.written.clone() }),
            many => Err(Error::GroupAmbiguous {
                field: "scope".to_owned(),
                group: called(asked).to_owned(),
                count: many.len(),
            }),
        }
    }

    /// Who is in which of the query's groups.
    pub(super) fn memberships(&self, query: &ReadQuery) -> Result<Memberships, Error> {
        let mut memberships = Memberships::new();
        for (place, asked) in query.groups.iter().enumerate() {
            let group = self.by_name(&asked.group.id).ok_or_else(|| not_found(&asked.group.handle))?;
            let (mut waiting, mut visited) = (vec![group], HashSet::new());
            while let Some(group) = waiting.pop() {
                for member in &group.members {
                    memberships.entry(*member).or_default().insert(place);
                    if asked.membership == Membership::Nested
                        && visited.insert(*member)
                        && let Some(inner) = self.by_hash(*member)
                    {
                        waiting.push(inner);
                    }
                }
            }
        }
        Ok(memberships)
    }

    fn by_name(&self, canonical: &str) -> Option<&Group> {
        self.by_hash(short_hash(canonical))
    }

    fn by_hash(&self, hash: [u8; 16]) -> Option<&Group> {
        self.places.get(&hash).and_then(|place| self.groups.get(*place))
    }
}

impl Group {
    fn read(entry: &Entry) -> Result<Self, String> {
        let (written, canonical) = Names::of(entry)?;
        let names = entry.values("cn").map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        let mut members = Vec::new();
        for member in MEMBERS.iter().flat_map(|attribute| entry.values(attribute)) {
            let member = std::str::from_utf8(member).map_err(|_utf8| "a member's name is not UTF-8".to_owned())?;
            let canonical = dn::normalize(without_uid(member)).map_err(|error| format!("a member is {error}"))?;
            members.push(short_hash(&canonical));
        }
        Ok(Self { written: written.to_owned(), canonical, names, members })
    }
}

/// `uniqueMember` may add a bit string to a name (RFC 4517 section 3.3.21); it is no part of the name.
fn without_uid(member: &str) -> &str {
    match member.rsplit_once("#'") {
        Some((name, bits))
            if bits.strip_suffix("'B").is_some_and(|bits| bits.bytes().all(|bit| matches!(bit, b'0' | b'1'))) =>
        {
            name
        }
        Some(_) | None => member,
    }
}

/// `member;range=0-1499`: what Active Directory gives of a large group unless it is asked for the rest.
fn is_ranged(name: &[u8]) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with(b"member;range=") || name.starts_with(b"uniquemember;range=")
}
