//! Makes people of user records, and says which parts of a record are needed.

use std::collections::BTreeSet;

use serde_json::Value;

use super::fault::Api;
use super::members::Members;
use super::pages::Record;
use super::query::Narrowing;
use crate::directory::attribute::{AttributePath, attributes};
use crate::directory::web::wrong;
use crate::directory::{Error, ReadQuery};
use crate::person::{Person, PersonId};

/// What is needed of everybody.
const ALWAYS: [&str; 5] = ["id", "suspended", "archived", "isGuestUser", "orgUnitPath"];
const CUSTOM: &str = "customSchemas";

/// Makes people of records.
pub(super) struct Reader<'a> {
    paths: Vec<AttributePath>,
    members: &'a Members,
    narrowing: &'a Narrowing<'a>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(query: &ReadQuery, members: &'a Members, narrowing: &'a Narrowing<'a>) -> Result<Self, Error> {
        let paths: Vec<_> = query.attributes.iter().map(|name| AttributePath::new(name)).collect();
        let is_field = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if let Some(path) = paths.iter().find(|path| !is_field(path.first())) {
            let reason = format!("Google knows no attribute {:?}: check the spelling", path.name());
            return Err(wrong("mapping", reason));
        }
        Ok(Self { paths, members, narrowing })
    }

    /// The members of a user record to ask for, with `more` besides.
    pub(super) fn fields(&self, more: &[&str]) -> String {
        let named = self.paths.iter().map(AttributePath::first);
        let fields: BTreeSet<&str> = ALWAYS.into_iter().chain(named).chain(more.iter().copied()).collect();
        fields.into_iter().collect::<Vec<_>>().join(",")
    }

    /// Which custom schemas come with it.
    pub(super) fn projection(&self) -> Vec<(&'static str, String)> {
        let custom = self.paths.iter().filter(|path| path.first() == CUSTOM);
        let schemas: Option<BTreeSet<&str>> = custom.map(|path| schema(path.name())).collect();
        match schemas {
            None => vec![("projection", "full".to_owned())],
            Some(schemas) if schemas.is_empty() => vec![("projection", "basic".to_owned())],
            Some(schemas) => {
                let mask = schemas.into_iter().collect::<Vec<_>>().join(",");
                vec![("projection", "custom".to_owned()), ("customFieldMask", mask)]
            }
        }
    }

    /// A person. Guests are strangers whom somebody invited: they are outside every scope.
    pub(super) fn person(&self, api: &Api, record: &Record) -> Result<Person, Error> {
        let is = |name: &str| record.get(name).and_then(Value::as_bool).unwrap_or(false);
        let location = record.get("orgUnitPath").and_then(Value::as_str).map(str::to_owned);
        let lies_within = match &self.narrowing.segment {
            None => true,
            Some(segment) => {
                let path = location.as_deref().ok_or_else(|| {
                    api.web
                        .incomplete("a user has no orgUnitPath that the reader may see, so nothing tells where it lies")
                })?;
                segment.contains(path).map_err(|reason| api.web.incomplete(reason))?
            }
        };
        let id = id(api, record)?;
        Ok(Person {
            groups: self.members.of(&id),
            id,
            attributes: attributes(&self.paths, record),
            location,
            disabled: is_disabled(record),
            in_query: lies_within && !is("isGuestUser"),
        })
    }
}

/// The id of a user record.
pub(super) fn id(api: &Api, record: &Record) -> Result<PersonId, Error> {
    let id = record.get("id").and_then(Value::as_str).and_then(PersonId::new);
    id.ok_or_else(|| api.web.incomplete("a user has no id"))
}

/// Suspended or archived.
pub(super) fn is_disabled(record: &Record) -> bool {
    ["suspended", "archived"].iter().any(|name| record.get(*name).and_then(Value::as_bool) == Some(true))
}

/// The schema in `customSchemas.Employment.costCenter`; `None` where all are meant.
fn schema(name: &str) -> Option<&str> {
    let schema = name.split('.').nth(1)?;
    Some(schema.split('[').next().unwrap_or(schema)).filter(|schema| !schema.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader<R>(names: &[&str], then: impl FnOnce(Reader<'_>) -> R) -> R {
        let attributes = names.iter().map(|name| (*name).to_owned()).collect();
        let query = ReadQuery { attributes, ..ReadQuery::default() };
        let narrowing = Narrowing::of(&query).unwrap();
        then(Reader::new(&query, &Members::default(), &narrowing).unwrap())
    }

    #[test]
    fn only_what_is_needed_is_asked_for() {
        reader(&["name.fullName", "name.givenName", "phones[work]"], |reader| {
            assert_eq!(reader.fields(&[]), "archived,id,isGuestUser,name,orgUnitPath,phones,suspended");
            assert_eq!(reader.projection(), [("projection", "basic".to_owned())]);
        });
        reader(&["customSchemas.B.x", "customSchemas.A.y[work]", "customSchemas.A.z"], |reader| {
            let wanted = [("projection", "custom".to_owned()), ("customFieldMask", "A,B".to_owned())];
            assert_eq!(reader.projection(), wanted);
        });
        reader(&["customSchemas"], |reader| assert_eq!(reader.projection(), [("projection", "full".to_owned())]));
    }

    #[test]
    fn a_name_that_would_change_the_request_is_refused() {
        let query = ReadQuery { attributes: ["id),x(y".to_owned()].into(), ..ReadQuery::default() };
        let narrowing = Narrowing::of(&query).unwrap();
        assert!(matches!(Reader::new(&query, &Members::default(), &narrowing), Err(Error::Settings { .. })));
    }
}
