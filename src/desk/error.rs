//! What a run can do about a desk that does not answer as it should.

use thiserror::Error;

/// Why the desk could not be read or written. No message holds a contact's data or an answer's body (L20).
#[derive(Clone, Debug, Error)]
pub enum Error {
    /// It cannot be reached, or is overloaded: worth trying again.
    #[error("the desk {host} cannot be reached: {reason}")]
    Unavailable {
        /// Host of the endpoint.
        host: String,
        /// What happened.
        reason: String,
    },
    /// It refuses the credentials, or what they may do.
    #[error("the desk {host} refuses access: {reason}")]
    Denied {
        /// Host of the endpoint.
        host: String,
        /// What it said, and what to check.
        reason: String,
    },
    /// What answers there is no SCIM service.
    #[error("the desk {host} does not answer as SCIM: {reason}")]
    NotADesk {
        /// Host of the endpoint.
        host: String,
        /// What came instead, and what to check.
        reason: String,
    },
    /// A listing could not be proven whole (L16): nobody may be removed because of it.
    #[error("the contacts of the desk {host} were not listed whole: {reason}")]
    Incomplete {
        /// Host of the endpoint.
        host: String,
        /// What did not fit.
        reason: String,
    },
    /// The workspace asks for something that cannot be: it will fail until the manifest changes.
    #[error("{field}: {reason}")]
    Settings {
        /// The field below `spec` of the workspace.
        field: &'static str,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// Whoever asked does not want the answer any more.
    #[error("the request to the desk was cancelled")]
    Cancelled,
}

impl Error {
    /// Whether the same may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Incomplete { .. })
    }
}
