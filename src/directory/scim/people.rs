//! Makes people of User resources (RFC 7643 section 4.1).

use super::listing::Asked;
use super::server::{Server, id_of, text_of};
use crate::directory::attribute::{AttributePath, attributes};
use crate::directory::segment::Segment;
use crate::directory::web::wrong;
use crate::directory::{Error, ReadQuery};
use crate::person::{GroupSet, Person, PersonId};
use crate::scim::json::{self, Object};

const SEGMENT_ATTRIBUTE: &str = "source.scim.segmentAttribute";

/// What of every record becomes part of the person.
pub(super) struct Reader<'a> {
    server: &'a Server,
    paths: Vec<AttributePath>,
    /// The attribute that tells where a person lies.
    place: Option<AttributePath>,
    segment: Option<Segment>,
    /// What is asked for.
    pub(super) asked: Asked,
}

impl<'a> Reader<'a> {
    pub(super) fn new(server: &'a Server, segment_attribute: Option<&str>, query: &ReadQuery) -> Result<Self, Error> {
        let path = |name: &str| AttributePath::new(name).in_any_case();
        let place = segment_attribute.map(path);
        let segment = query.segment.as_deref().map(|segment| Segment::new(segment, false)).transpose()?;
        if segment.is_some() && place.is_none() {
            let reason = "scope.pattern.segment is given, so name the attribute that it is compared with";
            return Err(wrong(SEGMENT_ATTRIBUTE, reason));
        }
        let paths: Vec<AttributePath> = query.attributes.iter().map(|name| path(name)).collect();
        // What people say of their groups is held against what groups say of their members.
        let groups = (!query.groups.is_empty()).then(|| path("groups"));
        let own = [path("id"), path("active")].into_iter().chain(place.clone()).chain(groups);
        let asked = asked(own.chain(paths.iter().cloned()));
        Ok(Self { server, paths, place, segment, asked })
    }

    /// Makes a person of a record. What cannot be read breaks the read (L2).
    pub(super) fn person(&self, record: &Object, groups: GroupSet) -> Result<Person, Error> {
        let id = id_of(record).and_then(PersonId::new);
        let id = id.ok_or_else(|| self.server.web.incomplete("somebody came without id"))?;
        let disabled = self.is_disabled(record)?;
        let attributes = attributes(&self.paths, record);
        let (location, in_query) = self.location(record)?;
        Ok(Person { id, attributes, groups, location, disabled, in_query })
    }

    /// Absent means enabled (RFC 7643 section 4.1.1 leaves its meaning to the server; nobody disables by leaving it out).
    pub(super) fn is_disabled(&self, record: &Object) -> Result<bool, Error> {
        match (json::get(record, "active"), json::flag(record, "active")) {
            (None, _) => Ok(false),
            (Some(_), Some(active)) => Ok(!active),
            (Some(_), None) => Err(self.server.web.incomplete("somebody's active is neither true nor false")),
        }
    }

    /// Where a person lies, and whether that is in the segment. Of several places the first that is.
    pub(super) fn location(&self, record: &Object) -> Result<(Option<String>, bool), Error> {
        let values = self.place.as_ref().map(|place| place.values(record)).unwrap_or_default();
        let mut places: Vec<String> = values.iter().filter_map(text_of).collect();
        let Some(segment) = &self.segment else {
            return Ok(((!places.is_empty()).then(|| places.swap_remove(0)), true));
        };
        for (at, place) in places.iter().enumerate() {
            let within = segment.contains(place).map_err(|_reason| {
                self.server.web.incomplete(format!(
                    "somebody's {SEGMENT_ATTRIBUTE} cannot be read as the distinguished name that scope.pattern.segment is"
                ))
            })?;
            if within {
                return Ok((Some(places.swap_remove(at)), true));
            }
        }
        Ok(((!places.is_empty()).then(|| places.swap_remove(0)), false))
    }
}

/// What to ask a server for, each once. Sub-attributes come with theirs: without `type` and `primary` the values of
/// `emails` could not be told apart.
pub(super) fn asked(paths: impl Iterator<Item = AttributePath>) -> Asked {
    let (mut names, mut keys): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for path in paths {
        let (first, name) = (path.first(), parameter(&path));
        if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            names.push(name);
        }
        if first != "id" && !keys.iter().any(|known| known.eq_ignore_ascii_case(first)) {
            keys.push(first.to_owned());
        }
    }
    Asked { parameter: names.join(","), keys }
}

/// An attribute as the parameter `attributes` has it (RFC 7644 section 3.10).
fn parameter(path: &AttributePath) -> String {
    let (first, name) = (path.first(), path.name());
    let rest = name.strip_prefix(first).and_then(|rest| rest.strip_prefix(':'));
    let Some(rest) = rest else { return first.to_owned() };
    let attribute = rest.split(['.', '[']).next().unwrap_or_default();
    format!("{first}:{attribute}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sub_attributes_and_labels_are_asked_for_as_what_they_are_part_of() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let names =
            ["emails[work]", "emails[primary]", "Name.givenName", "name.familyName", &format!("{urn}:manager.value")];
        let asked = asked(names.iter().map(|name| AttributePath::new(name).in_any_case()));
        assert_eq!(asked.parameter, format!("emails,Name,{urn}:manager"));
        assert_eq!(asked.keys, ["emails", "Name", urn]);
    }
}
