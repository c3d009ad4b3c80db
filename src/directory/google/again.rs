//! Reads people again by id, and shows one. There is no request for several ids, so a few go at once.
//!
//! Whether the organizational unit takes somebody in is told by the record. What a query takes in only Google can tell: it
//! is asked for the query and the person's address, and who does not come is looked for among all whom the query finds,
//! because an address may be new or a word of the query may be an address itself. Only who is in neither is out.

use std::collections::HashSet;

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use super::fault::Refusal;
use super::members::Members;
use super::pages::{Record, is_kind};
use super::people::{Reader, id, is_disabled};
use super::query::{Narrowing, quoted};
use super::{Google, people};
use crate::directory::{Error, MOST_SHOWN, ReadQuery, Shown, Who};
use crate::net::api::{Answer, Request};
use crate::person::{Person, PersonId};

/// People read together.
const TOGETHER: usize = 4;

/// What became of somebody.
enum Found {
    There(Box<(Person, Option<String>)>),
    Gone,
    /// Google says that the reader may not see them, which it also says of ids that it no longer knows.
    Hidden(Error),
}

impl Google {
    /// The people with these ids who are still there.
    pub(super) async fn read_by_id(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        let narrowing = Narrowing::of(query)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let members = Members::read(&self.groups, self.page_size, &query.groups).await?;
        let reader = Reader::new(query, &members, &narrowing)?;
        let asking: Vec<_> = ids.iter().map(|id| self.one(query, &reader, id)).collect();
        let found: Vec<(PersonId, Found)> =
            futures::stream::iter(asking).buffer_unordered(TOGETHER).try_collect().await?;
        let (mut people, mut hidden) = (Vec::with_capacity(found.len()), Vec::new());
        for (id, found) in found {
            match found {
                Found::There(found) => people.push(*found),
                Found::Gone => {}
                Found::Hidden(error) => hidden.push((id, error)),
            }
        }
        self.expect_deleted(hidden).await?;
        if narrowing.filter.is_some() || self.domain.is_some() {
            self.decide(query, &narrowing, &mut people).await?;
        }
        Ok(people.into_iter().map(|(person, _)| person).collect())
    }

    async fn one(&self, query: &ReadQuery, reader: &Reader<'_>, id: &PersonId) -> Result<(PersonId, Found), Error> {
        let api = &self.people;
        let mut parameters = reader.projection();
        parameters.push(("fields", reader.fields(&["kind", "primaryEmail", "deletionTime"])));
        let answer = self.user(id.as_str(), &parameters).await?;
        let found = match answer.status {
            200 => {
                let record = self.record(&answer)?;
                if people::id(api, &record)? != *id {
                    return Err(api.web.incomplete(
                        "it knows somebody else by an id that contacts are owned under: the ids are another directory's",
                    ));
                }
                if text(&record, "deletionTime").is_some() {
                    Found::Gone
                } else {
                    let email = text(&record, "primaryEmail").map(str::to_owned);
                    Found::There(Box::new((reader.person(api, &record)?, email)))
                }
            }
            404 if Refusal::of(&answer).is_missing() => Found::Gone,
            403 if matches!(Refusal::of(&answer).reason(), Some("forbidden" | "notAuthorized")) => {
                Found::Hidden(api.fault(&answer))
            }
            _ => return Err(api.fault_of(query, &answer)),
        };
        Ok((id.clone(), found))
    }

    /// Who is hidden counts as gone only if Google lists them among the deleted, which it does for 20 days.
    async fn expect_deleted(&self, hidden: Vec<(PersonId, Error)>) -> Result<(), Error> {
        if hidden.is_empty() {
            return Ok(());
        }
        let mut listing = self.users(None, "id", vec![("showDeleted", "true".to_owned())]);
        let mut deleted = HashSet::new();
        while let Some(page) = listing.next().await? {
            for record in &page {
                let id = id(&self.people, record)?;
                if hidden.iter().any(|(hidden, _)| *hidden == id) {
                    deleted.insert(id);
                }
            }
        }
        hidden.into_iter().find(|(id, _)| !deleted.contains(id)).map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Asks Google whom its part of the scope takes in.
    async fn decide(
        &self,
        query: &ReadQuery,
        narrowing: &Narrowing<'_>,
        people: &mut [(Person, Option<String>)],
    ) -> Result<(), Error> {
        let mut doubtful: HashSet<PersonId> =
            people.iter().filter(|(person, _)| person.in_query).map(|(person, _)| person.id.clone()).collect();
        let names_addresses = narrowing.filter.is_some_and(|filter| filter.to_ascii_lowercase().contains("email"));
        let asking: Vec<_> = people
            .iter()
            .filter(|(person, _)| !names_addresses && doubtful.contains(&person.id))
            .filter_map(|(person, email)| Some((person.id.clone(), format!("email={}", quoted(email.as_deref()?)))))
            .map(|(id, clause)| async move { self.finds(query, narrowing, Some(clause), HashSet::from([id])).await })
            .collect();
        let found: Vec<_> = futures::stream::iter(asking).buffer_unordered(TOGETHER).try_collect().await?;
        for id in found.into_iter().flatten() {
            doubtful.remove(&id);
        }
        if !doubtful.is_empty() {
            for id in self.finds(query, narrowing, None, doubtful.clone()).await? {
                doubtful.remove(&id);
            }
        }
        for (person, _) in people {
            person.in_query &= !doubtful.contains(&person.id);
        }
        Ok(())
    }

    /// Which of these people the query finds, narrowed by one clause more.
    async fn finds(
        &self,
        query: &ReadQuery,
        narrowing: &Narrowing<'_>,
        clause: Option<String>,
        mut wanted: HashSet<PersonId>,
    ) -> Result<HashSet<PersonId>, Error> {
        let parameters = narrowing.query(clause).map(|query| ("query", query)).into_iter().collect();
        let mut listing = self.users(Some(query), "id", parameters);
        let mut found = HashSet::new();
        while let Some(page) = listing.next().await? {
            for record in &page {
                found.extend(wanted.take(&id(&self.people, record)?));
            }
            if wanted.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Everything about one person.
    pub(super) async fn shown(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        let (Who::Id(key) | Who::Email(key)) = who;
        let answer = self.user(key, &[("projection", "full".to_owned())]).await?;
        let mut record = match answer.status {
            200 => self.record(&answer)?,
            404 if Refusal::of(&answer).is_missing() => return Ok(Vec::new()),
            _ => return Err(self.people.fault(&answer)),
        };
        let shown = Shown {
            id: id(&self.people, &record)?,
            disabled: is_disabled(&record),
            location: text(&record, "orgUnitPath").map(str::to_owned),
            attributes: {
                record.retain(|name, _| !["kind", "etag"].contains(&name.as_str()));
                record
            },
        };
        Ok(std::iter::once(shown).take(MOST_SHOWN).collect())
    }

    async fn user(&self, key: &str, parameters: &[(&'static str, String)]) -> Result<Answer, Error> {
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let web = &self.people.web;
        web.ask(&Request::get(web.url(&["admin", "directory", "v1", "users", key], &parameters))).await
    }

    fn record(&self, answer: &Answer) -> Result<Record, Error> {
        let record: Record = self.people.web.parse(answer)?;
        is_kind(&self.people, &record, "admin#directory#user")?;
        Ok(record)
    }
}

fn text<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}
