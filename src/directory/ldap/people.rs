//! Makes people of entries: the id, the attributes under the names that the manifest uses, disabled or not.
//!
//! Straight from the bytes that came: what a server's spelling of an attribute means is found out once, and a value is
//! copied once, as the text that it becomes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::entry::{Attribute, Entry, Values};
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

/// Spellings of attributes that are remembered: a server uses one for each attribute.
const MAX_SPELLINGS: usize = 1024;

/// What of every entry becomes part of the person.
pub(super) struct Reader<'a> {
    server: &'a Server,
    members: &'a Members,
    /// In the order of [`Attributes`].
    wanted: Vec<Arc<str>>,
    spellings: Vec<Spelling>,
    /// The values of one person by place in `wanted`; empty between two people.
    values: Vec<Vec<Value>>,
}

/// A server's spelling of an attribute.
struct Spelling {
    name: Box<str>,
    /// Places in `wanted`: more than one where the manifest spells it in two ways.
    wanted: Vec<usize>,
    form: Form,
}

/// How the values of an attribute become text.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Text,
    Binary,
    Guid,
    Sid,
}

impl<'a> Reader<'a> {
    pub(super) fn new(server: &'a Server, members: &'a Members, query: &ReadQuery) -> Self {
        let wanted: Vec<Arc<str>> = query.attributes.iter().map(|name| name.as_str().into()).collect();
        let values = vec![Vec::new(); wanted.len()];
        Self { server, members, wanted, spellings: Vec::new(), values }
    }

    /// What to ask the server for, and nothing more.
    pub(super) fn attributes(&self) -> Vec<String> {
        let rule = match &self.server.disabled {
            DisabledRule::Never => None,
            DisabledRule::AccountControl => Some(USER_ACCOUNT_CONTROL),
            DisabledRule::Values(rule) => Some(rule.attribute.as_str()),
        };
        let wanted = self.wanted.iter().map(|name| &**name);
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
    pub(super) fn person(&mut self, entry: &Entry<'_>) -> Result<Person, Error> {
        let id = self.id(entry)?;
        let disabled = self.disabled(entry)?;
        let groups =
            self.members.of(entry).ok_or_else(|| self.server.incomplete("an entry's name (DN) cannot be read"))?;
        let mut expected = 0;
        for attribute in &entry.attributes {
            let place = self.spelling(attribute.name, expected);
            expected = place + 1;
            let Some(spelling) = self.spellings.get(place) else { continue };
            for wanted in &spelling.wanted {
                if let Some(values) = self.values.get_mut(*wanted) {
                    // Mostly one: room for four would be three times what the person weighs.
                    values.reserve_exact(attribute.values.iter().count());
                    values.extend(attribute.values.iter().map(|value| spelling.form.text(value)));
                }
            }
        }
        let named = self.wanted.iter().zip(&mut self.values).filter(|(_, values)| !values.is_empty());
        let attributes: Attributes = named.map(|(name, values)| (name.clone(), std::mem::take(values))).collect();
        Ok(Person { id, attributes, groups, location: Some(entry.dn.to_owned()), disabled, in_query: true })
    }

    /// The place of a spelling in `spellings`. Entries list their attributes in much the same order, so it is mostly the
    /// expected one.
    fn spelling(&mut self, name: &str, expected: usize) -> usize {
        if self.spellings.get(expected).is_some_and(|spelling| *spelling.name == *name) {
            return expected;
        }
        if let Some(place) = self.spellings.iter().position(|spelling| *spelling.name == *name) {
            return place;
        }
        if self.spellings.len() >= MAX_SPELLINGS {
            self.spellings.clear();
        }
        let wanted = self.wanted.iter().enumerate().filter(|(_, wanted)| same(name, wanted));
        self.spellings.push(Spelling {
            name: name.into(),
            wanted: wanted.map(|(place, _)| place).collect(),
            form: Form::of(name),
        });
        self.spellings.len() - 1
    }

    /// Whether a server gave only a range of an attribute of this entry that is wanted.
    pub(super) fn is_ranged(&self, entry: &Entry<'_>) -> bool {
        entry.attributes.iter().any(|attribute| range::is_ranged(attribute.name)) && !self.ranged(entry).is_empty()
    }

    /// The attributes of an entry that a server gave in ranges and that must be read on.
    pub(super) fn ranged(&self, entry: &Entry<'_>) -> Vec<Arc<str>> {
        let is_ranged = |wanted: &&Arc<str>| {
            entry.attributes.iter().any(|attribute| {
                range::is_ranged(attribute.name) && range::base(attribute.name).eq_ignore_ascii_case(wanted)
            })
        };
        self.wanted.iter().filter(is_ranged).cloned().collect()
    }

    pub(super) fn id(&self, entry: &Entry<'_>) -> Result<PersonId, Error> {
        let IdAttribute { name, .. } = &self.server.id;
        let id = entry.only_value(name).and_then(|value| self.server.id.read(value)).and_then(PersonId::new);
        id.ok_or_else(|| {
            self.server.incomplete(format!(
                "an entry has no single {name} that the reader may see: let it read that attribute, or set source.ldap.idAttribute"
            ))
        })
    }

    pub(super) fn disabled(&self, entry: &Entry<'_>) -> Result<bool, Error> {
        match &self.server.disabled {
            DisabledRule::Never => Ok(false),
            DisabledRule::Values(rule) => Ok(entry.values(&rule.attribute).any(|value| {
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
    server.eq_ignore_ascii_case(wanted) || plain(server).eq_ignore_ascii_case(plain(wanted))
}

/// A name without `;binary`.
fn plain(name: &str) -> &str {
    match name.len().checked_sub(BINARY.len()).and_then(|at| name.split_at_checked(at)) {
        Some((plain, option)) if option.eq_ignore_ascii_case(BINARY) => plain,
        _ => name,
    }
}

impl Form {
    pub(super) fn of(attribute: &str) -> Self {
        if attribute.eq_ignore_ascii_case("objectGUID") {
            Self::Guid
        } else if attribute.eq_ignore_ascii_case("objectSid") {
            Self::Sid
        } else if attribute.len() > plain(attribute).len() {
            Self::Binary
        } else {
            Self::Text
        }
    }

    /// A value as text. Nothing is dropped: what is no text comes as base64, as LDIF would show it (RFC 2849), but for
    /// the two binary ids of Active Directory, which come as people know them.
    pub(super) fn text(self, value: &[u8]) -> Value {
        let known = match self {
            Self::Guid => IdAttribute::new("objectGUID").read(value),
            Self::Sid => sid_text(value),
            Self::Binary => Some(STANDARD.encode(value)),
            Self::Text => None,
        };
        let plain = || std::str::from_utf8(value).map_or_else(|_binary| STANDARD.encode(value), str::to_owned);
        Value::String(known.unwrap_or_else(plain))
    }
}

/// Puts a whole attribute, its values in BER, in the place of its first range.
pub(super) fn replace_range<'a>(entry: &mut Entry<'a>, name: &'a str, values: Values<'a>) {
    entry.attributes.retain(|attribute| !range::base(attribute.name).eq_ignore_ascii_case(name));
    entry.attributes.push(Attribute { name, values });
}

#[cfg(test)]
mod tests {
    use super::{Form, same};

    fn text(attribute: &str, value: &[u8]) -> serde_json::Value {
        Form::of(attribute).text(value)
    }

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
        assert_eq!(text("cn", b"Ren\xc3\xa9"), "René");
        assert_eq!(text("jpegPhoto", &[0xff, 0xd8]), "/9g=");
        assert_eq!(text("userCertificate;binary", b"abc"), "YWJj");
        assert_eq!(text("objectsid", &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]), "S-1-5-18");
    }
}
