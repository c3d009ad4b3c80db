//! Why there is no answer.

use thiserror::Error;

/// Why there is no answer. No message holds a URL's path, a credential or a body.
#[derive(Debug, Error)]
pub enum ApiError {
    /// It cannot be reached, or is overloaded: worth trying again.
    #[error("{host} cannot be reached: {reason}")]
    Unavailable {
        /// Host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The issuer of tokens refuses the client.
    #[error("{reason}")]
    Denied {
        /// Host that was asked.
        host: String,
        /// What was said, and what to check.
        reason: String,
    },
    /// It names another place, which is not followed: the credentials would go with the request.
    #[error("{host} redirects to {to} (HTTP {status})")]
    Redirected {
        /// Host that was asked.
        host: String,
        /// HTTP status.
        status: u16,
        /// Host that it names.
        to: String,
    },
    /// The answer is larger than is read.
    #[error("{host}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// Host.
        host: String,
        /// Longest body that is read, decoded.
        limit: usize,
    },
}

/// Why there is no answer to a request that changes something.
#[derive(Debug)]
pub enum Fault {
    /// The request may have been carried out, or not.
    Lost(String),
    /// Nothing was done, and further requests would fare no better.
    Fatal(ApiError),
}
