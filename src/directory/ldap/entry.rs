//! One entry of a search answer, taken apart without trusting its shape and without copying it.

use super::wire::ber::{Malformed, OCTET_STRING, Reader, SEQUENCE, SET, Writer};

/// An entry: its name, and the attributes that came with it.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) dn: &'a str,
    pub(super) attributes: Vec<Attribute<'a>>,
}

/// An attribute with its options (`member;range=0-1499`), spelt as the server spells it, and its values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) values: Values<'a>,
}

/// The values of an attribute: octet strings in BER, known to be well-formed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a>(Reader<'a>);

impl<'a> Values<'a> {
    /// What [`write_values`] wrote.
    pub(super) fn of(written: &'a [u8]) -> Self {
        Self(Reader::new(written))
    }

    pub(super) fn iter(mut self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        std::iter::from_fn(move || self.0.expect(OCTET_STRING).ok())
    }
}

/// Values as they stand in an entry.
pub(super) fn write_values(values: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = Writer::default();
    for value in values {
        writer.put(OCTET_STRING, value);
    }
    writer.into_bytes()
}

impl<'a> Entry<'a> {
    /// Reads a `SearchResultEntry` (RFC 4511 section 4.5.2) without its head.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut parts = Reader::new(bytes);
        let dn = parts.text(OCTET_STRING)?;
        let mut listed = parts.enter(SEQUENCE)?;
        let mut attributes = Vec::with_capacity(16);
        while !listed.is_empty() {
            let mut attribute = listed.enter(SEQUENCE)?;
            let name = attribute.text(OCTET_STRING)?;
            let values = attribute.enter(SET)?;
            let mut check = values;
            while !check.is_empty() {
                check.expect(OCTET_STRING)?;
            }
            attributes.push(Attribute { name, values: Values(values) });
        }
        Ok(Self { dn, attributes })
    }

    /// The values of an attribute, whatever its case.
    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let found = self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name)).copied();
        found.into_iter().flat_map(|attribute| attribute.values.iter())
    }

    /// The only value of an attribute; `None` when there is none, or more than one.
    pub(super) fn only_value(&self, name: &str) -> Option<&'a [u8]> {
        let mut values = self.values(name);
        let first = values.next()?;
        values.next().is_none().then_some(first)
    }
}
