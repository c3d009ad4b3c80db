//! Distinguished names as text to compare by: RFC 4514 in, one canonical spelling out.
//!
//! Two spellings of one name become the same text, so that a group's `member` finds its person. What a name means, and
//! whether there is such an entry, is left to the directory that asks.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Bytes;

use thiserror::Error;

/// A text that is no distinguished name. It holds a place and a rule, never the name: names of entries are people's.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("no distinguished name (RFC 4514): {reason}, at byte {at}")]
pub struct DnError {
    /// Byte offset in the text, from 0.
    pub at: usize,
    /// The rule that is broken.
    pub reason: &'static str,
}

/// The one spelling of a distinguished name that all its spellings share (RFC 4514, with RFC 2253's `;` and quoted
/// values tolerated): lower case, no insignificant spaces (RFC 4518 section 2.6.1), hex pairs decoded, special
/// characters as hex pairs, parts of a multi-valued RDN sorted. For comparing, not for showing or sending.
///
/// An unescaped comma in the result always parts two RDNs, which is what [`is_under`] rests on.
pub fn normalize(dn: &str) -> Result<String, DnError> {
    let mut parser = Parser { rest: dn.bytes().peekable(), at: 0 };
    let mut normal = String::with_capacity(dn.len());
    parser.skip_spaces();
    if parser.rest.peek().is_none() {
        return Ok(normal);
    }
    loop {
        parser.rdn(&mut normal)?;
        match parser.next() {
            None => return Ok(normal),
            Some(b',' | b';') => normal.push(','),
            Some(_) => return Err(parser.error("a comma must part one name from the next")),
        }
    }
}

/// Whether a name is `base` or lies below it; both as [`normalize`] gives them. Everything lies below the empty name.
pub fn is_under(dn: &str, base: &str) -> bool {
    base.is_empty() || dn.strip_suffix(base).is_some_and(|above| above.is_empty() || above.ends_with(','))
}

struct Parser<'a> {
    rest: Peekable<Bytes<'a>>,
    at: usize,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<u8> {
        self.at += 1;
        self.rest.next()
    }

    fn next_if(&mut self, wanted: impl FnOnce(u8) -> bool) -> Option<u8> {
        let byte = self.rest.next_if(|byte| wanted(*byte))?;
        self.at += 1;
        Some(byte)
    }

    fn error(&self, reason: &'static str) -> DnError {
        DnError { at: self.at.saturating_sub(1), reason }
    }

    fn skip_spaces(&mut self) {
        while self.next_if(|byte| byte == b' ').is_some() {}
    }

    /// One RDN: a part, or several joined by `+`, whose order means nothing.
    fn rdn(&mut self, normal: &mut String) -> Result<(), DnError> {
        let first = self.part()?;
        if self.next_if(|byte| byte == b'+').is_none() {
            normal.push_str(&first);
            return Ok(());
        }
        let mut parts = vec![first, self.part()?];
        while self.next_if(|byte| byte == b'+').is_some() {
            parts.push(self.part()?);
        }
        parts.sort_unstable();
        normal.push_str(&parts.join("+"));
        Ok(())
    }

    fn part(&mut self) -> Result<String, DnError> {
        self.skip_spaces();
        let mut part = String::new();
        while let Some(byte) = self.next_if(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')) {
            part.push(char::from(byte.to_ascii_lowercase()));
        }
        // RFC 2253 lets a number begin so; in any other name it is part of it.
        if part.strip_prefix("oid.").is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit())) {
            part.drain(..4);
        }
        if part.is_empty() {
            return Err(self.error("an attribute such as cn must come first"));
        }
        self.skip_spaces();
        if self.next() != Some(b'=') {
            return Err(self.error("= must follow the attribute"));
        }
        part.push('=');
        self.skip_spaces();
        if self.next_if(|byte| byte == b'#').is_some() {
            self.hex_value(&mut part)?;
        } else if self.next_if(|byte| byte == b'"').is_some() {
            canonical(&self.quoted_value()?, &mut part);
        } else {
            canonical(&self.plain_value()?, &mut part);
        }
        self.skip_spaces();
        Ok(part)
    }

    /// `#` and the BER encoding in hex: kept as such, for its type is not known here.
    fn hex_value(&mut self, part: &mut String) -> Result<(), DnError> {
        part.push('#');
        let start = part.len();
        while let Some(byte) = self.next_if(|byte| byte.is_ascii_hexdigit()) {
            part.push(char::from(byte.to_ascii_lowercase()));
        }
        let digits = part.len() - start;
        if digits == 0 || digits % 2 == 1 {
            return Err(self.error("# must be followed by pairs of hex digits"));
        }
        Ok(())
    }

    fn quoted_value(&mut self) -> Result<Vec<u8>, DnError> {
        let mut value = Vec::new();
        loop {
            match self.next() {
                None => return Err(self.error("a quoted value must be closed")),
                Some(b'"') => return Ok(value),
                Some(b'\\') => value.push(self.escaped()?),
                Some(byte) => value.push(byte),
            }
        }
    }

    fn plain_value(&mut self) -> Result<Vec<u8>, DnError> {
        let mut value = Vec::new();
        while let Some(byte) = self.next_if(|byte| !matches!(byte, b',' | b';' | b'+')) {
            value.push(if byte == b'\\' { self.escaped()? } else { byte });
        }
        Ok(value)
    }

    /// What stands after a backslash: a hex pair, or a character that stands for itself.
    fn escaped(&mut self) -> Result<u8, DnError> {
        let first = self.next().ok_or(self.error("a backslash must be followed by the character it escapes"))?;
        match hex_digit(first) {
            Some(high) => match self.next().and_then(hex_digit) {
                Some(low) => Ok(high << 4 | low),
                None => Err(self.error("a backslash and a hex digit must be followed by another")),
            },
            None if first.is_ascii_punctuation() || first == b' ' => Ok(first),
            None => Err(self.error("a backslash escapes special characters and hex pairs only")),
        }
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// A value under case-ignore matching. Bytes that are no UTF-8 stay apart as hex pairs.
fn canonical(value: &[u8], into: &mut String) {
    let start = into.len();
    let mut space = false;
    for chunk in value.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_whitespace() {
                space = true;
                continue;
            }
            part_words(&mut space, start, into);
            if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '#' | '=') || c.is_ascii_control() {
                push_hex(u8::try_from(c).unwrap_or_default(), into);
            } else {
                into.extend(c.to_lowercase());
            }
        }
        for byte in chunk.invalid() {
            part_words(&mut space, start, into);
            push_hex(*byte, into);
        }
    }
}

/// Writes one space between words, and none before the first.
fn part_words(space: &mut bool, start: usize, into: &mut String) {
    if std::mem::take(space) && into.len() > start {
        into.push(' ');
    }
}

fn push_hex(byte: u8, into: &mut String) {
    #[expect(clippy::let_underscore_must_use, reason = "writing to a String cannot fail")]
    let _ = write!(into, "\\{byte:02x}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(one: &str, other: &str) {
        assert_eq!(normalize(one).unwrap(), normalize(other).unwrap(), "{one} and {other}");
    }

    fn differ(one: &str, other: &str) {
        assert_ne!(normalize(one).unwrap(), normalize(other).unwrap(), "{one} and {other}");
    }

    #[test]
    fn spellings_of_one_name_are_one() {
        same("CN=Ann Berg,OU=Sales,DC=acme,DC=example", "cn=ann  berg , ou = SALES;dc=acme,dc=Example");
        same("cn=Berg\\, Ann,o=a", "cn=\"Berg, Ann\",o=a");
        same("cn=Berg\\2C Ann,o=a", "cn=Berg\\, Ann,o=a");
        same("cn=J\\C3\\B6rg,o=a", "CN=JÖRG,O=A");
        same("cn=a+uid=7,o=x", "uid=7 + cn=A,o=x");
        same("cn=\\ a\\ ,o=x", "cn=a,o=x");
        same("OID.2.5.4.3=a", "2.5.4.3=a");
        same("cn=#04024869", "CN=#04024869");
        same("", "  ");
    }

    #[test]
    fn a_normal_form_is_its_own() {
        for text in ["oid.oid.2.5.4.3=a", "oid.cn=a", "oid.=a"] {
            let normal = normalize(text).unwrap();
            assert_eq!(normalize(&normal).unwrap(), normal, "{text}");
        }
    }

    #[test]
    fn names_that_differ_stay_apart() {
        differ("cn=a\\,ou=b,o=x", "cn=a,ou=b,o=x");
        differ("cn=a\\+b=c", "cn=a+b=c");
        differ("cn=\\#04024869", "cn=#04024869");
        differ("cn=\\ff", "cn=\\fe");
        differ("cn=ab", "cn=a b");
    }

    #[test]
    fn under_is_decided_at_whole_names() {
        let under = |dn: &str, base: &str| is_under(&normalize(dn).unwrap(), &normalize(base).unwrap());
        assert!(under("cn=a,OU=Sales,dc=x", "ou=sales, dc=x"));
        assert!(under("ou=sales,dc=x", "ou=sales,dc=x"));
        assert!(under("cn=a", ""));
        assert!(!under("cn=a,ou=presales,dc=x", "ou=ales,dc=x"));
        assert!(!under("cn=a\\,ou=sales,dc=x", "ou=sales,dc=x"));
        assert!(!under("ou=sales,dc=x", "cn=a,ou=sales,dc=x"));
    }

    #[test]
    fn rejects_what_is_no_name_without_telling_it() {
        for text in
            ["cn", "cn=a,", "=a", "cn=a\\", "cn=a\\zz", "cn=a\\4", "cn=\"a", "cn=\"a\"b", "cn=#4", ",cn=a", "cn=a+"]
        {
            let error = normalize(text).unwrap_err();
            assert!(error.to_string().starts_with("no distinguished name"), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_normal_form_is_its_own(text in "\\PC*|([a-c]=[ a-c\\\\,+\"#;=]{0,6},?){0,4}") {
            if let Ok(normal) = normalize(&text) {
                prop_assert_eq!(normalize(&normal).unwrap(), normal);
            }
        }
    }
}
