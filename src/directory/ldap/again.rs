//! Reads people again by id (L3): in batches, with groups walked anew, whatever their scope.

use std::collections::{HashMap, HashSet};

use super::connect::{Connection, connect};
use super::dn::Dn;
use super::members::Members;
use super::people::Reader;
use super::search::{Search, read_entry};
use super::server::{name, wrong};
use super::wire::Scope;
use super::{LdapDirectory, SEGMENT, filter, make_person, scope_filter};
use crate::directory::{Error, ReadQuery};
use crate::person::{Person, PersonId};

/// Ids in one filter: some servers refuse long ones.
const BATCH: usize = 50;
const BASE: &str = "source.ldap.baseDN";

impl LdapDirectory {
    /// The people with these ids that are still below the base. Whether the scope's segment and filter still take them in
    /// is told in [`Person::in_query`]; the filter is asked in a second search of its own.
    pub(super) async fn read_by_id(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        let scope_filter = scope_filter(query)?;
        let segment = query.segment.as_deref().map(|segment| name(SEGMENT, segment)).transpose()?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = connect(&self.server).await?;
        let members = Members::read(&mut connection, &query.groups).await?;
        let mut reader = Reader::new(&self.server, &members, query);
        let mut people = Vec::with_capacity(ids.len());
        for batch in ids.chunks(BATCH) {
            let mut found = self.batch(&mut connection, &mut reader, batch).await?;
            if let Some(scope_filter) = scope_filter {
                let matching = self.matching(&mut connection, &reader, batch, scope_filter).await?;
                for person in found.values_mut() {
                    person.in_query = matching.contains(&person.id);
                }
            }
            if let Some(segment) = &segment {
                for person in found.values_mut() {
                    person.in_query &= lies_under(person, segment);
                }
            }
            people.extend(found.into_values());
        }
        Ok(people)
    }

    async fn batch(
        &self,
        connection: &mut Connection<'_>,
        reader: &mut Reader<'_>,
        ids: &[PersonId],
    ) -> Result<HashMap<PersonId, Person>, Error> {
        let filter = filter::and(&self.server.person_filter, &self.any_of(ids)?);
        let entries = connection.entries(self.search(&filter, reader.attributes())).await;
        let mut found = HashMap::with_capacity(ids.len());
        for entry in entries.map_err(|fault| fault.blame(BASE))? {
            let person = make_person(connection, reader, &entry).await?;
            if ids.contains(&person.id) && found.insert(person.id.clone(), person).is_some() {
                return Err(self.server.incomplete("two entries have one id"));
            }
        }
        Ok(found)
    }

    /// Which of the ids the scope's filter lets in.
    async fn matching(
        &self,
        connection: &mut Connection<'_>,
        reader: &Reader<'_>,
        ids: &[PersonId],
        scope_filter: &str,
    ) -> Result<HashSet<PersonId>, Error> {
        let filter = format!("(&{}{}{scope_filter})", self.server.person_filter, self.any_of(ids)?);
        let search = self.search(&filter, vec![self.server.id.name.clone()]);
        let mut pages = connection.search(search).await.map_err(|fault| fault.blame(BASE))?;
        let mut matching = HashSet::new();
        while let Some(page) = pages.next().await.map_err(|fault| fault.blame(BASE))? {
            for raw in page {
                let entry = read_entry(&self.server, &raw)?;
                if !matching.insert(reader.id(&entry)?) {
                    return Err(self.server.incomplete("an entry came twice"));
                }
            }
        }
        Ok(matching)
    }

    fn search<'a>(&'a self, filter: &'a str, attributes: Vec<String>) -> Search<'a> {
        let page_size = Some(self.server.page_size);
        Search { base: &self.server.base_dn, scope: Scope::Subtree, filter, attributes, page_size }
    }

    /// An id that this directory cannot have says that ids come from another attribute now: nobody is gone for that.
    fn any_of(&self, ids: &[PersonId]) -> Result<String, Error> {
        let filters = ids.iter().map(|id| self.server.id.filter(id.as_str())).collect::<Option<Vec<_>>>();
        filters.map(filter::or).ok_or_else(|| {
            let name = &self.server.id.name;
            wrong(
                "source.ldap.idAttribute",
                format!(
                    "contacts are owned under ids that {name} cannot have: it was another attribute before; set it back"
                ),
            )
        })
    }
}

fn lies_under(person: &Person, segment: &Dn) -> bool {
    person.location.as_deref().and_then(Dn::parse).is_some_and(|dn| dn.is_under(segment))
}
