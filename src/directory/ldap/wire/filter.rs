//! Search filters: from text (RFC 4515) to BER (RFC 4511 section 4.5.1.7).

use super::ber::{OCTET_STRING, SEQUENCE, Writer};

const AND: u8 = 0xa0;
const OR: u8 = 0xa1;
const NOT: u8 = 0xa2;
const EQUALS: u8 = 0xa3;
const SUBSTRINGS: u8 = 0xa4;
const AT_LEAST: u8 = 0xa5;
const AT_MOST: u8 = 0xa6;
const PRESENT: u8 = 0x87;
const LIKE: u8 = 0xa8;
const EXTENSIBLE: u8 = 0xa9;
const INITIAL: u8 = 0x80;
const ANY: u8 = 0x81;
const FINAL: u8 = 0x82;

/// Deeper than manifests may nest with our own filters around them; what reads is recursive.
const MAX_DEPTH: usize = 64;

/// A filter in BER; `None` when the text is no filter.
pub(crate) fn encode(text: &str) -> Option<Vec<u8>> {
    let mut writer = Writer::default();
    let rest = filter(text, &mut writer, MAX_DEPTH)?;
    rest.is_empty().then(|| writer.into_bytes())
}

/// Writes the filter that `text` begins with, and gives what follows it.
fn filter<'a>(text: &'a str, writer: &mut Writer, depth: usize) -> Option<&'a str> {
    let depth = depth.checked_sub(1)?;
    let inside = text.strip_prefix('(')?;
    let rest = match inside.as_bytes().first()? {
        b'&' => list(inside.get(1..)?, writer, AND, depth)?,
        b'|' => list(inside.get(1..)?, writer, OR, depth)?,
        b'!' => {
            let mut rest = None;
            writer.nest(NOT, |inner| rest = inside.get(1..).and_then(|text| filter(text, inner, depth)));
            rest?
        }
        _ => {
            let (item, _) = inside.split_once(')')?;
            write_item(item, writer)?;
            inside.get(item.len()..)?
        }
    };
    rest.strip_prefix(')')
}

fn list<'a>(text: &'a str, writer: &mut Writer, tag: u8, depth: usize) -> Option<&'a str> {
    let mut rest = Some(text);
    writer.nest(tag, |inner| {
        while let Some(next) = rest.filter(|text| text.starts_with('(')) {
            rest = filter(next, inner, depth);
        }
    });
    rest
}

fn write_item(item: &str, writer: &mut Writer) -> Option<()> {
    let (left, value) = item.split_once('=')?;
    if let Some(left) = left.strip_suffix(':') {
        return extensible(left, value, writer);
    }
    let (tag, attribute) = match left.as_bytes().last()? {
        b'>' => (AT_LEAST, left.strip_suffix('>')?),
        b'<' => (AT_MOST, left.strip_suffix('<')?),
        b'~' => (LIKE, left.strip_suffix('~')?),
        _ if value == "*" => {
            writer.put(PRESENT, description(left)?.as_bytes());
            return Some(());
        }
        _ if value.contains('*') => return substrings(left, value, writer),
        _ => (EQUALS, left),
    };
    let (attribute, value) = (description(attribute)?, unescape(value)?);
    writer.nest(tag, |inner| {
        inner.put(OCTET_STRING, attribute.as_bytes());
        inner.put(OCTET_STRING, &value);
    });
    Some(())
}

fn substrings(attribute: &str, value: &str, writer: &mut Writer) -> Option<()> {
    let attribute = description(attribute)?;
    let parts = value.split('*').map(unescape).collect::<Option<Vec<_>>>()?;
    let [first, middle @ .., last] = parts.as_slice() else { return None };
    if middle.iter().any(Vec::is_empty) {
        return None;
    }
    writer.nest(SUBSTRINGS, |inner| {
        inner.put(OCTET_STRING, attribute.as_bytes());
        inner.nest(SEQUENCE, |inner| {
            if !first.is_empty() {
                inner.put(INITIAL, first);
            }
            for part in middle {
                inner.put(ANY, part);
            }
            if !last.is_empty() {
                inner.put(FINAL, last);
            }
        });
    });
    Some(())
}

/// `attribute:dn:rule:=value`, where `:dn` and one of the others may be left out.
fn extensible(left: &str, value: &str, writer: &mut Writer) -> Option<()> {
    let mut parts = left.split(':');
    let attribute = parts.next().filter(|attribute| !attribute.is_empty());
    let mut rule = parts.next();
    let dn = rule.is_some_and(|rule| rule.eq_ignore_ascii_case("dn"));
    if dn {
        rule = parts.next();
    }
    if parts.next().is_some() || (attribute.is_none() && rule.is_none()) {
        return None;
    }
    let attribute = attribute.map(description).map_or(Some(None), |attribute| attribute.map(Some))?;
    if rule.is_some_and(|rule| !is_type(rule)) {
        return None;
    }
    let value = unescape(value)?;
    writer.nest(EXTENSIBLE, |inner| {
        if let Some(rule) = rule {
            inner.put(0x81, rule.as_bytes());
        }
        if let Some(attribute) = attribute {
            inner.put(0x82, attribute.as_bytes());
        }
        inner.put(0x83, &value);
        if dn {
            inner.put(0x84, &[0xff]);
        }
    });
    Some(())
}

/// An attribute description (RFC 4512 section 2.5): a type and options.
fn description(text: &str) -> Option<&str> {
    let mut parts = text.split(';');
    let kind = parts.next().is_some_and(is_type);
    let options = parts.all(|option| !option.is_empty() && option.bytes().all(in_keyword));
    (kind && options).then_some(text)
}

fn is_type(text: &str) -> bool {
    match text.bytes().next() {
        Some(first) if first.is_ascii_alphabetic() => text.bytes().all(in_keyword),
        Some(_) => text.split('.').all(|number| {
            let digits = number.bytes().all(|byte| byte.is_ascii_digit());
            !number.is_empty() && digits && (number.len() == 1 || !number.starts_with('0'))
        }),
        None => false,
    }
}

fn in_keyword(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// The bytes of a value, with `\2a` and the like made the bytes that they stand for.
fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        value.push(match byte {
            0 | b'(' | b')' | b'*' => return None,
            b'\\' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            plain => plain,
        });
    }
    Some(value)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::ber::Reader;
    use super::{EQUALS, OCTET_STRING, encode};

    /// The filters of RFC 4515 section 4, and others, with the BER that another client (ldap3) makes of them.
    #[test]
    fn makes_the_ber_that_others_make() {
        for (text, ber) in [
            ("(cn=Babs Jensen)", "a3110402636e040b42616273204a656e73656e"),
            ("(!(cn=Tim Howes))", "a211a30f0402636e040954696d20486f776573"),
            ("(mail=*)", "87046d61696c"),
            ("(o=univ*of*mich*)", "a41504016f30108004756e697681026f6681046d696368"),
            (
                "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
                "a037a315040b6f626a656374436c6173730406506572736f6ea11ea30c0402736e04064a656e73656ea40e0402636e3008800642616273204a",
            ),
            ("(seeAlso=)", "a30b0407736565416c736f0400"),
            ("(cn:caseExactMatch:=Fred)", "a91a810e6361736545786163744d617463688202636e830446726564"),
            ("(o:dn:=Ace)", "a90b82016f83034163658401ff"),
            ("(:1.2.3:=Wilma)", "a90e8105312e322e33830557696c6d61"),
            ("(sn:dn:2.4.6.8.10:=Barney)", "a91b810a322e342e362e382e31308202736e83064261726e65798401ff"),
            ("(bin=\\00\\00\\00\\04)", "a30b040362696e040400000004"),
            ("(a;lang-sv>=1)", "a50e0409613b6c616e672d7376040131"),
            ("(a<=1)", "a606040161040131"),
            ("(a~=1)", "a806040161040131"),
            ("(a=*b)", "a4080401613003820162"),
        ] {
            assert_eq!(hex::encode(encode(text).unwrap()), ber, "{text}");
        }
        assert_eq!(encode("(o:DN:=Ace)"), encode("(o:dn:=Ace)"));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "",
            "a=b",
            "(",
            "()",
            "(a)",
            "(=b)",
            "(a=b",
            "(a=b))",
            "(a=b)(c=d)",
            "(a=(b)",
            r"(a=\2)",
            r"(a=\zz)",
            "(a=\0)",
            "(a=**)",
            "(a=b**c)",
            "(a>=b*)",
            "(!)",
            "(!(a=b)(c=d))",
            "(& (a=b))",
            "(1a=b)",
            "(01.2=b)",
            "(a b=c)",
            "(a;=b)",
            "(:=b)",
            "(:dn:=b)",
            "(a:b:c:=d)",
            "(é=b)",
        ] {
            assert_eq!(encode(text), None, "{text}");
        }
        let deep = format!("{}(a=b){}", "(!".repeat(100_000), ")".repeat(100_000));
        assert_eq!(encode(&deep), None);
    }

    proptest! {
        #[test]
        fn any_value_comes_back_whole(value in any::<String>()) {
            let ber = encode(&super::super::super::filter::equals("cn", &value)).unwrap();
            let mut parts = Reader::new(&ber).enter(EQUALS).unwrap();
            prop_assert_eq!(parts.text(OCTET_STRING), Ok("cn"));
            prop_assert_eq!(parts.text(OCTET_STRING), Ok(value.as_str()));
        }

        #[test]
        fn any_text_is_a_filter_or_refused(text in r"\([()&|!a1.;:=<>~*\\2éx-]{0,20}\)") {
            if let Some(ber) = encode(&text) {
                let mut reader = Reader::new(&ber);
                prop_assert!(reader.next().is_ok() && reader.is_empty());
            }
        }
    }
}
