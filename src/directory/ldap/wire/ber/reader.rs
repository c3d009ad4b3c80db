//! Reading without copying.

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
