//! How one text is written into a field, or why it cannot be.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::contact::form::{canonical_text, check_email, country_code, domain_of, written_phone};
use crate::contact::{Field, FieldKind};
use crate::person::error::Problem;

/// Longest text that is looked at at all, in bytes; notes may be as long.
const MAX_TEXT: usize = 64 * 1024;
/// Longest text of any other field, in bytes.
const MAX_LINE: usize = 1024;

/// `spec.emailDomains` in canonical form.
pub(in crate::person) type Domains = HashSet<String>;

/// What writing a text depends on besides the field.
#[derive(Clone, Copy)]
pub(super) struct Form<'a> {
    /// The person's country, an ISO 3166-1 alpha-2 code, where it is known.
    pub(super) country: Option<&'a str>,
    /// The domains that the directory may speak for, where they are limited.
    pub(super) domains: Option<&'a Domains>,
}

impl Form<'_> {
    /// The text as it is written; `None` for blank text, which is absent.
    pub(super) fn written(self, field: &Field, raw: &str) -> Result<Option<String>, Problem> {
        if raw.len() > MAX_TEXT {
            return Err(Problem::TooLong { limit: limit(field) });
        }
        let text = canonical_text(raw);
        if text.is_empty() {
            return Ok(None);
        }
        let lines = matches!(field, Field::Notes | Field::Street);
        if text.chars().any(|c| c.is_control() && !(lines && matches!(c, '\n' | '\t'))) {
            return Err(Problem::ControlCharacter);
        }
        let text = match field.kind() {
            FieldKind::Text => text,
            FieldKind::Email => Cow::Borrowed(self.email(field, raw)?),
            FieldKind::Phone => Cow::Owned(written_phone(&text, self.country)),
            FieldKind::Country => Cow::Borrowed(country_code(&text).ok_or(Problem::UnknownCountry)?),
            FieldKind::Flag => return Err(Problem::NotFlag),
        };
        if text.len() > limit(field) {
            return Err(Problem::TooLong { limit: limit(field) });
        }
        Ok(Some(text.into_owned()))
    }

    /// The address as the directory spells it. The sign-in key must lie in a domain that the directory may speak for.
    fn email<'t>(self, field: &Field, raw: &'t str) -> Result<&'t str, Problem> {
        let email = check_email(raw).map_err(Problem::Email)?;
        let ours = |domains: &Domains| domain_of(email).is_some_and(|domain| domains.contains(&domain));
        if *field == Field::Email && !self.domains.is_none_or(ours) {
            return Err(Problem::ForeignDomain);
        }
        Ok(email)
    }
}

fn limit(field: &Field) -> usize {
    if *field == Field::Notes { MAX_TEXT } else { MAX_LINE }
}
