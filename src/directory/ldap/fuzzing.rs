//! Doors for `fuzz/`: what a server's answers hold, read without a server.

use super::entry::{Attribute, Entry, Values, write_values};
use super::id::{self, IdAttribute};
use super::wire::{Answer, cookie_in, read_answer};
use super::{filter, range};

/// The cookie of a page.
pub fn cookie(control: &[u8]) -> Option<Vec<u8>> {
    cookie_in(control).ok().map(<[u8]>::to_vec)
}

/// Reads a message and, where it is an entry, what is in it: its name and how many attributes and values.
pub fn message(bytes: &[u8]) -> Option<(String, usize, usize)> {
    let Answer::Entry(entry) = read_answer(bytes.to_vec().into()).ok()?.answer else { return None };
    let entry = Entry::read(&entry).ok()?;
    let values = entry.attributes.iter().map(|attribute| attribute.values.iter().count()).sum();
    Some((entry.dn.to_owned(), entry.attributes.len(), values))
}

/// The id in a value, and the filter that finds it again.
pub fn id(attribute: &str, value: &[u8]) -> Option<(String, Option<String>)> {
    let attribute = IdAttribute::new(attribute);
    let id = attribute.read(value)?;
    let filter = attribute.filter(&id);
    Some((id, filter))
}

/// A security identifier as text.
pub fn sid_text(sid: &[u8]) -> Option<String> {
    id::sid_text(sid)
}

/// The SID of a person's primary group.
pub fn primary_group_sid(person: &[u8], group: &[u8]) -> Option<Vec<u8>> {
    id::primary_group_sid(person, group)
}

/// Checks a filter that somebody wrote.
pub fn check_filter(filter: &str) -> Result<&str, String> {
    filter::check(filter)
}

/// A filter for what matches both.
pub fn and(left: &str, right: &str) -> String {
    filter::and(left, right)
}

/// A filter for an attribute with a value.
pub fn equals(attribute: &str, value: &str) -> String {
    filter::equals(attribute, value)
}

/// An attribute that is read in ranges.
#[derive(Debug)]
pub struct Ranged(range::Ranged<'static>);

impl Ranged {
    /// `member`.
    pub fn members() -> Self {
        Self(range::Ranged::new("member"))
    }

    /// What to ask next; `None` at the end.
    pub fn request(&self) -> Option<String> {
        self.0.request()
    }

    /// Takes an answer: attributes and their values. `None` when its ranges do not add up.
    pub fn accept(&mut self, answer: Vec<(String, Vec<Vec<u8>>)>) -> Option<Vec<Vec<u8>>> {
        let answer: Vec<_> = answer.into_iter().map(|(name, values)| (name, write_values(&values))).collect();
        let attributes: Vec<_> =
            answer.iter().map(|(name, values)| Attribute { name, values: Values::of(values) }).collect();
        Some(self.0.accept(&attributes).ok()?.map(<[u8]>::to_vec).collect())
    }
}
