//! What Google's answers mean that are no success: its pace, and its refusals in sentences that say how to mend them
//! (developers.google.com/workspace/admin/directory/v1/limits).

use serde::Deserialize;

use super::auth::{GROUPS, USERS};
use crate::directory::web::{Web, wrong};
use crate::directory::{Error, ReadQuery};
use crate::net::api::{Answer, Pace};

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Refusal,
}

/// An error body, in the older form (`errors`) or the newer (`details`).
#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(default)]
    errors: Vec<Reason>,
    #[serde(default)]
    details: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    reason: Option<String>,
}

impl Refusal {
    pub(super) fn of(answer: &Answer) -> Self {
        serde_json::from_slice::<Body>(answer.error_body()).unwrap_or_default().error
    }

    /// Google's word for it; what is no bare word could be anything (L20).
    pub(super) fn reason(&self) -> Option<&str> {
        let of = |list: &'_ [Reason]| list.iter().position(|one| one.reason.is_some());
        let older = of(&self.errors).and_then(|place| self.errors.get(place));
        let newer = of(&self.details).and_then(|place| self.details.get(place));
        let reason = newer.or(older)?.reason.as_deref()?;
        is_word(reason).then_some(reason)
    }
}

impl Refusal {
    /// Whether it says that what was asked for is not there, and not that its domain is not.
    pub(super) fn is_missing(&self) -> bool {
        self.reason() == Some("notFound") && !self.speaks_of("domain")
    }

    fn speaks_of(&self, word: &str) -> bool {
        self.message.to_ascii_lowercase().contains(word)
    }
}

fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Limits of the rate come as 403 too; waiting helps. `dailyLimitExceeded` is no matter of minutes.
pub(super) fn pace(answer: &Answer) -> Pace {
    if answer.status != 403 {
        return Pace::Free;
    }
    match Refusal::of(answer).reason() {
        Some("userRateLimitExceeded" | "rateLimitExceeded" | "quotaExceeded" | "RATE_LIMIT_EXCEEDED") => {
            Pace::Throttled(None)
        }
        _ => Pace::Free,
    }
}

/// Part of the API, read under one scope.
#[derive(Debug)]
pub(super) struct Api {
    pub(super) web: Web,
    pub(super) part: Part,
    /// Whether a service account acts as an administrator.
    pub(super) delegated: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    People,
    Groups,
}

impl Api {
    /// What an answer that is no success says.
    pub(super) fn fault(&self, answer: &Answer) -> Error {
        let refusal = Refusal::of(answer);
        let reason = refusal.reason();
        let code = code(answer, reason);
        match (answer.status, reason) {
            (403, Some("dailyLimitExceeded")) => self.web.unavailable(format!(
                "{code}: the project's quota of today is used up: ask for more at Admin SDK API in the Google Cloud console"
            )),
            (403, reason) => self.web.denied(format!("{code}: {}", self.mend(reason))),
            (404, Some(_)) if refusal.speaks_of("domain not found") => {
                wrong("source.google.domain", format!("Google knows no such domain ({code}): check the spelling"))
            }
            (400, Some(_)) if refusal.speaks_of("customer") => {
                wrong("source.google.customer", format!("Google knows no such customer ({code}): check the id"))
            }
            _ => self.web.unavailable(format!("it answered {code}")),
        }
    }

    fn mend(&self, reason: Option<&str>) -> String {
        let (scope, privilege) = match self.part {
            Part::People => (USERS, "Users > Read"),
            Part::Groups => (GROUPS, "Groups > Read"),
        };
        match reason {
            Some("insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT") => format!(
                "the token lacks the scope {scope}: grant it to the service account's client id in the Admin console"
            ),
            Some("accessNotConfigured" | "SERVICE_DISABLED") => {
                "enable the Admin SDK API in the Google Cloud project of the service account".to_owned()
            }
            Some("domainCannotUseApis") => {
                "API access is turned off for this customer: turn it on in the Admin console".to_owned()
            }
            _ => {
                let who =
                    if self.delegated { "the administrator of source.google.subject" } else { "the service account" };
                format!(
                    "{who} may not read this: give it an administrator role with the privilege {privilege} for the Admin \
                     API, and check that what source.google and scope name is of its own customer"
                )
            }
        }
    }

    /// The same for an answer about the people of a query, whose own part may be what is refused.
    pub(super) fn fault_of(&self, query: &ReadQuery, answer: &Answer) -> Error {
        let refusal = Refusal::of(answer);
        let (400, Some(reason)) = (answer.status, refusal.reason()) else { return self.fault(answer) };
        let code = code(answer, Some(reason));
        if ["field selection", "schema", "field_mask"].iter().any(|word| refusal.speaks_of(word)) {
            let named = refusal.message.rsplit(' ').next().unwrap_or_default();
            let of = |name: &&String| name.split(['.', '[']).any(|step| step.eq_ignore_ascii_case(named));
            let name = query.attributes.iter().find(of).map_or_else(String::new, |name| format!(" {name}"));
            return wrong("mapping", format!("Google knows no such attribute{name} ({code}): check the spelling"));
        }
        if query.segment.is_some() && (refusal.speaks_of("ou_id") || refusal.speaks_of("org")) {
            let reason = format!("Google knows no such organizational unit ({code}): check the path");
            return wrong("scope.pattern.segment", reason);
        }
        if query.filter.is_some() {
            return wrong(
                "scope.pattern.filter",
                format!("Google does not understand this query ({code}): check its fields, operators and quotes"),
            );
        }
        self.fault(answer)
    }
}

/// Status and word of an answer.
fn code(answer: &Answer, reason: Option<&str>) -> String {
    reason.map_or_else(|| format!("HTTP {}", answer.status), |reason| format!("HTTP {}, {reason}", answer.status))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: u16, error: &Value) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: json!({"error": error}).to_string().into_bytes() }
    }

    fn paced(status: u16, reason: &str) -> Pace {
        pace(&answer(status, &json!({"code": status, "errors": [{"domain": "usageLimits", "reason": reason}]})))
    }

    #[test]
    fn limits_of_the_rate_are_waited_for_and_nothing_else() {
        for reason in ["userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded"] {
            assert_eq!(paced(403, reason), Pace::Throttled(None), "{reason}");
        }
        for reason in ["dailyLimitExceeded", "forbidden", "insufficientPermissions", ""] {
            assert_eq!(paced(403, reason), Pace::Free, "{reason}");
        }
        let newer = answer(403, &json!({"code": 403, "details": [{"reason": "RATE_LIMIT_EXCEEDED"}]}));
        assert_eq!(pace(&newer), Pace::Throttled(None));
        assert_eq!(pace(&Answer { body: b"<html>".to_vec(), ..newer }), Pace::Free);
    }

    #[test]
    fn l20_only_bare_words_are_told() {
        let told =
            |reason: &str| Refusal::of(&answer(403, &json!({"errors": [{"reason": reason}]}))).reason().is_some();
        assert!(told("forbidden") && told("SERVICE_DISABLED"));
        assert!(!told("ann@acme.example") && !told("Ann Berg") && !told(&"a".repeat(65)));
    }
}
