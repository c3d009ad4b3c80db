//! Reads people again by id (L3), whatever their scope.
//!
//! Each is looked up by id, which is never stale, and so are the groups of each: that costs two requests a person, however
//! large the groups are, and does not lean on the lists from which somebody was missing. The scope's expression alone has to
//! be asked of the search index, which lags behind the directory: who does not match counts as out of it only when the index
//! already knows the person as the directory does. Who cannot be decided so is held, for the index will have followed by the
//! next run.

use std::collections::{HashMap, HashSet};

use futures::future::try_join_all;
use serde::Deserialize;
use serde_json::Value;

use super::OktaDirectory;
use super::expression::{any_of, checked};
use super::fault::What;
use super::groups::{Group, still_there};
use super::members::places;
use super::user::{Reader, User, id};
use crate::directory::{Error, ReadQuery, web};
use crate::person::{GroupSet, Person, PersonId};

/// Ids in one expression: Okta refuses long ones.
const BATCH: usize = 20;
/// People looked up together.
const TOGETHER: usize = 8;

/// What the search index knows of a user.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Indexed {
    id: String,
    #[serde(default)]
    last_updated: Option<String>,
}

impl OktaDirectory {
    /// The people with these ids whom Okta still has.
    pub(super) async fn read_by_id(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        let reader = Reader::new(&self.okta, self.segment_attribute(), query)?;
        let expression = query.filter.as_deref().map(checked).transpose()?;
        check(ids)?;
        let mut found = Vec::with_capacity(ids.len());
        for together in ids.chunks(TOGETHER) {
            let people = together.iter().map(|id| self.look_up(&reader, query, id));
            found.extend(try_join_all(people).await?.into_iter().flatten());
        }
        if !found.is_empty() {
            // After the memberships: of a group that is deleted, nobody is a member any more.
            for group in &query.groups {
                still_there(&self.okta, &group.group).await?;
            }
        }
        if let Some(expression) = expression {
            for batch in found.chunks_mut(BATCH) {
                self.narrow(expression, batch).await?;
            }
        }
        Ok(found.into_iter().map(|(person, _)| person).collect())
    }

    /// A person with their groups, and when they were last changed.
    async fn look_up(
        &self,
        reader: &Reader<'_>,
        query: &ReadQuery,
        wanted: &PersonId,
    ) -> Result<Option<(Person, Option<String>)>, Error> {
        let okta = &self.okta;
        let Some(user) = okta.one::<User>(What::Users, &["users", wanted.as_str()], &[]).await? else {
            return Ok(None);
        };
        // Okta looks for login names too.
        if id(okta, &user)? != *wanted {
            return Err(okta.web.incomplete("another user answers to the id of one"));
        }
        let mut groups = GroupSet::default();
        if !query.groups.is_empty() {
            let steps = ["users", wanted.as_str(), "groups"];
            for group in okta.short_list::<Group>(What::Groups, &steps, &[]).rest().await? {
                groups.union(&places(&query.groups, &group.id));
            }
        }
        let changed = user.get("lastUpdated").and_then(Value::as_str).map(str::to_owned);
        reader.person(&user, groups).map(|person| Some((person, changed)))
    }

    /// Asks the index which of a batch the scope's expression takes in.
    async fn narrow(&self, expression: &str, batch: &mut [(Person, Option<String>)]) -> Result<(), Error> {
        let ids = any_of(batch.iter().map(|(person, _)| person.id.as_str()));
        // First what it knows, then who matches: it only ever learns.
        let known = self.indexed(&ids).await?;
        let matching = self.indexed(&format!("({ids}) and ({expression})")).await?;
        let known: HashMap<String, Option<String>> =
            known.into_iter().map(|user| (user.id, user.last_updated)).collect();
        let matching: HashSet<String> = matching.into_iter().map(|user| user.id).collect();
        for (person, changed) in batch {
            let id = person.id.as_str();
            let is_current = changed.is_some() && known.get(id) == Some(changed);
            person.in_query &= matching.contains(id) || !is_current;
        }
        Ok(())
    }

    async fn indexed(&self, search: &str) -> Result<Vec<Indexed>, Error> {
        let query = [("search", search), ("fields", "id,lastUpdated")];
        self.okta.list::<Indexed>(What::Search, &["users"], &query).rest().await
    }
}

/// Okta's ids are letters and digits. Others say that people came from another directory: nobody is gone for that.
fn check(ids: &[PersonId]) -> Result<(), Error> {
    if ids.iter().all(|id| id.as_str().bytes().all(|b| b.is_ascii_alphanumeric())) {
        return Ok(());
    }
    let reason = "contacts are owned under ids that Okta cannot have: they came from another directory before; set the \
                  source back, or give the connection another ownershipKey";
    Err(web::wrong("source.type", reason))
}
