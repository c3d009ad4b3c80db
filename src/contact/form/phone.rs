//! Phone numbers: written in international form (E.164) where that is certain, compared by their digits.
//!
//! A number is international when it begins with `+` or `00`, or when the person's country says how it is dialled. All
//! others are written as the directory has them. Extensions stay, as `;ext=` (RFC 3966 section 5.3).

use std::borrow::Cow;

/// Longest text that is looked at as a number; longer ones are left alone.
const MAX_NUMBER: usize = 128;

/// A number as it is written: `+46812345678`, `+46812345678;ext=12`, or the directory's text with its white space
/// collapsed. `country` is the person's, an ISO 3166-1 alpha-2 code, if it is known.
pub fn written_phone(text: &str, country: Option<&str>) -> String {
    if is_international(text) {
        return text.to_owned();
    }
    international(text)
        .or_else(|| national(text, country?))
        .unwrap_or_else(|| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The form in which two spellings of one number are the same: the international form, else its letters and digits.
/// Borrows when the text has the former.
pub fn canonical_phone(text: &str) -> Cow<'_, str> {
    if is_international(text) { Cow::Borrowed(text) } else { Cow::Owned(folded(text)) }
}

/// Whether a text is just `+` and digits, as [`international`] writes them: a quick look that what is on a desk passes.
fn is_international(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| is_plausible(digits) && digits.bytes().all(|b| b.is_ascii_digit()))
}

fn is_plausible(digits: &str) -> bool {
    (7..=15).contains(&digits.len()) && !digits.starts_with('0')
}

fn folded(text: &str) -> String {
    international(text).unwrap_or_else(|| {
        let bare = strip_scheme(text.trim());
        let folded: String = bare.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        let other = bare.chars().any(|c| c.is_alphanumeric() && !c.is_ascii());
        // Words of other scripts, and a number of signs only, such as "#", are compared as text.
        if other || folded.is_empty() {
            super::canonical_text(text).split_whitespace().collect::<Vec<_>>().join(" ")
        } else {
            folded
        }
    })
}

/// The parts of a number as it is spelt.
struct Spelling<'a> {
    number: Cow<'a, str>,
    extension: Option<&'a str>,
}

fn international(text: &str) -> Option<String> {
    let spelling = spelling(text)?;
    let number = spelling.number.trim();
    let rest = number.strip_prefix('+').or_else(|| number.strip_prefix("00"))?;
    // "(0)" is the trunk prefix that callers from abroad leave out.
    let digits = digits(&rest.replacen("(0)", "", 1))?;
    is_plausible(&digits).then(|| with_extension(&format!("+{digits}"), spelling.extension))
}

fn national(text: &str, country: &str) -> Option<String> {
    let country = country.parse().ok()?;
    let spelling = spelling(text)?;
    let digits = digits(&spelling.number)?;
    let number = phonenumber::parse(Some(country), digits).ok().filter(phonenumber::PhoneNumber::is_valid)?;
    let e164 = format!("+{}{}", number.code().value(), number.national());
    Some(with_extension(&e164, spelling.extension))
}

fn with_extension(number: &str, extension: Option<&str>) -> String {
    extension.map_or_else(|| number.to_owned(), |extension| format!("{number};ext={extension}"))
}

/// The digits of a number that has nothing else but the usual punctuation (RFC 3966's visual separators, spaces, `/`).
fn digits(number: &str) -> Option<String> {
    let mut digits = String::with_capacity(number.len());
    for c in number.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | '.' | '(' | ')' | '/' | '\u{2010}'..='\u{2015}' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

/// Takes a `tel:` URI or a human spelling apart.
fn spelling(text: &str) -> Option<Spelling<'_>> {
    let text = text.trim();
    if text.len() > MAX_NUMBER {
        return None;
    }
    let mut parts = strip_scheme(text).split(';');
    let mut spelling = Spelling { number: Cow::Borrowed(parts.next()?), extension: None };
    for part in parts {
        match part.split_once('=') {
            Some(("ext", extension)) => spelling.extension = Some(extension_digits(extension)?),
            Some(("phone-context", context)) if context.starts_with('+') => {
                spelling.number = Cow::Owned(format!("{context}{}", spelling.number));
            }
            Some(_) | None => return None,
        }
    }
    if spelling.extension.is_none()
        && let Cow::Borrowed(number) = spelling.number
        && let Some((number, extension)) = split_extension(number)
    {
        spelling = Spelling { number: Cow::Borrowed(number), extension: Some(extension) };
    }
    Some(spelling)
}

fn strip_scheme(text: &str) -> &str {
    match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        Some(_) | None => text,
    }
}

/// `… ext. 12`, `… x12`, `… #12`.
fn split_extension(number: &str) -> Option<(&str, &str)> {
    let end = number.trim_end_matches(|c: char| c.is_ascii_digit());
    let extension = extension_digits(number.strip_prefix(end)?)?;
    let end = end.trim_end();
    let mark = ["extension", "ext.", "ext", "x", "#"].into_iter().find_map(|mark| {
        let at = end.len().checked_sub(mark.len())?;
        let (head, tail) = end.split_at_checked(at)?;
        tail.eq_ignore_ascii_case(mark).then_some(head)
    })?;
    Some((mark.trim_end().trim_end_matches(','), extension))
}

fn extension_digits(text: &str) -> Option<&str> {
    let text = text.trim();
    ((1..=15).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn l14_the_quick_look_changes_nothing(text in "[+]?[0-9]{0,17}|[+0-9 ()x.-]{0,12}") {
            prop_assert_eq!(canonical_phone(&text).into_owned(), folded(&text));
        }
    }

    #[test]
    fn writes_international_form_where_it_is_certain() {
        for (text, country, written) in [
            ("+46 (0)8-123 456 78", None, "+46812345678"),
            ("0046 8 123 456 78", None, "+46812345678"),
            ("tel:+46-8-12345678;ext=12", None, "+46812345678;ext=12"),
            ("TEL:8-12345678;phone-context=+46", None, "+46812345678"),
            ("+46 8 12345678 ext. 12", None, "+46812345678;ext=12"),
            ("+1 (650) 253-0000 x7", None, "+16502530000;ext=7"),
            ("08-123 456 78", Some("SE"), "+46812345678"),
            ("(650) 253-0000", Some("US"), "+16502530000"),
            ("08-123  456 78", None, "08-123 456 78"),
            ("+1 800 FLOWERS", None, "+1 800 FLOWERS"),
            ("1234", Some("SE"), "1234"),
            ("ask at  the desk", Some("SE"), "ask at the desk"),
            ("08-123 456 78", Some("XX"), "08-123 456 78"),
        ] {
            assert_eq!(written_phone(text, country), written, "{text}");
        }
    }

    #[test]
    fn l14_spellings_of_one_number_are_the_same() {
        let same = ["+46812345678", "+46 8 123 456 78", "0046-8-12345678", "tel:+46-8-123-456-78", "+46 (0)8 12345678"];
        for text in same {
            assert_eq!(canonical_phone(text), "+46812345678");
        }
        assert_eq!(canonical_phone("08-123 456"), canonical_phone("08 123456"));
        assert_ne!(canonical_phone("+46812345678"), canonical_phone("+46812345678 x1"));
    }
}
