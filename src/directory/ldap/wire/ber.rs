//! BER as LDAP uses it (RFC 4511 section 5.1): definite lengths, one-byte tags, octet strings in one piece.
//!
//! Reading borrows from the bytes and copies nothing. It never recurses: what is inside an element is read by whoever
//! expects something there, so nesting costs an attacker bytes and us nothing.

/// Universal tags.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The five bits of a tag that say that its number follows, which LDAP has no use for.
const LONG_TAG: u8 = 0x1f;
/// More bytes of length than any message can have.
const MAX_LENGTH_BYTES: usize = 8;

/// What is no BER, or not the BER that was expected here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Malformed;

/// Reads elements one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next element's tag; `None` at the end.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element: its tag and its contents.
    pub(crate) fn next(&mut self) -> Result<(u8, &'a [u8]), Malformed> {
        let (tag, length, rest) = head(self.rest)?.ok_or(Malformed)?;
        let (contents, rest) = rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok((tag, contents))
    }

    /// The contents of the next element, which must have this tag.
    #[inline]
    pub(crate) fn expect(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        // Nearly all that an entry is made of: two bytes of head.
        if let [first, length @ ..0x80, rest @ ..] = self.rest
            && *first == tag
            && let Some((contents, rest)) = rest.split_at_checked(usize::from(*length))
        {
            self.rest = rest;
            return Ok(contents);
        }
        let (found, contents) = self.next()?;
        if found == tag { Ok(contents) } else { Err(Malformed) }
    }

    /// The elements inside the next element, which must have this tag.
    pub(crate) fn enter(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.expect(tag).map(Self::new)
    }

    /// The next element as a number that is not negative.
    pub(crate) fn unsigned(&mut self, tag: u8) -> Result<u32, Malformed> {
        let digits = self.expect(tag)?;
        let (Some(first), ..=MAX_LENGTH_BYTES) = (digits.first(), digits.len()) else { return Err(Malformed) };
        if first & 0x80 != 0 {
            return Err(Malformed);
        }
        let number = digits.iter().fold(0_u64, |sum, digit| sum << 8 | u64::from(*digit));
        u32::try_from(number).map_err(|_large| Malformed)
    }

    /// The next element as text.
    pub(crate) fn text(&mut self, tag: u8) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.expect(tag)?).map_err(|_binary| Malformed)
    }
}

/// Tag, length and what follows them; `None` while too little has come to tell.
type Head<'a> = (u8, usize, &'a [u8]);

fn head(bytes: &[u8]) -> Result<Option<Head<'_>>, Malformed> {
    let Some((&tag, rest)) = bytes.split_first() else { return Ok(None) };
    if tag & LONG_TAG == LONG_TAG {
        return Err(Malformed);
    }
    let Some((&first, rest)) = rest.split_first() else { return Ok(None) };
    if first < 0x80 {
        return Ok(Some((tag, usize::from(first), rest)));
    }
    let digits = usize::from(first & 0x7f);
    // 0x80 is the indefinite form.
    if digits == 0 || digits > MAX_LENGTH_BYTES {
        return Err(Malformed);
    }
    let Some((digits, rest)) = rest.split_at_checked(digits) else { return Ok(None) };
    let length = digits.iter().fold(0_u64, |sum, digit| sum << 8 | u64::from(*digit));
    Ok(Some((tag, usize::try_from(length).map_err(|_large| Malformed)?, rest)))
}

/// How many bytes the element takes that `bytes` begin with, as soon as enough have come to tell.
pub(crate) fn element_size(bytes: &[u8], tag: u8) -> Result<Option<usize>, Malformed> {
    if bytes.first().is_some_and(|first| *first != tag) {
        return Err(Malformed);
    }
    let Some((_, length, rest)) = head(bytes)? else { return Ok(None) };
    (bytes.len() - rest.len()).checked_add(length).map(Some).ok_or(Malformed)
}

/// Writes elements one after the other, each with the shortest length.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// An element whose contents are these bytes.
    pub(crate) fn put(&mut self, tag: u8, contents: &[u8]) {
        self.bytes.push(tag);
        let (digits, from) = length(contents.len());
        self.bytes.extend(digits.iter().skip(from));
        self.bytes.extend_from_slice(contents);
    }

    /// An element that holds what `inside` writes.
    pub(crate) fn nest(&mut self, tag: u8, inside: impl FnOnce(&mut Self)) {
        self.bytes.push(tag);
        let start = self.bytes.len();
        inside(self);
        let (digits, from) = length(self.bytes.len() - start);
        self.bytes.splice(start..start, digits.into_iter().skip(from));
    }

    /// A number in the fewest bytes that keep it from looking negative.
    pub(crate) fn unsigned(&mut self, tag: u8, number: u32) {
        let mut digits = [0; 5];
        for (place, byte) in digits.iter_mut().skip(1).zip(number.to_be_bytes()) {
            *place = byte;
        }
        let mut digits = digits.as_slice();
        while let [0, rest @ ..] = digits
            && rest.first().is_some_and(|next| *next < 0x80)
        {
            digits = rest;
        }
        self.put(tag, digits);
    }

    /// Elements that are BER already.
    pub(crate) fn raw(&mut self, elements: &[u8]) {
        self.bytes.extend_from_slice(elements);
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.put(BOOLEAN, &[if value { 0xff } else { 0 }]);
    }
}

/// The bytes of a length, and where in them it begins.
fn length(length: usize) -> ([u8; 9], usize) {
    let mut bytes = [0; 9];
    let digits = length.to_be_bytes();
    for (place, byte) in bytes.iter_mut().skip(9 - digits.len()).zip(digits) {
        *place = byte;
    }
    if length < 0x80 {
        return (bytes, 8);
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let count = 0x80 | u8::try_from(9 - zeros).unwrap_or(8);
    if let Some(place) = bytes.get_mut(zeros - 1) {
        *place = count;
    }
    (bytes, zeros - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_take_every_definite_form() {
        for (bytes, length) in [
            (&[4, 1, 7][..], 1),
            (&[4, 0x81, 1, 7], 1),
            // Active Directory always takes four bytes.
            (&[4, 0x84, 0, 0, 0, 1, 7], 1),
            (&[4, 0], 0),
        ] {
            assert_eq!(Reader::new(bytes).next().unwrap().1.len(), length);
            assert_eq!(element_size(bytes, 4), Ok(Some(bytes.len())));
        }
    }

    #[test]
    fn what_is_no_ber_of_ldap_is_refused() {
        for bytes in [
            &[][..],
            &[4],
            &[4, 2, 7],
            &[4, 0x82, 1],
            // Indefinite.
            &[0x24, 0x80, 4, 1, 7, 0, 0],
            // Longer than memory, and longer than a number.
            &[4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7],
            &[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7],
            &[4, 0xff],
            // A tag that goes on.
            &[0x1f, 0x81, 1, 0],
        ] {
            assert_eq!(Reader::new(bytes).next(), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0x24, 3, 4, 1, 7]).expect(OCTET_STRING), Err(Malformed));
        for number in [&[2, 0][..], &[2, 1, 0x80], &[2, 5, 1, 0, 0, 0, 0], &[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(Reader::new(number).unsigned(INTEGER), Err(Malformed), "{number:?}");
        }
        assert_eq!(Reader::new(&[2, 5, 0, 0xff, 0xff, 0xff, 0xff]).unsigned(INTEGER), Ok(u32::MAX));
    }

    #[test]
    fn the_size_of_an_element_is_told_as_soon_as_it_can_be() {
        assert_eq!(element_size(&[], SEQUENCE), Ok(None));
        assert_eq!(element_size(&[0x30], SEQUENCE), Ok(None));
        assert_eq!(element_size(&[0x30, 0x82, 1], SEQUENCE), Ok(None));
        assert_eq!(element_size(&[0x30, 0x82, 1, 0], SEQUENCE), Ok(Some(260)));
        assert_eq!(element_size(&[0x15], SEQUENCE), Err(Malformed));
        assert_eq!(element_size(&[0x30, 0x80], SEQUENCE), Err(Malformed));
        assert_eq!(element_size(&[&[0x30, 0x88][..], &[0xff; 8]].concat(), SEQUENCE), Err(Malformed));
    }

    #[test]
    fn a_million_levels_are_one_element() {
        let mut bytes = Vec::new();
        for _ in 0..1_000_000 {
            bytes.extend([0x30, 0x84, 0, 0, 0, 0]);
        }
        let mut reader = Reader::new(&bytes);
        while let Ok(contents) = reader.expect(SEQUENCE) {
            assert!(contents.is_empty());
        }
        assert!(reader.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut size = element_size(&bytes, bytes.first().copied().unwrap_or_default());
            let mut reader = Reader::new(&bytes);
            while let Ok((tag, contents)) = reader.next() {
                if let Ok(Some(size)) = std::mem::replace(&mut size, Ok(None)) {
                    prop_assert_eq!(bytes.len() - reader.rest.len(), size);
                }
                let mut inner = Reader::new(contents);
                let _text = inner.text(tag);
                let _number = inner.unsigned(INTEGER);
            }
        }

        #[test]
        fn what_is_written_is_read_back(
            number in any::<u32>(),
            contents in proptest::collection::vec(any::<u8>(), 0..70_000),
            flag in any::<bool>(),
        ) {
            let mut writer = Writer::default();
            writer.nest(SEQUENCE, |inside| {
                inside.unsigned(INTEGER, number);
                inside.nest(SET, |inside| inside.put(OCTET_STRING, &contents));
                inside.boolean(flag);
            });
            let bytes = writer.into_bytes();
            prop_assert_eq!(element_size(&bytes, SEQUENCE), Ok(Some(bytes.len())));
            let mut whole = Reader::new(&bytes);
            let mut inside = whole.enter(SEQUENCE).unwrap();
            prop_assert!(whole.is_empty());
            prop_assert_eq!(inside.unsigned(INTEGER), Ok(number));
            prop_assert_eq!(inside.enter(SET).unwrap().expect(OCTET_STRING), Ok(&contents[..]));
            prop_assert_eq!(inside.expect(BOOLEAN).unwrap() != [0], flag);
            prop_assert!(inside.is_empty());
            for cut in [1, 2, bytes.len() / 2, bytes.len() - 1] {
                prop_assert_eq!(Reader::new(&bytes[..cut]).next(), Err(Malformed));
            }
        }
    }
}
