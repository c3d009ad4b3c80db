//! Who is in which group: walks `member` and `uniqueMember` from the groups that were asked about, through the groups in
//! them where nested members count. A visited set ends cycles, which are legal (L2).
//!
//! Kept per member: 16 bytes of hash ([`DnHash`]) and the set of groups. Who of them is a person shows when people are read.

use std::collections::{HashMap, HashSet};

use super::connect::Connection;
use super::dn::{Dn, DnHash};
use super::entry::Entry;
use super::groups;
use super::id::primary_group_sid;
use super::range::Ranged;
use super::search::{Search, read_entry};
use super::server::Server;
use super::wire::Scope;
use crate::api::Membership;
use crate::directory::{Error, GroupQuery};
use crate::person::GroupSet;

const OBJECT_SID: &str = "objectSid";
const UNIQUE_MEMBER: &str = "uniqueMember";
const PRIMARY_GROUP: &str = "primaryGroupID";

/// The members of the groups of a query, fresh from the server.
#[derive(Debug, Default)]
pub(super) struct Members {
    by_name: HashMap<DnHash, GroupSet>,
    /// Active Directory does not list people in their primary group (often Domain Users): each names it by number.
    by_primary_group: HashMap<Vec<u8>, GroupSet>,
}

impl Members {
    /// Walks every group of the query.
    pub(super) async fn read(connection: &mut Connection<'_>, queries: &[GroupQuery]) -> Result<Self, Error> {
        let mut members = Self::default();
        let nested = queries.iter().any(|query| query.membership == Membership::Nested);
        let mut nesting = if nested { Nesting::read(connection).await? } else { Nesting::default() };
        for (place, query) in queries.iter().enumerate() {
            members.walk(connection, &mut nesting, place, query).await?;
        }
        Ok(members)
    }

    /// The attributes of a person that [`Self::of`] needs.
    pub(super) fn attributes(&self) -> &'static [&'static str] {
        if self.by_primary_group.is_empty() { &[] } else { &[OBJECT_SID, PRIMARY_GROUP] }
    }

    /// The groups that a person is in. `None` when that cannot be told from the entry.
    pub(super) fn of(&self, person: &Entry<'_>) -> Option<GroupSet> {
        let mut groups = GroupSet::default();
        if !self.by_name.is_empty()
            && let Some(named) = self.by_name.get(&Dn::parse(person.dn)?.hash())
        {
            groups.union(named);
        }
        if let (false, Some(sid), Some(group)) =
            (self.by_primary_group.is_empty(), person.only_value(OBJECT_SID), person.only_value(PRIMARY_GROUP))
            && let Some(primary) = self.by_primary_group.get(&primary_group_sid(sid, group)?)
        {
            groups.union(primary);
        }
        Some(groups)
    }

    async fn walk(
        &mut self,
        connection: &mut Connection<'_>,
        nesting: &mut Nesting,
        place: usize,
        query: &GroupQuery,
    ) -> Result<(), Error> {
        let server = connection.server;
        let root = groups::find_again(connection, &query.group).await?;
        let mut visited = HashSet::from([member_name(server, &root)?.hash()]);
        let mut waiting = vec![root];
        while let Some(group) = waiting.pop() {
            let (members, sid) = read_group(connection, &group).await?;
            if let Some(sid) = sid {
                self.by_primary_group.entry(sid).or_default().insert(place);
            }
            for value in members {
                let dn = member_dn(server, value)?;
                let name = member_name(server, &dn)?;
                let hash = name.hash();
                self.by_name.entry(hash).or_default().insert(place);
                if query.membership == Membership::Nested
                    && !visited.contains(&hash)
                    && nesting.is_group(connection, &dn, &name, hash).await?
                {
                    visited.insert(hash);
                    waiting.push(dn);
                }
            }
        }
        Ok(())
    }
}

/// Which names are groups: all below the group base and the base, found in one search, so that not every member has to
/// be looked at. A member outside both is looked at when it is met.
#[derive(Default)]
struct Nesting {
    known: HashSet<DnHash>,
    outsiders: HashMap<DnHash, bool>,
}

impl Nesting {
    async fn read(connection: &mut Connection<'_>) -> Result<Self, Error> {
        let server = connection.server;
        let mut nesting = Self::default();
        nesting.read_below(connection, server.groups_below()).await?;
        if server.group_base.as_ref().is_some_and(|groups| !server.base.is_under(groups)) {
            nesting.read_below(connection, (&server.base_dn, "source.ldap.baseDN")).await?;
        }
        Ok(nesting)
    }

    async fn read_below(&mut self, connection: &mut Connection<'_>, (base, field): (&str, &str)) -> Result<(), Error> {
        let server = connection.server;
        // No attributes at all (RFC 4511 section 4.5.1.8): the names are enough.
        let search = Search {
            base,
            scope: Scope::Subtree,
            filter: server.group_filter(),
            attributes: vec!["1.1".into()],
            page_size: Some(server.page_size),
        };
        let mut pages = connection.search(search).await.map_err(|fault| fault.blame(field))?;
        let mut seen = HashSet::new();
        while let Some(page) = pages.next().await.map_err(|fault| fault.blame(field))? {
            for raw in page {
                let group = read_entry(server, &raw)?;
                let hash = member_name(server, group.dn)?.hash();
                if !seen.insert(hash) {
                    return Err(server.incomplete("an entry came twice"));
                }
                self.known.insert(hash);
            }
        }
        Ok(())
    }

    async fn is_group(
        &mut self,
        connection: &mut Connection<'_>,
        dn: &str,
        name: &Dn,
        hash: DnHash,
    ) -> Result<bool, Error> {
        let server = connection.server;
        if self.known.contains(&hash) {
            return Ok(true);
        }
        if name.is_under(&server.base) || server.group_base.as_ref().is_some_and(|groups| name.is_under(groups)) {
            return Ok(false);
        }
        if let Some(known) = self.outsiders.get(&hash) {
            return Ok(*known);
        }
        let found = connection.entry(dn, server.group_filter(), vec!["1.1".into()]).await;
        let is = found.map_err(|fault| fault.blame("scope"))?.is_some();
        self.outsiders.insert(hash, is);
        Ok(is)
    }
}

/// Every value of an attribute of one entry, however many ranges it takes.
pub(super) async fn whole_attribute(
    connection: &mut Connection<'_>,
    dn: &str,
    name: &str,
) -> Result<Vec<Vec<u8>>, Error> {
    let server = connection.server;
    let (mut values, mut ranged) = (Vec::new(), Ranged::new(name));
    while let Some(request) = ranged.request() {
        let entry =
            connection.entry(dn, "(objectClass=*)", vec![request]).await.map_err(|fault| fault.blame("scope"))?;
        let entry = entry.ok_or_else(|| server.incomplete("an entry vanished while it was read"))?;
        let entry = read_entry(server, &entry)?;
        let more = ranged
            .accept(&entry.attributes)
            .map_err(|_broken| server.incomplete("an attribute changed while it was read in ranges"))?;
        values.extend(more.map(<[u8]>::to_vec));
    }
    Ok(values)
}

/// Every member of one group, and its SID where it has one.
async fn read_group(connection: &mut Connection<'_>, dn: &str) -> Result<(Vec<Vec<u8>>, Option<Vec<u8>>), Error> {
    let server = connection.server;
    let (mut members, mut sid) = (Vec::new(), None);
    let mut ranged = Ranged::new("member");
    while let Some(request) = ranged.request() {
        let more = if server.is_active_directory() { OBJECT_SID } else { UNIQUE_MEMBER };
        let entry = connection.entry(dn, "(objectClass=*)", vec![request, more.into()]).await;
        let entry = entry
            .map_err(|fault| fault.blame("scope"))?
            .ok_or_else(|| server.incomplete("a group vanished while its members were read"))?;
        let entry = read_entry(server, &entry)?;
        let values = ranged
            .accept(&entry.attributes)
            .map_err(|_broken| server.incomplete("the members of a group changed while they were read in ranges"))?;
        members.extend(values.map(<[u8]>::to_vec));
        if server.is_active_directory() {
            sid = entry.only_value(OBJECT_SID).map(<[u8]>::to_vec);
        } else {
            members.extend(entry.values(UNIQUE_MEMBER).map(<[u8]>::to_vec));
        }
    }
    Ok((members, sid))
}

/// The name in a value of `member` or `uniqueMember`, which may end in a number (`…#'0101'B`, RFC 4517 section 3.3.21).
fn member_dn(server: &Server, value: Vec<u8>) -> Result<String, Error> {
    let mut dn = String::from_utf8(value).map_err(|_binary| unreadable(server))?;
    if dn.ends_with("'B")
        && let Some(at) = dn.rfind("#'")
    {
        dn.truncate(at);
    }
    Ok(dn)
}

fn member_name(server: &Server, dn: &str) -> Result<Dn, Error> {
    Dn::parse(dn).ok_or_else(|| unreadable(server))
}

fn unreadable(server: &Server) -> Error {
    server.incomplete("a group has a member whose name (DN) cannot be read")
}
