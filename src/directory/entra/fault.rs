//! What Graph's errors (learn.microsoft.com/graph/errors) mean for the run. Of their bodies only the code is told, and
//! that only if it is a bare word: the vendor's sentences may name people (L20).

use serde::Deserialize;

use super::{FILTER, MAPPING};
use crate::directory::Error;
use crate::directory::attribute::AttributePath;
use crate::directory::web::{Web, wrong};

/// Codes of requests that ask for what there is not.
const MISASKED: [&str; 4] = ["BadRequest", "Request_BadRequest", "Request_UnsupportedQuery", "NotImplemented"];

/// What a request asks about: which permission it takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum About {
    People,
    Group,
    Unit,
}

impl About {
    /// The least application permissions for it.
    pub(super) fn permission(self) -> &'static str {
        match self {
            Self::People => "User.Read.All",
            Self::Group => "GroupMember.Read.All (for groups with hidden membership, Member.Read.Hidden too)",
            Self::Unit => "AdministrativeUnit.Read.All (for units with hidden membership, Member.Read.Hidden too)",
        }
    }
}

/// A request, as far as its errors are to be understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) about: About,
    /// The attributes that it selects for the manifest.
    pub(super) attributes: &'a [AttributePath],
    /// Whether the manifest's filter is in it.
    pub(super) filtered: bool,
}

impl Question<'_> {
    /// One of our own making.
    pub(super) fn about(about: About) -> Self {
        Self { about, attributes: &[], filtered: false }
    }
}

/// Why a page was not had.
#[derive(Debug)]
pub(super) enum Fault {
    /// The place in the listing is lost: it must begin anew.
    Expired(Error),
    /// Anything else.
    Error(Error),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Expired(error) | Fault::Error(error) => error,
        }
    }
}

/// An error's code and the vendor's sentence.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Refusal,
}

impl Refusal {
    /// What a body says; nothing where it is no error of Graph's.
    pub(super) fn of(body: &[u8]) -> Self {
        serde_json::from_slice::<Body>(body).unwrap_or_default().error
    }

    /// The same of a body within an answer.
    pub(super) fn within(body: &serde_json::Value) -> Self {
        Body::deserialize(body).unwrap_or_default().error
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.code == code
    }

    /// The code, where it is a bare word.
    fn told(&self) -> String {
        let is_word = (1..=64).contains(&self.code.len())
            && self.code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if is_word { format!(", {}", self.code) } else { String::new() }
    }
}

/// What a status that is no success means.
pub(super) fn refused(web: &Web, question: Question<'_>, status: u16, refusal: &Refusal) -> Fault {
    let told = refusal.told();
    let error = match status {
        400 if refusal.is("Directory_ExpiredPageToken") => {
            let reason = "a link to the next page expired before it was followed, twice: the next run tries again";
            return Fault::Expired(web.incomplete(reason));
        }
        400 | 501 => match misnamed(question, refusal) {
            Some(error) => error,
            None => web.unavailable(format!("it answered HTTP {status}{told}")),
        },
        401 => web.denied(format!("HTTP 401{told}: check the credentials")),
        403 => web.denied(format!(
            "HTTP 403{told}: the application needs the permission {}, as an application permission with admin consent",
            question.about.permission()
        )),
        404 if question.about == About::Group => {
            web.incomplete("a group that scope names is not there any more, or cannot be seen any more")
        }
        404 if question.about == About::Unit => {
            web.incomplete("the administrative unit of scope.pattern.segment is not there any more")
        }
        _ => web.unavailable(format!("it answered HTTP {status}{told}")),
    };
    Fault::Error(error)
}

/// The part of the manifest that a bad request is due to. The vendor's sentence is only searched for names that we sent.
fn misnamed(question: Question<'_>, refusal: &Refusal) -> Option<Error> {
    if !MISASKED.iter().any(|code| refusal.is(code)) {
        return None;
    }
    let quoted = |path: &&AttributePath| refusal.message.contains(&format!("'{}'", path.first()));
    if let Some(path) = question.attributes.iter().find(quoted) {
        let reason = format!(
            "a user of Microsoft Graph v1.0 has no property {:?}: check its spelling, letter case included",
            path.first()
        );
        return Some(wrong(MAPPING, reason));
    }
    if question.filtered {
        let reason = format!(
            "Microsoft Graph does not take it{}: check the names in it, and which operators its properties allow",
            refusal.told()
        );
        return Some(wrong(FILTER, reason));
    }
    if question.attributes.is_empty() {
        return None;
    }
    let mut names: Vec<&str> = question.attributes.iter().map(AttributePath::first).collect();
    names.dedup();
    let reason = format!("Microsoft Graph does not give one of the properties {}{}", names.join(", "), refusal.told());
    Some(wrong(MAPPING, reason))
}
