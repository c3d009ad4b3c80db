//! Email addresses (RFC 5321, with RFC 6531's UTF-8), compared without regard to case and with ASCII domains (IDNA).

use std::borrow::Cow;

use email_address::{EmailAddress, Options};
use thiserror::Error;

/// Longest address that can be delivered to, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL: usize = 254;

/// Why a text is no address to write. No variant holds the address (L20).
#[derive(Clone, Copy, Debug, Eq, Error, Ord, PartialEq, PartialOrd)]
pub enum EmailFault {
    /// It is longer than an address can be.
    #[error("it is longer than 254 bytes")]
    TooLong,
    /// It is not of the form `local@domain`.
    #[error("it is not of the form local@domain")]
    Malformed,
    /// It lies under `.invalid` (RFC 2606), where no mail arrives and where addresses are parked (L11).
    #[error("it lies under .invalid, where no mail arrives")]
    Reserved,
}

/// Checks an address that is to be written; trimmed, but otherwise as the directory spells it.
pub fn check_email(text: &str) -> Result<&str, EmailFault> {
    let text = text.trim();
    if text.len() > MAX_EMAIL {
        return Err(EmailFault::TooLong);
    }
    let options = Options::default().without_display_text().without_domain_literal().with_required_tld();
    EmailAddress::parse_with_options(text, options).map_err(|_fault| EmailFault::Malformed)?;
    let domain = domain_of(text).ok_or(EmailFault::Malformed)?;
    if domain == "invalid" || domain.ends_with(".invalid") {
        return Err(EmailFault::Reserved);
    }
    Ok(text)
}

/// The domain of an address: lower-case ASCII (IDNA), without a final dot; `None` where there is none.
pub fn domain_of(email: &str) -> Option<String> {
    let (_, domain) = email.trim().rsplit_once('@')?;
    Some(canonical_domain(domain)).filter(|domain| !domain.is_empty())
}

/// The form in which two spellings of one address are the same: trimmed, lower-case, its domain in ASCII (IDNA).
/// Borrows when the text has that form.
pub fn canonical_email(text: &str) -> Cow<'_, str> {
    if is_canonical(text) { Cow::Borrowed(text) } else { Cow::Owned(folded(text)) }
}

/// Whether folding would change nothing: a quick look that most addresses pass.
fn is_canonical(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && !b.is_ascii_uppercase();
    text.len() <= MAX_EMAIL
        && text.bytes().all(plain)
        && text.rsplit_once('@').is_some_and(|(_, domain)| !domain.ends_with('.') && !domain.contains("xn--"))
}

fn folded(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once('@') {
        Some((local, domain)) if text.len() <= MAX_EMAIL => {
            let local = super::canonical_text(local).to_lowercase();
            format!("{}@{}", super::canonical_text(&local), canonical_domain(domain))
        }
        Some(_) | None => super::canonical_text(&super::canonical_text(text).to_lowercase()).into_owned(),
    }
}

fn canonical_domain(domain: &str) -> String {
    let domain = domain.trim().trim_end_matches('.');
    if domain.is_ascii() && !domain.to_ascii_lowercase().contains("xn--") {
        return domain.to_ascii_lowercase();
    }
    idna::domain_to_ascii(domain).unwrap_or_else(|_not_a_domain| domain.to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn l14_the_quick_look_changes_nothing(text in "[a-zA-Z.@ xn-]{0,12}|\\PC{0,8}@\\PC{0,8}") {
            prop_assert_eq!(canonical_email(&text).into_owned(), folded(&text));
        }
    }

    #[test]
    fn accepts_addresses_as_directories_spell_them() {
        for (text, canonical) in [
            (" Eva.Lind@Acme.Example ", "eva.lind@acme.example"),
            ("o'brien+kdesk@acme.example", "o'brien+kdesk@acme.example"),
            ("eva@bücher.example", "eva@xn--bcher-kva.example"),
            ("EVA@XN--BCHER-KVA.EXAMPLE", "eva@xn--bcher-kva.example"),
        ] {
            assert_eq!(check_email(text).unwrap(), text.trim());
            assert_eq!(canonical_email(text), canonical);
        }
    }

    #[test]
    fn rejects_what_no_mail_reaches() {
        for text in [
            "",
            "eva",
            "eva@",
            "@acme.example",
            "eva@localhost",
            "Eva <eva@acme.example>",
            "a@b@c",
            "eva@[10.0.0.1]",
            "e va@acme.example",
        ] {
            assert_eq!(check_email(text), Err(EmailFault::Malformed), "{text}");
        }
        assert_eq!(check_email("eva@parked.Invalid"), Err(EmailFault::Reserved));
        assert_eq!(check_email(&format!("{}@acme.example", "a".repeat(10_000))), Err(EmailFault::TooLong));
    }
}
