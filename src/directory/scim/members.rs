//! Who is in which group: reads `members` of the groups that were asked about, and of the groups in them where nested
//! members count. A visited set ends cycles, which are legal (L2).
//!
//! Servers cut and withhold `members`, and RFC 7643 has no word for that. So an empty list is believed only of a server
//! that shows members of some group ([`Walk::believe_empty`]), and no list is believed against people who are said to be
//! in the group ([`Members::contradicts`]).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use serde_json::Value;

use super::groups::{FIELD, not_found};
use super::listing::{Asked, Listing};
use super::server::{Kind, Server, id_of, text_of};
use crate::api::Membership;
use crate::directory::{Error, GroupQuery};
use crate::person::GroupSet;
use crate::scim::json::{self, Object};

const MEMBERS: &str = "members";
/// How many groups are looked at to see whether the server shows members at all.
const SAMPLE: usize = 20;

/// The members of the groups of a query, in 8 bytes and a set for each.
#[derive(Debug, Default)]
pub(super) struct Members {
    keys: RandomState,
    people: HashMap<u64, GroupSet>,
    /// Members that are taken for groups although nothing but their id says so.
    groups_by_id: HashSet<u64>,
    /// The groups whose members were read.
    walked: HashMap<u64, Walked>,
}

/// For which groups of the query, by place, being in this one counts.
#[derive(Debug, Default)]
struct Walked {
    direct: GroupSet,
    nested: GroupSet,
}

/// What a member is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum MemberKind {
    Person,
    Group,
    Unknown,
}

struct Member {
    id: String,
    kind: MemberKind,
}

impl Members {
    /// Walks every group of the query.
    pub(super) async fn read(server: &Server, queries: &[GroupQuery]) -> Result<Self, Error> {
        let mut walk = Walk { server, members: Self::default(), group_ids: None, shown: false, empty: false };
        for (place, query) in queries.iter().enumerate() {
            walk.group(place, query).await?;
        }
        if walk.empty && !walk.shown {
            walk.believe_empty().await?;
        }
        Ok(walk.members)
    }

    /// The groups that a person is in.
    pub(super) fn of(&self, server: &Server, id: &str) -> Result<GroupSet, Error> {
        let key = self.key(id);
        if self.groups_by_id.contains(&key) {
            return Err(server.web.incomplete(
                "a person and a group have one id, and a group's members do not say which of them is meant (no type, no $ref)",
            ));
        }
        Ok(self.people.get(&key).cloned().unwrap_or_default())
    }

    /// Whether a person's `groups` (RFC 7643 section 4.1.2) name a group whose list leaves the person out. What is not
    /// said to be direct counts only where nested members do.
    pub(super) fn contradicts(&self, record: &Object, groups: &GroupSet, places: usize) -> bool {
        json::entries(record, "groups").any(|entry| {
            let walked = json::get(entry, "value").and_then(text_of).and_then(|id| self.walked.get(&self.key(&id)));
            let Some(walked) = walked else { return false };
            let is_direct = json::text(entry, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("direct"));
            let counts = |place| walked.nested.contains(place) || (is_direct && walked.direct.contains(place));
            (0..places).any(|place| counts(place) && !groups.contains(place))
        })
    }

    fn key(&self, id: &str) -> u64 {
        self.keys.hash_one(id)
    }
}

struct Walk<'a> {
    server: &'a Server,
    members: Members,
    /// Every group's id, once it is needed.
    group_ids: Option<HashSet<u64>>,
    /// Some group showed members.
    shown: bool,
    /// Some group showed none.
    empty: bool,
}

impl Walk<'_> {
    async fn group(&mut self, place: usize, query: &GroupQuery) -> Result<(), Error> {
        let root = &query.group;
        let mut visited = HashSet::from([root.id.clone()]);
        let mut waiting = vec![root.id.clone()];
        while let Some(id) = waiting.pop() {
            let Some(members) = members_of(self.server, &id).await? else {
                return Err(if id == root.id { not_found(&root.handle) } else { self.lost_group() });
            };
            self.shown |= !members.is_empty();
            self.empty |= members.is_empty();
            let walked = self.members.walked.entry(self.members.keys.hash_one(&id)).or_default();
            match query.membership {
                Membership::Direct => walked.direct.insert(place),
                Membership::Nested => walked.nested.insert(place),
            }
            for member in members {
                let key = self.members.key(&member.id);
                match self.kind(&member, key).await? {
                    MemberKind::Group if query.membership == Membership::Nested => {
                        if visited.insert(member.id.clone()) {
                            waiting.push(member.id);
                        }
                    }
                    MemberKind::Group => {}
                    MemberKind::Person | MemberKind::Unknown => {
                        self.members.people.entry(key).or_default().insert(place);
                    }
                }
            }
        }
        Ok(())
    }

    /// A member that does not say what it is, is a group where a group has its id.
    async fn kind(&mut self, member: &Member, key: u64) -> Result<MemberKind, Error> {
        if member.kind != MemberKind::Unknown {
            return Ok(member.kind);
        }
        if self.group_ids.is_none() {
            let mut ids = HashSet::new();
            let asked = Asked { parameter: "id".to_owned(), keys: Vec::new() };
            let mut listing = Listing::of(self.server, Kind::Groups, Some(&asked));
            while let Some(page) = listing.next().await? {
                ids.extend(page.iter().filter_map(id_of).map(|id| self.members.key(&id)));
            }
            self.group_ids = Some(ids);
        }
        if self.group_ids.as_ref().is_some_and(|ids| ids.contains(&key)) {
            self.members.groups_by_id.insert(key);
            return Ok(MemberKind::Group);
        }
        Ok(MemberKind::Person)
    }

    /// A server that shows members of any group shows those of this one, too.
    async fn believe_empty(&mut self) -> Result<(), Error> {
        let count = SAMPLE.to_string();
        let answer = self.server.get(&[Kind::Groups.path()], &[("count", &count), ("attributes", "id")]).await?;
        if answer.status != 200 {
            return Err(self.server.refused(&answer, Kind::Groups));
        }
        let page: crate::scim::page::Page<Object> = self.server.web.parse(&answer)?;
        for id in page.resources.iter().filter_map(id_of).take(SAMPLE) {
            let is_known = self.members.walked.contains_key(&self.members.key(&id));
            if !is_known && members_of(self.server, &id).await?.is_some_and(|members| !members.is_empty()) {
                return Ok(());
            }
        }
        Err(self.server.web.incomplete(format!(
            "a group that {FIELD} names shows no members, nor does any other group that was looked at: an empty group cannot be told from members that it withholds. Let the credentials read members of groups, or put somebody into some group"
        )))
    }

    fn lost_group(&self) -> Error {
        self.server.web.incomplete(format!(
            "a group inside a group that {FIELD} names is not found (HTTP 404): let the credentials read all groups, or take the dead member out"
        ))
    }
}

/// The members of one group; `None` where there is no such group. Some servers show them only when asked, others only
/// when not.
async fn members_of(server: &Server, id: &str) -> Result<Option<Vec<Member>>, Error> {
    let Some(mut group) = server.resource(Kind::Groups, id, Some(MEMBERS)).await? else { return Ok(None) };
    if server.may_choose() && is_empty(&group) {
        let Some(whole) = server.resource(Kind::Groups, id, None).await? else { return Ok(None) };
        group = whole;
    }
    let members = match json::get(&group, MEMBERS) {
        None => &[][..],
        Some(Value::Array(members)) => members,
        Some(one) => std::slice::from_ref(one),
    };
    let members = members.iter().map(Member::read).collect::<Option<Vec<Member>>>();
    let unread = || server.web.incomplete("a member of a group says neither value nor $ref");
    members.map(Some).ok_or_else(unread)
}

fn is_empty(group: &Object) -> bool {
    json::get(group, MEMBERS).is_none_or(|members| members.as_array().is_some_and(Vec::is_empty))
}

impl Member {
    /// A member of a group (RFC 7643 section 4.2).
    fn read(value: &Value) -> Option<Self> {
        let Some(entry) = value.as_object() else {
            return text_of(value).map(|id| Self { id, kind: MemberKind::Unknown });
        };
        let link = json::text(entry, "$ref").map(|link| link.trim_end_matches('/')).unwrap_or_default();
        let mut steps = link.rsplit('/');
        let (last, parent) = (steps.next().filter(|last| !last.is_empty()), steps.next().unwrap_or_default());
        let decoded = || percent_encoding::percent_decode_str(last?).decode_utf8().ok().map(String::from);
        let id = json::get(entry, "value").and_then(text_of).or_else(decoded)?;
        let word = json::text(entry, "type").unwrap_or_default().to_ascii_lowercase();
        let kind = match word.as_str() {
            "user" => MemberKind::Person,
            "group" => MemberKind::Group,
            _ if parent.eq_ignore_ascii_case("users") => MemberKind::Person,
            _ if parent.eq_ignore_ascii_case("groups") => MemberKind::Group,
            _ => MemberKind::Unknown,
        };
        Some(Self { id, kind })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn member(value: &Value) -> Option<(String, MemberKind)> {
        Member::read(value).map(|member| (member.id, member.kind))
    }

    #[test]
    fn members_are_what_their_type_says_or_where_their_link_leads() {
        let person = |id: &str| Some((id.to_owned(), MemberKind::Person));
        assert_eq!(member(&json!({"value": "1", "type": "User"})), person("1"));
        assert_eq!(member(&json!({"value": "1", "$ref": "https://idp.example/v2/Users/1"})), person("1"));
        assert_eq!(member(&json!({"$REF": "../Users/a%20b"})), person("a b"));
        assert_eq!(member(&json!({"Value": 7, "Type": "GROUP"})), Some(("7".to_owned(), MemberKind::Group)));
        assert_eq!(member(&json!({"value": "1", "type": "direct"})), Some(("1".to_owned(), MemberKind::Unknown)));
        assert_eq!(member(&json!("1")), Some(("1".to_owned(), MemberKind::Unknown)));
        assert_eq!(member(&json!({"display": "Ann"})), None);
    }
}
