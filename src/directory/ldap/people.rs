//! Makes people of entries: the id, the attributes under the names that the manifest uses, disabled or not.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::entry::{Attribute, Entry};
use super::id::{IdAttribute, sid_text};
use super::members::Members;
use super::range;
use super::server::{DisabledRule, Server};
use crate::directory::{Error, ReadQuery};
use crate::person::{Attributes, Person, PersonId};

const BINARY: &str = ";binary";
const USER_ACCOUNT_CONTROL: &str = "userAccountControl";
/// ACCOUNTDISABLE (MS-ADTS 2.2.16).
const ACCOUNT_DISABLED: u32 = 0x2;

/// What of every entry becomes part of the person.
pub(super) struct Reader<'a> {
    server: &'a Server,
    members: &'a Members,
    wanted: Vec<Wanted>,
}

struct Wanted {
    name: Arc<str>,
    /// The manifest spells it in two ways, so its values cannot be moved out of the entry.
    again: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(server: &'a Server, members: &'a Members, query: &ReadQuery) -> Self {
        let mut wanted: Vec<Wanted> = Vec::with_capacity(query.attributes.len());
        for name in &query.attributes {
            for other in wanted.iter_mut().filter(|other| same(&other.name, name) || same(name, &other.name)) {
                other.again = true;
            }
            wanted.push(Wanted { name: name.as_str().into(), again: false });
        }
        Self { server, members, wanted }
    }

    /// What to ask the server for, and nothing more.
    pub(super) fn attributes(&self) -> Vec<String> {
        let rule = match &self.server.disabled {
            DisabledRule::Never => None,
            DisabledRule::AccountControl => Some(USER_ACCOUNT_CONTROL),
            DisabledRule::Values(rule) => Some(rule.attribute.as_str()),
        };
        let wanted = self.wanted.iter().map(|wanted| &*wanted.name);
        let own =
            [self.server.id.name.as_str()].into_iter().chain(rule).chain(self.members.attributes().iter().copied());
        let mut names: Vec<String> = Vec::new();
        for name in wanted.chain(own) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// Makes a person of an entry; an entry without a readable id, or with half an attribute, breaks the read (L2).
    pub(super) fn person(&self, mut entry: Entry) -> Result<Person, Error> {
        let id = self.id(&entry)?;
        let disabled = self.disabled(&entry)?;
        let groups =
            self.members.of(&entry).ok_or_else(|| self.server.incomplete("an entry's name (DN) cannot be read"))?;
        let mut attributes = Attributes::new();
        for wanted in &self.wanted {
            for attribute in entry.attributes.iter_mut().filter(|attribute| same(&attribute.name, &wanted.name)) {
                let values =
                    if wanted.again { attribute.values.clone() } else { std::mem::take(&mut attribute.values) };
                if values.is_empty() {
                    continue;
                }
                let values = values.into_iter().map(|value| text(&attribute.name, value));
                attributes.entry(wanted.name.clone()).or_default().extend(values);
            }
        }
        Ok(Person { id, attributes, groups, location: Some(entry.dn), disabled, in_query: true })
    }

    /// The attributes of an entry that a server gave in ranges and that must be read on.
    pub(super) fn ranged(&self, entry: &Entry) -> Vec<Arc<str>> {
        if !entry.attributes.iter().any(|attribute| range::is_ranged(&attribute.name)) {
            return Vec::new();
        }
        let is_ranged = |wanted: &&Wanted| {
            entry.attributes.iter().any(|attribute| {
                let base = attribute.name.split(';').next().unwrap_or_default();
                range::is_ranged(&attribute.name) && base.eq_ignore_ascii_case(&wanted.name)
            })
        };
        self.wanted.iter().filter(is_ranged).map(|wanted| wanted.name.clone()).collect()
    }

    pub(super) fn id(&self, entry: &Entry) -> Result<PersonId, Error> {
        let IdAttribute { name, .. } = &self.server.id;
        let id = entry.only_value(name).and_then(|value| self.server.id.read(value)).and_then(PersonId::new);
        id.ok_or_else(|| {
            self.server.incomplete(format!(
                "an entry has no single {name} that the reader may see: let it read that attribute, or set source.ldap.idAttribute"
            ))
        })
    }

    fn disabled(&self, entry: &Entry) -> Result<bool, Error> {
        match &self.server.disabled {
            DisabledRule::Never => Ok(false),
            DisabledRule::Values(rule) => Ok(entry.values(&rule.attribute).iter().any(|value| {
                let value = String::from_utf8_lossy(value).to_lowercase();
                rule.values.iter().any(|disabled| disabled.to_lowercase() == value)
            })),
            DisabledRule::AccountControl => {
                let flags = entry.only_value(USER_ACCOUNT_CONTROL).and_then(|value| std::str::from_utf8(value).ok());
                match flags.and_then(|flags| flags.parse::<i32>().ok()) {
                    Some(flags) => Ok(flags.cast_unsigned() & ACCOUNT_DISABLED != 0),
                    // Contacts, which a personFilter may ask for, are no accounts; a user always has the attribute.
                    None if !self.server.default_people => Ok(false),
                    None => Err(self.server.incomplete(
                        "an account has no userAccountControl that the reader may see, so nothing tells whether it is disabled: let it read that attribute",
                    )),
                }
            }
        }
    }
}

/// Whether a server's attribute is the one that a manifest names. `;binary` only says how values travel (RFC 4522);
/// other options, such as a language, make another attribute.
fn same(server: &str, wanted: &str) -> bool {
    // The hot path of a read: names of one length are equal or differ, and others only meet when one ends in `;binary`.
    if server.len() == wanted.len() {
        return server.eq_ignore_ascii_case(wanted);
    }
    server.len().abs_diff(wanted.len()) == BINARY.len() && plain(server).eq_ignore_ascii_case(plain(wanted))
}

/// A name without `;binary`.
fn plain(name: &str) -> &str {
    match name.len().checked_sub(BINARY.len()).and_then(|at| name.split_at_checked(at)) {
        Some((plain, option)) if option.eq_ignore_ascii_case(BINARY) => plain,
        _ => name,
    }
}

/// A value as text. Nothing is dropped: what is no text comes as base64, as LDIF would show it (RFC 2849), but for the
/// two binary ids of Active Directory, which come as people know them.
fn text(attribute: &str, value: Vec<u8>) -> Value {
    let known = if attribute.eq_ignore_ascii_case("objectGUID") {
        IdAttribute::new("objectGUID").read(&value)
    } else if attribute.eq_ignore_ascii_case("objectSid") {
        sid_text(&value)
    } else {
        None
    };
    let binary = attribute.len() > plain(attribute).len();
    Value::String(match known {
        Some(known) => known,
        None if binary => STANDARD.encode(value),
        None => String::from_utf8(value).unwrap_or_else(|error| STANDARD.encode(error.into_bytes())),
    })
}

/// Puts a whole attribute in the place of its first range.
pub(super) fn replace_range(entry: &mut Entry, name: &str, values: Vec<Vec<u8>>) {
    entry.attributes.retain(|attribute| {
        let base = attribute.name.split(';').next().unwrap_or_default();
        !base.eq_ignore_ascii_case(name)
    });
    entry.attributes.push(Attribute { name: name.to_owned(), values });
}

#[cfg(test)]
mod tests {
    use super::{same, text};

    #[test]
    fn names_are_compared_as_ldap_does() {
        assert!(same("MAIL", "mail"));
        assert!(same("userCertificate;binary", "usercertificate"));
        assert!(same("userCertificate", "userCertificate;binary"));
        assert!(!same("displayName;lang-sv", "displayName"));
        assert!(same("displayName;LANG-SV", "displayName;lang-sv"));
    }

    #[test]
    fn values_that_are_no_text_are_not_lost() {
        assert_eq!(text("cn", b"Ren\xc3\xa9".to_vec()), "René");
        assert_eq!(text("jpegPhoto", vec![0xff, 0xd8]), "/9g=");
        assert_eq!(text("userCertificate;binary", b"abc".to_vec()), "YWJj");
        assert_eq!(text("objectsid", vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]), "S-1-5-18");
    }
}
