//! People from any identity provider that serves Users and Groups over SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865).
//!
//! Groups are walked first ([`members`]), then people are listed page by page ([`listing`]) and handed on. No list is
//! believed on its word (L16): a listing must be what `totalResults` tells, a filter must be one that the server
//! understands ([`filter`]), an empty group one of a server that shows members.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::delivery::Delivery;
use super::web::{Web, wrong};
use super::{Directory, Error, Member, ReadQuery, ResolvedGroup, Shown, Who, WholeRead, Wiring};
use crate::api::{GroupRef, ScimSource};
use crate::net::api::Throttling;
use crate::net::{Credentials, Watch};
use crate::person::{Person, PersonId};
use crate::scim::json::Object;

mod again;
mod filter;
mod groups;
mod listing;
mod members;
mod people;
mod server;
mod show;

use listing::Listing;
use members::Members;
use people::Reader;
use server::{Kind, Server, id_of};

const FIELD: &str = "source.scim";
/// People per page, where neither the manifest nor the server says otherwise.
const PAGE: usize = 200;
/// How often a read walks its groups anew because somebody came into one meanwhile.
const WALKS: usize = 3;

/// A directory as its manifest describes it, with what the manifest only points at.
#[derive(Clone, Debug)]
pub struct ScimSettings {
    /// `spec.source.scim`.
    pub source: ScimSource,
    /// How to sign in.
    pub credentials: Credentials,
    /// The operator's part.
    pub wiring: Wiring,
}

/// A SCIM service.
#[derive(Debug)]
pub struct ScimDirectory {
    server: Server,
    segment_attribute: Option<String>,
}

/// Opens it as its manifest says, its secrets read.
pub async fn from_manifest(source: ScimSource, member: Member<'_>, watch: Watch) -> Result<ScimDirectory, Error> {
    let credentials = member.credentials(&source.auth).await?;
    let wiring = member.wiring(source.tls.as_ref(), watch).await?;
    open(ScimSettings { source, credentials, wiring })
}

/// Checks the settings; asks nothing yet.
///
/// # Errors
/// [`Error::Settings`] names the field that cannot be.
pub fn open(settings: ScimSettings) -> Result<ScimDirectory, Error> {
    let ScimSettings { source, credentials, wiring } = settings;
    let endpoint = wiring.url("source.scim.endpoint", &source.endpoint)?;
    let client = wiring.client(FIELD)?;
    let auth = credentials
        .auth(&client, &wiring.reach)
        .map_err(|(field, reason)| wrong(&format!("{FIELD}.auth.{field}"), reason))?;
    let page_size = source.page_size.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let server = Server::new(Web::new(client, endpoint, auth, &wiring), page_size.unwrap_or(PAGE));
    Ok(ScimDirectory { server, segment_attribute: source.segment_attribute })
}

#[async_trait]
impl Directory for ScimDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        self.answers().await?;
        let mut resolved = Vec::with_capacity(groups.len());
        for group in groups {
            resolved.push(groups::resolve(&self.server, group).await?);
        }
        Ok(resolved)
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let filter = query.filter.as_deref().map(filter::check).transpose()?;
        let server = &self.server;
        let reader = Reader::new(server, self.segment_attribute.as_deref(), query)?;
        if let Some(filter) = filter {
            filter::is_heeded(server, filter).await?;
        }
        let mut sorted = Sorted::read(server, query).await?;
        let mut delivery = Delivery::new(query, pages);
        let mut listing = Listing::of(server, Kind::Users, Some(&reader.asked)).narrowed(filter);
        while let Some(page) = listing.next().await? {
            let mut people = Vec::with_capacity(page.len());
            for record in &page {
                let person = sorted.person(&reader, record).await?;
                people.extend(Some(person).filter(|person| person.in_query));
            }
            delivery.page(people).await?;
        }
        if let (Some(filter), 0) = (filter, listing.count()) {
            filter::believe_nobody(server, filter).await?;
        }
        Ok(delivery.whole())
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        self.read_by_id(query, ids).await
    }

    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        self.find(who).await
    }

    fn throttling(&self) -> Throttling {
        self.server.web.throttling()
    }
}

impl ScimDirectory {
    /// Whether it answers, and lets its users be read.
    async fn answers(&self) -> Result<(), Error> {
        let answer = self.server.get(&[Kind::Users.path()], &[("count", "1")]).await?;
        if answer.status != 200 {
            return Err(self.server.refused(&answer, Kind::Users));
        }
        self.server.web.parse::<crate::scim::page::Page<Object>>(&answer).map(drop)
    }
}

/// Sorts people into the groups of a query.
struct Sorted<'a> {
    server: &'a Server,
    query: &'a ReadQuery,
    members: Members,
    walks: usize,
}

impl<'a> Sorted<'a> {
    async fn read(server: &'a Server, query: &'a ReadQuery) -> Result<Self, Error> {
        let members = Members::read(server, &query.groups).await?;
        Ok(Self { server, query, members, walks: 1 })
    }

    /// Makes a person of a record. Where the person is said to be in a group whose list leaves them out, the groups are
    /// walked anew: they may have come into it meanwhile. What then still does not fit breaks the read (L2).
    async fn person(&mut self, reader: &Reader<'_>, record: &Object) -> Result<Person, Error> {
        let id = id_of(record).unwrap_or_default();
        let places = self.query.groups.len();
        let mut anew = false;
        loop {
            let groups = self.members.of(self.server, &id)?;
            // Many servers take disabled people out of the groups that these still name.
            if !self.members.contradicts(record, &groups, places) || reader.is_disabled(record)? {
                return reader.person(record, groups);
            }
            if anew || self.walks >= WALKS {
                return Err(self.server.web.incomplete(
                    "somebody's groups name a group whose members leave them out: its list of members is cut, or the credentials may not read all of it",
                ));
            }
            anew = true;
            self.walks += 1;
            self.members = Members::read(self.server, &self.query.groups).await?;
        }
    }
}
