//! What Okta's errors mean, and how to mend them. Of its words only the code passes (L20):
//! developer.okta.com/docs/reference/error-codes.

use http::header::WWW_AUTHENTICATE;
use serde::Deserialize;

use super::client::{Okta, SignIn};
use crate::directory::{Error, ResolvedGroup, web};
use crate::net::api::Answer;

/// Nothing has this id.
const NOT_FOUND: &str = "E0000007";
/// An expression, or the cursor of a page, that is not understood.
const INVALID_SEARCH: &str = "E0000031";

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum What<'a> {
    /// Users.
    Users,
    /// Users, narrowed by the scope's own expression.
    Search,
    /// Groups.
    Groups,
    /// This group, or who is in it.
    Group(&'a ResolvedGroup),
}

impl What<'_> {
    fn scope(self) -> &'static str {
        match self {
            Self::Users | Self::Search => "okta.users.read",
            Self::Groups | Self::Group(_) => "okta.groups.read",
        }
    }

    fn permission(self) -> &'static str {
        match self {
            Self::Users | Self::Search => "View users and their details",
            Self::Groups | Self::Group(_) => "View groups and their details",
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    error_code: String,
}

/// Okta's code of an error: a letter and digits, else it could be anything.
fn code(answer: &Answer) -> Option<String> {
    let Body { error_code } = serde_json::from_slice(answer.error_body()).ok()?;
    let digits = error_code.strip_prefix('E')?;
    ((4..=10).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())).then_some(error_code)
}

/// Whether it says that nothing has the id that was asked for. Nothing less makes anybody gone (L3).
pub(super) fn is_gone(answer: &Answer) -> bool {
    answer.status == 404 && code(answer).as_deref() == Some(NOT_FOUND)
}

/// The error that an answer is. `first`: it was asked for in our own words, not over a link.
pub(super) fn fault(okta: &Okta, answer: &Answer, what: What<'_>, first: bool) -> Error {
    let code = code(answer);
    let told = match &code {
        Some(code) => format!("HTTP {}, {code}", answer.status),
        None => format!("HTTP {}", answer.status),
    };
    match (answer.status, code.as_deref(), what) {
        (401, _, _) => okta.web.denied(format!("{told}: {}", unknown(okta.sign_in))),
        (403, _, _) => okta.web.denied(format!("{told}: {}", forbidden(okta.sign_in, answer, what))),
        (404, Some(NOT_FOUND), What::Group(group)) => {
            Error::GroupNotFound { field: super::SCOPE.to_owned(), group: group.handle.clone() }
        }
        (404, _, _) if !first => okta.web.incomplete(format!("the next page is not there ({told})")),
        (404, _, _) => okta.web.unavailable(format!("{told}: check source.okta.orgURL")),
        (400 | 410, _, _) if !first => okta
            .web
            .incomplete(format!("the way to the next page is no longer known ({told}): the next run starts anew")),
        (400, code, What::Search) => {
            let understood = if code == Some(INVALID_SEARCH) { "does not understand it" } else { "refuses it" };
            let reason = format!(
                "Okta {understood} ({told}): it must be a search expression with names such as profile.department and \
                 the operators eq, sw, gt, ge, lt, le, pr, and, or"
            );
            web::wrong(super::FILTER, reason)
        }
        _ => okta.web.unavailable(format!("it answered {told}")),
    }
}

fn unknown(sign_in: SignIn) -> &'static str {
    match sign_in {
        SignIn::ApiToken => {
            "the API token is wrong, expired (30 days without use) or revoked, or the administrator who made it is \
             deactivated: make a new one"
        }
        SignIn::PrivateKey => {
            "the access token is not taken: check that source.okta.orgURL is the organization of the application, and \
             that the application does not ask for DPoP"
        }
    }
}

fn forbidden(sign_in: SignIn, answer: &Answer, what: What<'_>) -> String {
    let lacks_scope =
        answer.header(&WWW_AUTHENTICATE).is_some_and(|challenge| challenge.contains("insufficient_scope"));
    let (scope, permission) = (what.scope(), what.permission());
    match sign_in {
        SignIn::PrivateKey if lacks_scope => format!("grant the application the scope {scope} (Okta API Scopes)"),
        SignIn::PrivateKey => format!(
            "give the application an administrator role (Admin roles): Read-Only Administrator, or a custom role with \
             \"{permission}\" for everybody"
        ),
        SignIn::ApiToken => format!(
            "the administrator who made the API token needs the role Read-Only Administrator, or a custom role with \
             \"{permission}\" for everybody"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: body.as_bytes().to_vec() }
    }

    #[test]
    fn l20_only_a_code_passes() {
        assert_eq!(code(&answer(400, r#"{"errorCode": "E0000031"}"#)).as_deref(), Some("E0000031"));
        for body in [
            r#"{"errorCode": "ann@acme.example"}"#,
            r#"{"errorCode": "E1"}"#,
            r#"{"errorCode": "E00000311234"}"#,
            "[]",
            "",
        ] {
            assert_eq!(code(&answer(400, body)), None, "{body}");
        }
    }

    #[test]
    fn l03_gone_is_only_what_is_said_to_be() {
        assert!(is_gone(&answer(404, r#"{"errorCode": "E0000007"}"#)));
        for other in
            [answer(404, ""), answer(404, r#"{"errorCode": "E0000008"}"#), answer(410, r#"{"errorCode": "E0000007"}"#)]
        {
            assert!(!is_gone(&other));
        }
    }
}
