//! As much of LDAP's wire (RFC 4511, BER) as a proxy needs that changes messages on their way.

pub const SEARCH: u8 = 0x63;
pub const ENTRY: u8 = 0x64;
pub const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const CONTROLS: u8 = 0xa0;
const PAGED_RESULTS: &[u8] = b"1.2.840.113556.1.4.319";

/// One message, taken apart.
#[derive(Clone, Debug)]
pub struct Message {
    /// The message id as it came, tag and all.
    pub id: Vec<u8>,
    pub tag: u8,
    pub body: Vec<u8>,
    /// Controls as they came, tag and all.
    pub controls: Vec<u8>,
}

/// One element: tag, contents, and what stands behind it; `None` while it is not all there.
pub fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
    };
    let (contents, behind) = rest.split_at_checked(length)?;
    Some((tag, contents, behind))
}

pub fn encode(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
    let mut bytes = vec![tag, 0x84];
    bytes.extend(length);
    bytes.extend(contents);
    bytes
}

impl Message {
    /// Takes the first whole message off the bytes that came.
    pub fn take(bytes: &mut Vec<u8>) -> Option<Self> {
        let (_, contents, behind) = element(bytes)?;
        let (_, id, rest) = element(contents)?;
        let (tag, body, controls) = element(rest)?;
        let message = Self { id: encode(0x02, id), tag, body: body.to_vec(), controls: controls.to_vec() };
        *bytes = behind.to_vec();
        Some(message)
    }

    pub fn bytes(&self) -> Vec<u8> {
        encode(0x30, &[self.id.clone(), encode(self.tag, &self.body), self.controls.clone()].concat())
    }

    pub fn is_paged(&self) -> bool {
        self.controls.windows(PAGED_RESULTS.len()).any(|window| window == PAGED_RESULTS)
    }

    pub fn holds(&self, cookie: &[u8]) -> bool {
        self.controls.windows(cookie.len()).any(|window| window == cookie)
    }

    /// The end of a search that went well, with more to come.
    pub fn done_with_cookie(id: &[u8], cookie: &[u8]) -> Self {
        let value = encode(0x30, &[encode(0x02, &[0]), encode(0x04, cookie)].concat());
        let control = encode(0x30, &[encode(0x04, PAGED_RESULTS), encode(0x04, &value)].concat());
        let body = [encode(0x0a, &[0]), encode(0x04, b""), encode(0x04, b"")].concat();
        Self { id: id.to_vec(), tag: DONE, body, controls: encode(CONTROLS, &control) }
    }

    /// A part of the answer that another server holds.
    pub fn reference(id: &[u8]) -> Self {
        let body = encode(0x04, b"ldap://apac.acme.example/ou=People,dc=apac");
        Self { id: id.to_vec(), tag: REFERENCE, body, controls: vec![] }
    }

    /// Replaces a text by another of the same length, wherever it stands.
    pub fn replace(&mut self, from: &[u8], to: &[u8]) {
        assert_eq!(from.len(), to.len());
        while let Some(at) = self.body.windows(from.len()).position(|window| window == from) {
            self.body[at..at + to.len()].copy_from_slice(to);
        }
    }

    /// Gives an attribute of an entry another name, which may have another length.
    pub fn rename(&mut self, from: &[u8], to: &[u8]) {
        let (dn_tag, dn, behind) = element(&self.body).unwrap();
        let (list_tag, mut list, _) = element(behind).unwrap();
        let mut attributes = Vec::new();
        while let Some((tag, attribute, rest)) = element(list) {
            let (name_tag, name, values) = element(attribute).unwrap();
            let name = if name == from { to } else { name };
            attributes.extend(encode(tag, &[encode(name_tag, name), values.to_vec()].concat()));
            list = rest;
        }
        self.body = [encode(dn_tag, dn), encode(list_tag, &attributes)].concat();
    }
}
