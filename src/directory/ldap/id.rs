//! Immutable ids: how an entry's id attribute becomes text, and back into a filter that finds the entry.

use uuid::Uuid;

use super::filter;

/// An attribute that holds ids.
#[derive(Clone, Debug)]
pub(super) struct IdAttribute {
    pub(super) name: String,
    syntax: Syntax,
}

#[derive(Clone, Copy, Debug)]
enum Syntax {
    /// Active Directory's objectGUID: 16 bytes, the first three fields little-endian (MS-DTYP 2.3.4.2).
    Guid,
    /// entryUUID (RFC 4530): a UUID as text.
    Uuid,
    /// Any other: text, or hex where it is no text.
    Other,
}

impl IdAttribute {
    pub(super) fn new(name: &str) -> Self {
        let syntax = match name.to_ascii_lowercase().as_str() {
            "objectguid" => Syntax::Guid,
            "entryuuid" => Syntax::Uuid,
            _ => Syntax::Other,
        };
        Self { name: name.to_owned(), syntax }
    }

    /// The id in a value; `None` when the value cannot be one.
    pub(super) fn read(&self, value: &[u8]) -> Option<String> {
        match self.syntax {
            Syntax::Guid => Uuid::from_slice_le(value).ok().map(|id| id.to_string()),
            Syntax::Uuid => Uuid::try_parse_ascii(value).ok().map(|id| id.to_string()),
            Syntax::Other if value.is_empty() => None,
            Syntax::Other => Some(match std::str::from_utf8(value) {
                Ok(text) if !text.contains(char::is_control) => text.to_owned(),
                _ => hex::encode(value),
            }),
        }
    }

    /// A filter that finds the entry with an id; `None` when no entry can have it. It may find others as well (a server
    /// may ignore case): compare what [`Self::read`] gives.
    pub(super) fn filter(&self, id: &str) -> Option<String> {
        match self.syntax {
            Syntax::Guid => Uuid::try_parse(id).ok().map(|id| filter::equals_bytes(&self.name, &id.to_bytes_le())),
            Syntax::Uuid => Uuid::try_parse(id).ok().map(|id| filter::equals(&self.name, &id.to_string())),
            Syntax::Other => {
                let text = filter::equals(&self.name, id);
                Some(match hex::decode(id) {
                    Ok(bytes) if !bytes.is_empty() => filter::or([text, filter::equals_bytes(&self.name, &bytes)]),
                    _ => text,
                })
            }
        }
    }
}

/// A security identifier as people know it (MS-DTYP 2.4.2.1): `S-1-5-21-…`. `None` when it is malformed.
pub(super) fn sid_text(sid: &[u8]) -> Option<String> {
    let (&[revision, count, ref authority @ ..], rest) = sid.split_first_chunk::<8>()?;
    let authority = authority.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    let (parts, left) = rest.as_chunks::<4>();
    if parts.len() != usize::from(count) || !left.is_empty() {
        return None;
    }
    let mut text = format!("S-{revision}-{authority}");
    for part in parts {
        text.push('-');
        text.push_str(&u32::from_le_bytes(*part).to_string());
    }
    Some(text)
}

/// The SID of the group that a person's `primaryGroupID` names: the person's own SID with its last part replaced by the
/// group's relative id (MS-ADA3 2.120). `None` when either is malformed.
pub(super) fn primary_group_sid(person_sid: &[u8], primary_group: &[u8]) -> Option<Vec<u8>> {
    let relative: u32 = std::str::from_utf8(primary_group).ok()?.parse().ok()?;
    let (domain, _) = person_sid.split_last_chunk::<4>()?;
    let mut sid = domain.to_vec();
    sid.extend(relative.to_le_bytes());
    Some(sid)
}

#[cfg(test)]
mod tests {
    use super::{IdAttribute, primary_group_sid, sid_text};

    const GUID: [u8; 16] =
        [0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff];

    #[test]
    fn object_guid_is_in_the_byte_order_that_administrators_see() {
        let id = IdAttribute::new("objectGUID");
        assert_eq!(id.read(&GUID).unwrap(), "00112233-4455-6677-8899-aabbccddeeff");
        let filter = id.filter("00112233-4455-6677-8899-AABBCCDDEEFF").unwrap();
        assert_eq!(filter, r"(objectGUID=\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff)");
        assert_eq!(id.read(&GUID[..15]), None);
        assert_eq!(id.filter("ann"), None);
    }

    #[test]
    fn other_ids_are_text_or_hex() {
        let uuid = IdAttribute::new("entryuuid");
        assert_eq!(uuid.read(b"00112233-4455-6677-8899-AABBCCDDEEFF").unwrap(), "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(uuid.read(b"ann"), None);
        let other = IdAttribute::new("employeeNumber");
        assert_eq!(other.read(b"4711").unwrap(), "4711");
        assert_eq!(other.read(&[0xff, 0x01]).unwrap(), "ff01");
        assert_eq!(other.read(b""), None);
        assert_eq!(other.filter("ff01").unwrap(), r"(|(employeeNumber=ff01)(employeeNumber=\ff\01))");
        assert_eq!(other.filter("e*1").unwrap(), r"(employeeNumber=e\2a1)");
    }

    #[test]
    fn primary_group_is_told_by_its_sid() {
        let person = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x50, 4, 0, 0];
        assert_eq!(sid_text(&person).unwrap(), "S-1-5-21-1-2-3-1104");
        let group = primary_group_sid(&person, b"513").unwrap();
        assert_eq!(sid_text(&group).unwrap(), "S-1-5-21-1-2-3-513");
        assert_eq!(sid_text(&person[..27]), None);
        assert_eq!(primary_group_sid(&person, b"x"), None);
    }
}
