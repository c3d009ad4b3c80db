//! Reads people again by id (L3), whatever their scope: each by its own address, where only a 404 says that somebody is
//! gone. What the filter says of them is the server's to say.

use std::collections::HashSet;

use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use super::filter::{check, somebody};
use super::listing::{Asked, Listing, filtered};
use super::people::Reader;
use super::server::{Kind, Server, id_of};
use super::{ScimDirectory, Sorted};
use crate::directory::{Error, ReadQuery};
use crate::person::{Person, PersonId};
use crate::scim::json::{self, Object};

/// Requests that wait for their turn together; the budget says how many are sent.
const TOGETHER: usize = 8;
/// Ids in one filter: URLs above 8,000 bytes are refused by many servers.
const BATCH: usize = 25;

impl ScimDirectory {
    pub(super) async fn read_by_id(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        let filter = query.filter.as_deref().map(check).transpose()?;
        let server = &self.server;
        let reader = Reader::new(server, self.segment_attribute.as_deref(), query)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sorted = Sorted::read(server, query).await?;
        let records = records(server, &reader, ids).await?;
        if records.is_empty() {
            believe_gone(server).await?;
        }
        let mut people = Vec::with_capacity(records.len());
        for record in &records {
            people.push(sorted.person(&reader, record).await?);
        }
        if let Some(filter) = filter {
            let within = matching(server, filter, &people).await?;
            for person in &mut people {
                person.in_query &= within.contains(person.id.as_str());
            }
        }
        Ok(people)
    }
}

async fn records(server: &Server, reader: &Reader<'_>, ids: &[PersonId]) -> Result<Vec<Object>, Error> {
    let parameter = reader.asked.parameter.as_str();
    let one = |id: PersonId| async move {
        let record = server.resource(Kind::Users, id.as_str(), Some(parameter)).await?;
        match record {
            // The id alone: the server did not understand an attribute.
            Some(record) if !reader.asked.is_in(&record) => server.resource(Kind::Users, id.as_str(), None).await,
            record => Ok(record),
        }
    };
    let all: Vec<_> = ids.iter().cloned().map(one).collect();
    let found: Vec<Option<Object>> = stream::iter(all).buffer_unordered(TOGETHER).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Where all who were asked for are said to be gone, somebody who is there must not be: else people cannot be asked for
/// by id at all.
async fn believe_gone(server: &Server) -> Result<(), Error> {
    let answer = server.get(&[Kind::Users.path()], &[("count", "1")]).await?;
    if answer.status != 200 {
        return Err(server.refused(&answer, Kind::Users));
    }
    let page: crate::scim::page::Page<Object> = server.web.parse(&answer)?;
    let Some(id) = page.resources.iter().find_map(id_of) else { return Ok(()) };
    if server.resource(Kind::Users, &id, Some("id")).await?.is_none() {
        return Err(server.web.unavailable("it does not find by id (HTTP 404) somebody whom it has just listed"));
    }
    Ok(())
}

/// Which of these people the manifest's filter takes in. In each question stands somebody of whom the server has just
/// said that it does; an answer without them is not believed (L16), nor is a refusal: then all whom the filter takes in
/// are listed.
async fn matching(server: &Server, filter: &str, people: &[Person]) -> Result<HashSet<String>, Error> {
    let mut within = HashSet::new();
    if people.is_empty() {
        return Ok(within);
    }
    let Some(witness) = somebody(server, filter).await? else {
        return Err(server
            .web
            .incomplete("it finds nobody by scope.pattern.filter any more, so nobody can be asked about"));
    };
    let asked = Asked { parameter: "id".to_owned(), keys: Vec::new() };
    for batch in people.chunks(BATCH) {
        let ids = batch.iter().map(|person| person.id.as_str()).chain([witness.as_str()]);
        let terms: Vec<String> = ids.map(|id| format!("id eq {}", json::quoted(id))).collect();
        let both = format!("({}) and ({filter})", terms.join(" or "));
        let found = filtered(server, Kind::Users, both, Some(&asked)).await?.unwrap_or_default();
        let found: HashSet<String> = found.iter().filter_map(id_of).collect();
        if !found.contains(&witness) {
            return listed(server, filter, people).await;
        }
        let asked_about = batch.iter().map(|person| person.id.as_str());
        within.extend(asked_about.filter(|id| found.contains(*id)).map(str::to_owned));
    }
    Ok(within)
}

async fn listed(server: &Server, filter: &str, people: &[Person]) -> Result<HashSet<String>, Error> {
    let wanted: HashSet<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let asked = Asked { parameter: "id".to_owned(), keys: Vec::new() };
    let mut listing = Listing::of(server, Kind::Users, Some(&asked)).narrowed(Some(filter));
    let mut within = HashSet::new();
    while let Some(page) = listing.next().await? {
        within.extend(page.iter().filter_map(id_of).filter(|id| wanted.contains(id.as_str())));
    }
    if listing.count() == 0 {
        super::filter::believe_nobody(server, filter).await?;
    }
    Ok(within)
}
