//! LDIF (RFC 2849): people are the entries of a person class, groups the entries of a group class.
//!
//! Computers and contacts of Active Directory have the person class too and are no people of the company. An id that is
//! an `objectGUID` is written as Active Directory's own tools write it, so that it is the id an LDAP source would give.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::csv::disabled_values;
use super::scan::{Record, short_hash};
use super::snapshot::Snapshot;
use crate::api::{FileSource, GroupRef};
use crate::directory::shown::{is_secret, one_or_all};
use crate::directory::{Error, ReadQuery, ResolvedGroup, dn};
use crate::person::{Attributes, GroupSet};

mod groups;
mod parse;

use groups::{Groups, Memberships};
use parse::{Entries, Entry};

/// Finds groups.
pub(super) fn resolve(snapshot: &Snapshot, asked: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
    let groups = Groups::collect(snapshot)?;
    asked.iter().map(|asked| groups.resolve(asked)).collect()
}

/// Hands every person to `take`: in a second pass, where groups are asked for.
pub(super) fn each(
    snapshot: &Snapshot,
    source: &FileSource,
    query: &ReadQuery,
    take: &mut dyn FnMut(&dyn Record) -> Result<(), Error>,
) -> Result<(), Error> {
    let memberships =
        if query.groups.is_empty() { Memberships::new() } else { Groups::collect(snapshot)?.memberships(query)? };
    let wanted = Wanted {
        source,
        attributes: query.attributes.iter().map(|name| Arc::from(name.as_str())).collect(),
        memberships,
        disabled: disabled_values(source.disabled_when.as_ref()),
    };
    let mut entries = Entries::new(snapshot)?;
    let mut entry = Entry::default();
    while entries.next(&mut entry)? {
        match Kind::of(&entry) {
            Kind::Person => {
                let (written, canonical) =
                    Names::of(&entry).map_err(|reason| snapshot.malformed(entry.line, reason))?;
                take(&Person { wanted: &wanted, entry: &entry, written, canonical })?;
            }
            Kind::Referral => {
                return Err(Error::Incomplete {
                    directory: snapshot.name().to_owned(),
                    reason: format!("the entry on line {} is a referral: export what it points at too", entry.line),
                });
            }
            Kind::Unknown => {
                return Err(snapshot.malformed(
                    entry.line,
                    "the entry has no objectClass, which tells people from the rest: export it too",
                ));
            }
            Kind::Group | Kind::Other => {}
        }
    }
    Ok(())
}

/// What an entry is, by its object classes.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Kind {
    Person,
    Group,
    Referral,
    Other,
    Unknown,
}

impl Kind {
    fn of(entry: &Entry) -> Self {
        let (mut kind, mut thing) = (Self::Unknown, false);
        for class in entry.values("objectClass") {
            let is = |names: &[&str]| names.iter().any(|name| class.eq_ignore_ascii_case(name.as_bytes()));
            if is(&["computer", "contact"]) {
                thing = true;
            } else if is(&["referral"]) {
                return Self::Referral;
            } else if is(&["person", "organizationalPerson", "inetOrgPerson"]) {
                kind = Self::Person;
            } else if is(&["groupOfNames", "groupOfUniqueNames", "groupOfMembers", "group"]) {
                kind = Self::Group;
            } else if kind == Self::Unknown {
                kind = Self::Other;
            }
        }
        if thing { Self::Other } else { kind }
    }
}

/// The name of an entry.
struct Names;

impl Names {
    /// As written, and canonical.
    fn of(entry: &Entry) -> Result<(&str, String), String> {
        let written = std::str::from_utf8(entry.dn()).map_err(|_utf8| "the dn is not UTF-8".to_owned())?;
        let canonical = dn::normalize(written).map_err(|error| format!("the dn is {error}"))?;
        Ok((written, canonical))
    }
}

struct Wanted<'a> {
    source: &'a FileSource,
    attributes: Vec<Arc<str>>,
    memberships: Memberships,
    disabled: Vec<String>,
}

struct Person<'a> {
    wanted: &'a Wanted<'a>,
    entry: &'a Entry,
    written: &'a str,
    canonical: String,
}

impl Record for Person<'_> {
    fn line(&self) -> u64 {
        self.entry.line
    }

    fn id(&self) -> Result<Cow<'_, str>, String> {
        let field = &self.wanted.source.id_field;
        let mut values = self.entry.values(field);
        let Some(value) = values.next() else { return Ok("".into()) };
        if values.next().is_some() {
            return Err(format!("{field:?} has several values: an id is one (source.file.idField)"));
        }
        if field.eq_ignore_ascii_case("objectGUID")
            && let Ok(guid) = value.try_into()
        {
            return Ok(Uuid::from_bytes_le(guid).to_string().into());
        }
        let text =
            std::str::from_utf8(value).map_err(|_utf8| format!("{field:?} is not text (source.file.idField)"))?;
        Ok(text.trim().into())
    }

    fn groups(&self) -> Result<GroupSet, String> {
        if self.wanted.memberships.is_empty() {
            return Ok(GroupSet::default());
        }
        Ok(self.wanted.memberships.get(&short_hash(&self.canonical)).cloned().unwrap_or_default())
    }

    fn location(&self) -> Option<Cow<'_, str>> {
        Some(self.written.into())
    }

    fn disabled(&self) -> bool {
        self.wanted.source.disabled_when.as_ref().is_some_and(|when| {
            self.entry
                .values(&when.attribute)
                .any(|value| self.wanted.disabled.contains(&String::from_utf8_lossy(value).trim().to_lowercase()))
        })
    }

    fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::new();
        for name in &self.wanted.attributes {
            let values = self.entry.values(name).map(value).collect::<Vec<_>>();
            if !values.is_empty() {
                attributes.insert(name.clone(), values);
            }
        }
        attributes
    }

    fn everything(&self) -> Map<String, Value> {
        let mut all: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for (described, bytes) in self.entry.attributes() {
            // Descriptions are ASCII: the parser took nothing else.
            let Some(name) = std::str::from_utf8(described).ok().filter(|name| !is_secret(name)) else { continue };
            let guid = name.eq_ignore_ascii_case("objectGUID").then(|| Uuid::from_slice_le(bytes).ok()).flatten();
            let value = guid.map_or_else(|| value(bytes), |guid| Value::from(guid.to_string()));
            all.entry(name).or_default().push(value);
        }
        all.into_iter().map(|(name, values)| (name.to_owned(), one_or_all(values))).collect()
    }
}

/// A value as text; what is no text in base64, as the file has it.
fn value(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::from(text),
        Err(_) => Value::from(STANDARD.encode(bytes)),
    }
}
