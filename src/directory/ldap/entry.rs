//! One entry of a search answer, taken apart without trusting its shape.
//!
//! ldap3's own `SearchEntry::construct` panics on a malformed answer and copies every value; this moves them.

use ldap3::ResultEntry;

/// An entry: its name, and the attributes that came with it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) dn: String,
    pub(super) attributes: Vec<Attribute>,
}

/// An attribute with its options (`member;range=0-1499`), spelt as the server spells it, and its values.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    pub(super) values: Vec<Vec<u8>>,
}

impl Entry {
    /// Reads a `SearchResultEntry` (RFC 4511 section 4.5.2). `None` when it is malformed.
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the type that has the method is not ldap3's to name"
    )]
    pub(super) fn read(raw: ResultEntry) -> Option<Self> {
        let mut parts = raw.0.match_id(4)?.expect_constructed()?.into_iter();
        let dn = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
        let listed = parts.next()?.expect_constructed()?;
        let mut attributes = Vec::with_capacity(listed.len());
        for attribute in listed {
            let mut parts = attribute.expect_constructed()?.into_iter();
            let name = String::from_utf8(parts.next()?.expect_primitive()?).ok()?;
            let values = parts.next()?.expect_constructed()?;
            let values = values.into_iter().map(|value| value.expect_primitive()).collect::<Option<Vec<_>>>()?;
            attributes.push(Attribute { name, values });
        }
        Some(Self { dn, attributes })
    }

    /// The values of an attribute, whatever its case.
    pub(super) fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name));
        found.map_or(&[], |attribute| &attribute.values)
    }

    /// The only value of an attribute; `None` when there is none, or more than one.
    pub(super) fn only_value(&self, name: &str) -> Option<&[u8]> {
        match self.values(name) {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// The cookie of a paged results answer (RFC 2696): BER of `SEQUENCE { size INTEGER, cookie OCTET STRING }`. `None`
/// when it is malformed. ldap3's own parser panics instead.
pub(super) fn cookie(control: &[u8]) -> Option<Vec<u8>> {
    let (sequence, _) = tagged(control, 0x30)?;
    let (_, rest) = tagged(sequence, 0x02)?;
    let (cookie, _) = tagged(rest, 0x04)?;
    Some(cookie.to_vec())
}

/// The contents of the element that `bytes` begin with, and what stands behind it.
fn tagged(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
        let length =
            digits.iter().try_fold(0_usize, |sum, digit| sum.checked_mul(256)?.checked_add(usize::from(*digit)))?;
        (length, rest)
    };
    (first == tag).then(|| rest.split_at_checked(length)).flatten()
}

#[cfg(test)]
mod tests {
    use super::cookie;

    #[test]
    fn reads_the_cookie_of_a_page() {
        assert_eq!(cookie(&[0x30, 5, 2, 1, 0, 4, 0]), Some(vec![]));
        assert_eq!(cookie(&[0x30, 0x81, 8, 2, 2, 4, 0, 4, 2, 7, 8]), Some(vec![7, 8]));
    }

    #[test]
    fn l02_a_cookie_that_cannot_be_read_is_not_the_last() {
        for broken in [&[][..], &[0x30], &[0x30, 0], &[0x30, 5, 2, 1, 0, 4, 9], &[0x30, 0x89, 1], &[4, 2, 7, 8]] {
            assert_eq!(cookie(broken), None);
        }
    }
}
