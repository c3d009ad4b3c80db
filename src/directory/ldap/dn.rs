//! Distinguished names (RFC 4514) in a form that can be compared: case, escapes, quotes and needless spaces removed.
//!
//! Both sides of every comparison come from one server, so what matters is that one name spelt in two ways compares
//! equal and two names never do. Matching rules of single attributes are not known here: every value is compared
//! without regard to case, as the attributes used in names are (RFC 4519). Unicode forms (NFC, NFD) are left as they are.

use std::fmt::Write as _;

/// A distinguished name, each part in canonical form, the innermost first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Dn(Vec<String>);

/// 128 bits of a name's BLAKE3 hash, for sets of members: 16 bytes instead of the whole name. Two names that collided
/// would count one person's membership for the other; among a billion names that has a chance of about 1 in 10^21, and
/// making such a pair on purpose takes 2^64 tries.
pub(super) type DnHash = [u8; 16];

impl Dn {
    /// Reads a name. `None` when it is not one.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return Some(Self(Vec::new()));
        }
        split(text, &[',', ';'])?.into_iter().map(canonical_rdn).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether this name is `base` or lies below it.
    pub(super) fn is_under(&self, base: &Self) -> bool {
        self.0.ends_with(&base.0)
    }

    /// The hash of the canonical form.
    pub(super) fn hash(&self) -> DnHash {
        let mut hasher = blake3::Hasher::new();
        for part in &self.0 {
            hasher.update(part.as_bytes());
            hasher.update(&[0xff]);
        }
        let mut hash = DnHash::default();
        hasher.finalize_xof().fill(&mut hash);
        hash
    }
}

/// Cuts at unescaped, unquoted separators. `None` where an escape or a quote is left open.
fn split<'a>(text: &'a str, separators: &[char]) -> Option<Vec<&'a str>> {
    let (mut parts, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            c if !quoted && separators.contains(&c) => {
                parts.push(text.get(start..at)?);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (!quoted && !escaped).then_some(parts)
}

/// One part of a name; the pairs of a part with several (`cn=x+ou=y`) may stand in any order.
fn canonical_rdn(rdn: &str) -> Option<String> {
    let mut pairs = split(rdn, &['+'])?.into_iter().map(canonical_pair).collect::<Option<Vec<_>>>()?;
    pairs.sort();
    Some(pairs.join("+"))
}

fn canonical_pair(pair: &str) -> Option<String> {
    let (attribute, value) = pair.split_once('=')?;
    let attribute = attribute.trim().to_ascii_lowercase();
    let known = attribute.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';'));
    if attribute.is_empty() || !known {
        return None;
    }
    let mut pair = attribute;
    pair.push('=');
    push_value(&mut pair, &unescape(value)?);
    Some(pair)
}

/// The value behind escapes and quotes, as bytes: `\C3\A9` is two bytes of one character. Unescaped spaces around it
/// are not part of it.
fn unescape(value: &str) -> Option<Vec<u8>> {
    let value = value.trim_start_matches(' ');
    let mut bytes = Vec::with_capacity(value.len());
    let mut significant = 0;
    let mut rest = value.bytes().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let next = rest.next()?;
                match (hex_digit(next), rest.peek().copied().and_then(hex_digit)) {
                    (Some(high), Some(low)) => {
                        rest.next();
                        bytes.push(high << 4 | low);
                    }
                    _ => bytes.push(next),
                }
                significant = bytes.len();
            }
            b'"' => {}
            b' ' => bytes.push(byte),
            _ => {
                bytes.push(byte);
                significant = bytes.len();
            }
        }
    }
    bytes.truncate(significant);
    Some(bytes)
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Writes a value so that it can hold no separator: lower case, runs of spaces as one (RFC 4518 section 2.6.1), and `+`
/// or bytes that are no text in hex.
fn push_value(to: &mut String, value: &[u8]) {
    for chunk in value.utf8_chunks() {
        let mut space = false;
        for c in chunk.valid().chars() {
            match c {
                ' ' if space => {}
                '+' | '\\' => to.extend(['\\', c]),
                c if c.is_ascii() => to.push(c.to_ascii_lowercase()),
                c => to.extend(c.to_lowercase()),
            }
            space = c == ' ';
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            if write!(to, "\\{byte:02x}").is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dn;

    fn same(left: &str, right: &str) -> bool {
        let (left, right) = (Dn::parse(left).unwrap(), Dn::parse(right).unwrap());
        assert_eq!(left == right, left.hash() == right.hash());
        left == right
    }

    #[test]
    fn one_name_in_two_spellings_is_equal() {
        assert!(same("CN=Ann Lee,DC=acme", "cn=ann  lee , dc=ACME"));
        assert!(same(r"cn=Lee\, Ann,dc=acme", r"cn=Lee\2C Ann,dc=acme"));
        assert!(same(r#"cn="Lee, Ann",dc=acme"#, r"cn=Lee\, Ann,dc=acme"));
        assert!(same(r"cn=Ren\C3\A9,dc=acme", "CN=RENÉ,dc=acme"));
        assert!(same(r#"cn=Jan \"JJ\" J,dc=acme"#, r"cn=Jan \22JJ\22 J,dc=acme"));
        assert!(same("cn=a+ou=b,dc=x", "ou=B+cn=A,dc=x"));
        assert!(same(r"cn=a\ ,dc=x", r"cn=a\20,dc=x"));
    }

    #[test]
    fn two_names_are_never_equal() {
        assert!(!same("cn=ann,dc=acme", "cn=anne,dc=acme"));
        assert!(!same(r"cn=a\,dc\=b,dc=acme", "cn=a,dc=b,dc=acme"));
        assert!(!same(r"cn=a\+ou\=b,dc=x", "cn=a+ou=b,dc=x"));
        assert!(!same("cn=a,dc=x", "uid=a,dc=x"));
        assert!(!same(r"cn=\ff,dc=x", r"cn=\\ff,dc=x"));
    }

    #[test]
    fn knows_what_lies_below() {
        let base = Dn::parse(r"ou=Sales\, EMEA,dc=acme,dc=example").unwrap();
        let under = |text| Dn::parse(text).unwrap().is_under(&base);
        assert!(under(r#"uid=ann,OU="sales, emea",DC=Acme,DC=Example"#));
        assert!(under(r"ou=Sales\2c EMEA,dc=acme,dc=example"));
        assert!(!under("uid=ann,ou=EMEA,dc=acme,dc=example"));
        assert!(!under("dc=acme,dc=example"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["sales", "cn=a,", "=a", r"cn=a\", r#"cn="a"#, "c n=a"] {
            assert_eq!(Dn::parse(text), None, "{text}");
        }
    }
}
