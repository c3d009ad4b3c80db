//! Makes people of users (learn.microsoft.com/graph/api/resources/user): the id, the attributes under the names that the
//! manifest uses, disabled or not, guest or not.

use serde_json::{Map, Value};

use super::fault::{About, Question};
use super::{Graph, MAPPING};
use crate::api::EntraGuests;
use crate::directory::attribute::{AttributePath, attributes};
use crate::directory::web::wrong;
use crate::directory::{Error, ReadQuery};
use crate::person::{GroupSet, Person, PersonId};

/// What is needed of everybody.
const OWN: [&str; 3] = ["id", "accountEnabled", "userType"];

/// Properties that Graph gives of one user at a time, and of no listing (learn.microsoft.com/graph/api/user-list).
const SINGLE: [&str; 11] = [
    "aboutMe",
    "birthday",
    "hireDate",
    "interests",
    "mailboxSettings",
    "mySite",
    "pastProjects",
    "preferredName",
    "responsibilities",
    "schools",
    "skills",
];

/// What of every user becomes part of the person.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    graph: &'a Graph,
    paths: Vec<AttributePath>,
    select: String,
}

impl<'a> Reader<'a> {
    /// Refuses names that Graph has no property for, as far as that can be told without asking.
    pub(super) fn new(graph: &'a Graph, query: &ReadQuery) -> Result<Self, Error> {
        let paths: Vec<_> = query.attributes.iter().map(|name| AttributePath::new(name).in_any_case()).collect();
        let mut select: Vec<&str> = OWN.to_vec();
        for path in &paths {
            let name = path.first();
            check(name)?;
            if !select.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                select.push(name);
            }
        }
        let select = select.join(",");
        Ok(Self { graph, paths, select })
    }

    /// `$select`: what is asked of each user, and nothing more.
    pub(super) fn select(&self) -> &str {
        &self.select
    }

    /// A question for people, or for those in something.
    pub(super) fn question(&self, about: About, filtered: bool) -> Question<'_> {
        Question { about, attributes: &self.paths, filtered }
    }

    /// Makes a person. [`Person::in_query`] says whether the base scope takes them in.
    pub(super) fn person(
        &self,
        id: PersonId,
        user: &Map<String, Value>,
        groups: GroupSet,
        location: Option<String>,
    ) -> Result<Person, Error> {
        let web = &self.graph.web;
        let disabled = disabled(user).ok_or_else(|| {
            web.incomplete(
                "a user comes without accountEnabled, so nothing tells whether the account is disabled: the application \
                 needs the permission User.Read.All, as an application permission with admin consent",
            )
        })?;
        // null was given to members before there were guests; a guest is marked as one when invited.
        let guest = match user.get("userType") {
            Some(Value::Null) => false,
            Some(Value::String(kind)) => kind.eq_ignore_ascii_case("Guest"),
            _ => return Err(web.incomplete("a user comes without userType, so nothing tells whether it is a guest")),
        };
        let in_query = !guest || self.graph.guests == EntraGuests::Include;
        let attributes = attributes(&self.paths, user);
        Ok(Person { id, attributes, groups, location, disabled, in_query })
    }
}

/// Whether an account is disabled, where that can be seen.
pub(super) fn disabled(user: &Map<String, Value>) -> Option<bool> {
    user.get("accountEnabled").and_then(Value::as_bool).map(|enabled| !enabled)
}

fn check(name: &str) -> Result<(), Error> {
    let refuse = |reason: &str| Err(wrong(MAPPING, format!("the attribute {name:?} {reason}")));
    let is_property = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_property {
        return refuse("is no property of a user of Microsoft Graph: check its spelling");
    }
    if SINGLE.iter().any(|single| single.eq_ignore_ascii_case(name)) {
        return refuse("cannot be read: Microsoft Graph gives it of one user at a time only");
    }
    if name.eq_ignore_ascii_case("customSecurityAttributes") {
        return refuse("cannot be read: custom security attributes are kept from applications like this one");
    }
    Ok(())
}
