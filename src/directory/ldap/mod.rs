//! People from an LDAP server (RFC 4511), Active Directory and Samba included.
//!
//! Always TLS. One connection per read. Groups are walked first ([`members`]), then people are read page by page
//! ([`search`]) and handed on. What a server hides from the reader cannot be told from what is not there, except for
//! the attributes that every person must have; the hold (L4) is for the rest.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::delivery::Delivery;
use super::{Directory, Error, Member, ReadQuery, ResolvedGroup, Shown, Who, WholeRead};
use crate::api::{GroupRef, LdapSource};
use crate::net::{Reach, Secret, Watch};
use crate::person::{Person, PersonId};

mod again;
mod connect;
mod dn;
mod entry;
mod fault;
mod filter;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod groups;
mod id;
mod members;
mod people;
mod range;
mod search;
mod server;
mod show;
mod wire;

use connect::{Connection, connect};
use entry::{Entry, Values};
use members::Members;
use people::Reader;
use search::{Search, read_entry};
use server::{Server, wrong};
use wire::Scope;

const SEGMENT: &str = "scope.pattern.segment";
const FILTER: &str = "scope.pattern.filter";

/// A server as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct LdapSettings {
    /// `spec.source.ldap`.
    pub source: LdapSource,
    /// The password of `bind`; needed exactly when the source has a bind.
    pub password: Option<Secret>,
    /// The PEM bundle of `tls.ca`; `None` trusts the system's authorities.
    pub ca: Option<Vec<u8>>,
    /// Which hosts may be called.
    pub reach: Reach,
    /// Longest time for one page, from the request to its last entry; [`LdapSettings::TIMEOUT`] is usual.
    pub timeout: Duration,
}

impl LdapSettings {
    /// The usual time for one page.
    pub const TIMEOUT: Duration = Duration::from_mins(2);
}

/// A directory on an LDAP server.
pub struct LdapDirectory {
    server: Server,
}

/// Opens it as its manifest says, its password read.
pub async fn from_manifest(source: LdapSource, member: Member<'_>, watch: Watch) -> Result<LdapDirectory, Error> {
    let password = match &source.bind {
        None => None,
        Some(bind) => Some(member.secret("bind.password", Some(&bind.password)).await?),
    };
    let (ca, reach) = (member.ca(source.tls.as_ref()).await?, member.place().reach.clone());
    Ok(open(LdapSettings { source, password, ca, reach, timeout: LdapSettings::TIMEOUT })?.watched(watch))
}

/// Checks the settings; connects when something is asked.
///
/// # Errors
/// [`Error::Settings`] names the field that cannot be.
pub fn open(settings: LdapSettings) -> Result<LdapDirectory, Error> {
    Server::new(settings).map(|server| LdapDirectory { server })
}

impl LdapDirectory {
    /// The same directory, whose requests are told to `watch`.
    #[must_use]
    pub fn watched(mut self, watch: Watch) -> Self {
        self.server.watch = watch;
        self
    }
}

#[async_trait]
impl Directory for LdapDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        let mut connection = connect(&self.server).await?;
        let mut resolved = Vec::with_capacity(groups.len());
        for group in groups {
            resolved.push(groups::resolve(&mut connection, group).await?);
        }
        Ok(resolved)
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let (base, field) = self.search_base(query)?;
        let filter = self.people_filter(query)?;
        let mut connection = connect(&self.server).await?;
        let members = Members::read(&mut connection, &query.groups).await?;
        let mut reader = Reader::new(&self.server, &members, query);
        let search = Search {
            base: &base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: reader.attributes(),
            page_size: Some(self.server.page_size),
        };
        let mut search = connection.search(search).await.map_err(|fault| fault.blame(field))?;
        let mut delivery = Delivery::new(query, pages);
        while let Some(page) = search.next().await.map_err(|fault| fault.blame(field))? {
            let mut people = Vec::with_capacity(page.len());
            for raw in page {
                let entry = read_entry(&self.server, &raw)?;
                people.push(if reader.is_ranged(&entry) {
                    let connection = search.connection().await.map_err(|fault| fault.blame(field))?;
                    read_on(connection, &mut reader, entry).await?
                } else {
                    reader.person(&entry)?
                });
            }
            if delivery.page(people).await? > 0 {
                return Err(self.server.incomplete("two entries have one id, or one came twice"));
            }
        }
        Ok(delivery.whole())
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        self.read_by_id(query, ids).await
    }

    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        self.show_people(who).await
    }
}

impl LdapDirectory {
    /// Where people are searched, and the field that says so: the segment where it lies under the base, else the base.
    fn search_base(&self, query: &ReadQuery) -> Result<(String, &'static str), Error> {
        let base = (self.server.base_dn.clone(), "source.ldap.baseDN");
        let Some(segment) = &query.segment else { return Ok(base) };
        let name = server::name(SEGMENT, segment)?;
        if name.is_under(&self.server.base) {
            return Ok((segment.clone(), SEGMENT));
        }
        if self.server.base.is_under(&name) {
            return Ok(base);
        }
        Err(wrong(SEGMENT, "lies outside source.ldap.baseDN, so nobody can be in it: give a DN at or below baseDN"))
    }

    /// The filter of people, narrowed by the scope's own.
    fn people_filter(&self, query: &ReadQuery) -> Result<String, Error> {
        let people = &self.server.person_filter;
        Ok(match scope_filter(query)? {
            Some(filter) => filter::and(people, filter),
            None => people.clone(),
        })
    }
}

fn scope_filter(query: &ReadQuery) -> Result<Option<&str>, Error> {
    query.filter.as_deref().map(|filter| filter::check(filter).map_err(|reason| wrong(FILTER, reason))).transpose()
}

/// Makes a person of an entry, reading on where the server gave only a range of an attribute's values.
async fn make_person(connection: &mut Connection<'_>, reader: &mut Reader<'_>, entry: &Bytes) -> Result<Person, Error> {
    let entry = read_entry(connection.server, entry)?;
    if reader.is_ranged(&entry) { read_on(connection, reader, entry).await } else { reader.person(&entry) }
}

async fn read_on(
    connection: &mut Connection<'_>,
    reader: &mut Reader<'_>,
    mut entry: Entry<'_>,
) -> Result<Person, Error> {
    let mut whole = Vec::new();
    for name in reader.ranged(&entry) {
        let values = members::whole_attribute(connection, entry.dn, &name).await?;
        whole.push((name, entry::write_values(&values)));
    }
    for (name, values) in &whole {
        people::replace_range(&mut entry, name, Values::of(values));
    }
    reader.person(&entry)
}
