//! Doors for `fuzz/`: what a server's answers hold, read without a server.

use super::entry::{self, Attribute};
use super::id::{self, IdAttribute};
use super::{filter, range};

/// The cookie of a page.
pub fn cookie(control: &[u8]) -> Option<Vec<u8>> {
    entry::cookie(control)
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
        let mut attributes = answer.into_iter().map(|(name, values)| Attribute { name, values }).collect();
        self.0.accept(&mut attributes).ok()
    }
}
