//! Reads people again by id (L3), in batches, whatever their scope.
//!
//! None of it but the filter goes through the index that listings come from, which may have lost somebody: people are read
//! by id, and groups and unit are checked from the person's side. Only the filter cannot be had otherwise; whom the index
//! does not know at all is then taken as let in, which holds them.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::batch::{MOST, Part, Reply};
use super::fault::{About, Question, Refusal, refused};
use super::pages::{Key, get, guid};
use super::people::Reader;
use super::units::Unit;
use super::{Graph, filter, groups};
use crate::api::Membership;
use crate::directory::web::{Links, wrong};
use crate::directory::{Error, ReadQuery};
use crate::net::api::Request;
use crate::person::{GroupSet, Person, PersonId};

/// Ids that one `in` may hold, and groups that one check may name
/// (learn.microsoft.com/graph/filter-query-parameter, learn.microsoft.com/graph/api/directoryobject-checkmemberobjects).
const IDS_IN_FILTER: usize = 15;
const IDS_IN_CHECK: usize = 20;

#[derive(Deserialize)]
struct Ids {
    value: Vec<Identified>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

/// Somebody who is there.
struct Found {
    id: PersonId,
    key: Key,
    user: Map<String, Value>,
    /// The groups and the unit that they are in, of those that were checked.
    within: HashSet<String>,
}

impl Graph {
    /// The people with these ids who are still there.
    pub(super) async fn read_by_id(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        let reader = Reader::new(self, query)?;
        let filter = filter::of(query)?;
        let keys = keys(ids)?;
        self.check_groups(query).await?;
        let unit = Unit::of(self, query).await?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let direct = self.direct_members(query).await?;
        let mut people = Vec::with_capacity(ids.len());
        for batch in keys.chunks(MOST) {
            let mut found = self.users(&reader, batch).await?;
            self.check_membership(query, unit.as_ref(), &mut found).await?;
            let let_in = match filter {
                Some(filter) => Some(self.let_in(filter, &found).await?),
                None => None,
            };
            for found in found {
                let groups = groups_of(query, &direct, &found);
                let inside = unit.as_ref().filter(|unit| found.within.contains(&unit.id));
                let location = inside.map(|unit| unit.name.clone());
                let mut person = reader.person(found.id, &found.user, groups, location)?;
                person.in_query &= unit.is_some() == inside.is_some();
                person.in_query &= let_in.as_ref().is_none_or(|let_in| let_in.contains(&found.key));
                people.push(person);
            }
        }
        Ok(people)
    }

    /// That a group is gone is no news of its members.
    async fn check_groups(&self, query: &ReadQuery) -> Result<(), Error> {
        let distinct: BTreeSet<_> = query.groups.iter().map(|query| &query.group).collect();
        for group in &distinct {
            groups::check(self, group).await?;
        }
        let parts: Vec<_> =
            distinct.iter().map(|group| Part::get(format!("/groups/{}?$select=id", group.id))).collect();
        for parts in parts.chunks(MOST) {
            let question = Question::about(About::Group);
            for reply in self.batch(question, parts).await? {
                if matches!(reply, Reply::NotFound) {
                    return Err(refused(&self.web, question, 404, &Refusal::default()).into());
                }
            }
        }
        Ok(())
    }

    /// Users by id; those who are not found are gone.
    async fn users(&self, reader: &Reader<'_>, ids: &[(PersonId, Key)]) -> Result<Vec<Found>, Error> {
        let get = |(_, key): &(PersonId, Key)| Part::get(format!("/users/{}?$select={}", text(key), reader.select()));
        let parts: Vec<_> = ids.iter().map(get).collect();
        let replies = self.batch(reader.question(About::People, false), &parts).await?;
        let mut found = Vec::with_capacity(ids.len());
        for ((id, key), reply) in ids.iter().zip(replies) {
            let Reply::There(user) = reply else { continue };
            let Value::Object(user) = user else { return Err(self.web.incomplete("a user in a batch is no object")) };
            if user.get("id").and_then(Value::as_str).and_then(guid).is_none_or(|(_, answered)| answered != *key) {
                return Err(self.web.incomplete("a batch answers with another user than was asked for"));
            }
            found.push(Found { id: id.clone(), key: *key, user, within: HashSet::new() });
        }
        Ok(found)
    }

    /// Which of the groups, at any depth, and whether the unit.
    async fn check_membership(&self, query: &ReadQuery, unit: Option<&Unit>, found: &mut [Found]) -> Result<(), Error> {
        let nested = query.groups.iter().filter(|query| query.membership == Membership::Nested);
        let checked: BTreeSet<&str> = nested.map(|query| &*query.group.id).chain(unit.map(|unit| &*unit.id)).collect();
        let checked: Vec<&str> = checked.into_iter().collect();
        for ids in checked.chunks(IDS_IN_CHECK) {
            let check = |found: &Found| {
                Part::post(format!("/users/{}/checkMemberObjects", text(&found.key)), json!({"ids": ids}))
            };
            let parts: Vec<_> = found.iter().map(check).collect();
            for (found, reply) in found.iter_mut().zip(self.batch(Question::about(About::Group), &parts).await?) {
                let within = match &reply {
                    Reply::There(body) => body.get("value").and_then(Value::as_array),
                    Reply::NotFound => return Err(self.web.incomplete("a user vanished while it was read")),
                };
                let within = within.ok_or_else(|| self.web.incomplete("a check of memberships has no list"))?;
                found.within.extend(within.iter().filter_map(Value::as_str).map(str::to_lowercase));
            }
        }
        Ok(())
    }

    /// The members of each group whose nested groups do not count: listed without a cast, so past the index.
    async fn direct_members(&self, query: &ReadQuery) -> Result<HashMap<usize, HashSet<Key>>, Error> {
        let mut all = HashMap::new();
        for (place, query) in query.groups.iter().enumerate() {
            if query.membership == Membership::Nested {
                continue;
            }
            let list = [("$select", "id"), ("$top", &*self.page_size)];
            let mut next = Some(self.web.url(&["groups", &query.group.id, "members"], &list));
            let (mut links, mut members) = (Links::of(&self.web), HashSet::new());
            while let Some(url) = next {
                let page = self.ids(Question::about(About::Group), &Request::get(url)).await?;
                members.extend(page.value.iter().filter_map(|one| guid(&one.id)).map(|(_, key)| key));
                next = page.next.map(|link| links.follow(&self.web, &link)).transpose()?;
            }
            all.insert(place, members);
        }
        Ok(all)
    }

    /// Whom the filter lets in, or may let in.
    async fn let_in(&self, filter: &str, found: &[Found]) -> Result<HashSet<Key>, Error> {
        let mut let_in = HashSet::new();
        for found in found.chunks(IDS_IN_FILTER) {
            let ids: Vec<_> = found.iter().map(|found| filter::text(&text(&found.key))).collect();
            let these = format!("id in ({})", ids.join(","));
            let known = self.matching(&these, false).await?;
            let matching = self.matching(&format!("{these} and ({filter})"), true).await?;
            let keys = found.iter().map(|found| found.key);
            let_in.extend(keys.filter(|key| matching.contains(key) || !known.contains(key)));
        }
        Ok(let_in)
    }

    async fn matching(&self, filter: &str, filtered: bool) -> Result<HashSet<Key>, Error> {
        let query = [("$filter", filter), ("$select", "id"), ("$top", &*self.page_size), ("$count", "true")];
        let (mut next, mut links) = (Some(self.web.url(&["users"], &query)), Links::of(&self.web));
        let mut matching = HashSet::new();
        while let Some(url) = next {
            let question = Question { filtered, ..Question::about(About::People) };
            let page = self.ids(question, &get(url)).await?;
            matching.extend(page.value.iter().filter_map(|one| guid(&one.id)).map(|(_, key)| key));
            next = page.next.map(|link| links.follow(&self.web, &link)).transpose()?;
        }
        Ok(matching)
    }

    async fn ids(&self, question: Question<'_>, request: &Request) -> Result<Ids, Error> {
        let answer = self.web.ask(request).await?;
        if answer.status != 200 {
            return Err(refused(&self.web, question, answer.status, &Refusal::of(&answer.body)).into());
        }
        self.web.parse(&answer)
    }
}

fn text(key: &Key) -> String {
    uuid::Uuid::from_bytes(*key).hyphenated().to_string()
}

fn keys(ids: &[PersonId]) -> Result<Vec<(PersonId, Key)>, Error> {
    let keys = ids.iter().map(|id| guid(id.as_str()).map(|(_, key)| (id.clone(), key)));
    keys.collect::<Option<Vec<_>>>().ok_or_else(|| {
        wrong(
            "source.type",
            "contacts are owned under ids that Entra cannot have: it was another source before; set it back",
        )
    })
}

fn groups_of(query: &ReadQuery, direct: &HashMap<usize, HashSet<Key>>, found: &Found) -> GroupSet {
    let mut groups = GroupSet::default();
    for (place, query) in query.groups.iter().enumerate() {
        let is_in = match query.membership {
            Membership::Nested => found.within.contains(&query.group.id),
            Membership::Direct => direct.get(&place).is_some_and(|members| members.contains(&found.key)),
        };
        if is_in {
            groups.insert(place);
        }
    }
    groups
}
