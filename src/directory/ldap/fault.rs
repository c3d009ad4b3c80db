//! What a server's result codes (RFC 4511 appendix A) mean for the run. The server's own words are left out of messages:
//! they may name people (L20).

use super::server::{Server, wrong};
use super::wire::{Broken, Outcome};
use crate::directory::Error;

/// Why a search gave no whole answer.
#[derive(Debug)]
pub(super) enum Fault {
    /// Its base does not exist, or may not be seen, or is no name to this server.
    NoSuchObject,
    /// Anything else.
    Error(Error),
}

impl Fault {
    /// Blames a field of the manifest for a base that is not there.
    pub(super) fn blame(self, field: &str) -> Error {
        match self {
            Self::NoSuchObject => {
                wrong(field, "the server has no such entry: check the spelling, or what the reader may see")
            }
            Self::Error(error) => error,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

pub(super) fn unavailable(server: &Server, reason: impl Into<String>) -> Error {
    Error::Unavailable { directory: server.label.clone(), reason: reason.into() }
}

fn denied(server: &Server, reason: impl Into<String>) -> Error {
    Error::Denied { directory: server.label.clone(), reason: reason.into() }
}

/// Checks the answer to a bind.
pub(super) fn bind(server: &Server, answer: &Outcome) -> Result<(), Error> {
    match answer.code {
        0 => Ok(()),
        32 | 34 | 48 | 49 | 53 => Err(denied(
            server,
            format!(
                "the bind failed (code {}{}): check source.ldap.bind.dn and the password in its Secret",
                answer.code,
                account_state(&answer.text)
            ),
        )),
        8 | 13 => Err(denied(server, format!("it wants a stronger way to sign in (code {})", answer.code))),
        code => Err(unavailable(server, format!("the bind failed (code {code})"))),
    }
}

/// Active Directory says in its diagnostic text why a bind failed: `…, data 533, …`, a Win32 error in hex.
fn account_state(text: &str) -> &'static str {
    match text.split_once("data ").and_then(|(_, rest)| rest.split([',', ' ']).next()) {
        Some("52e") => ": wrong password",
        Some("525") => ": no such account",
        Some("530" | "531") => ": not permitted now or from here",
        Some("532" | "773") => ": the password has expired",
        Some("533") => ": the account is disabled",
        Some("701") => ": the account has expired",
        Some("775") => ": the account is locked",
        _ => "",
    }
}

/// Checks the end of a page. Nothing but code 0 is success (L2).
pub(super) fn page(server: &Server, code: u32) -> Result<(), Fault> {
    let error = match code {
        0 => return Ok(()),
        32 | 34 => return Err(Fault::NoSuchObject),
        3 => server.incomplete("the server's time limit cut the search off: raise it for the reader"),
        4 => server.incomplete(
            "the server's size limit cut the search off: raise it for the reader, or set a smaller pageSize",
        ),
        11 => server.incomplete("an administrative limit of the server cut the search off: raise it for the reader"),
        12 => server.incomplete("the server has no paged results (RFC 2696), so it cannot be read whole"),
        10 => server.incomplete(
            "the server refers to another server: set source.ldap.url to the one that holds source.ldap.baseDN",
        ),
        1 if server.bind.is_none() => denied(server, "it answers nobody anonymous: set source.ldap.bind"),
        8 | 13 | 48 | 50 => denied(server, format!("the reader may not search there (code {code})")),
        code => unavailable(server, format!("the search failed (code {code})")),
    };
    Err(Fault::Error(error))
}

/// A connection that broke in the middle of an answer.
pub(super) fn broken(server: &Server, error: &Broken) -> Error {
    unavailable(server, error.to_string())
}
