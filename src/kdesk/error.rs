//! What can go wrong: [`Error`] for who runs the workspace, [`ScimError`] for who talks to it (RFC 7644 section 3.12).

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use crate::scim;

/// A fault of the workspace itself, told to its operator.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database can't be opened, read or written.
    #[error("the workspace's database: {0}")]
    Database(#[from] rusqlite::Error),
    /// The database was made by a newer version.
    #[error("the workspace's database has layout {found}, this version knows {known}")]
    TooNew {
        /// Layout number in the file.
        found: i64,
        /// Newest layout known here.
        known: i64,
    },
    /// A token of that name exists.
    #[error("a token named {0:?} exists already")]
    TokenExists(String),
    /// A token's name is empty or too long, or its secret too short to be safe.
    #[error("{0}")]
    BadToken(&'static str),
    /// The socket failed.
    #[error("serving the workspace: {0}")]
    Io(#[from] std::io::Error),
    /// Without authentication only the machine itself may connect.
    #[error("without authentication the workspace listens on loopback addresses only, not on {0}")]
    OpenBeyondLoopback(std::net::SocketAddr),
}

/// An answer other than success, as the protocol names it (RFC 7644 table 9, RFC 9865 section 2.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScimError {
    #[error("{0}")]
    InvalidFilter(String),
    #[error("{0}")]
    InvalidSyntax(String),
    #[error("{0}")]
    InvalidPath(String),
    #[error("{0}")]
    NoTarget(String),
    #[error("{0}")]
    InvalidValue(String),
    #[error("{0}")]
    Mutability(String),
    #[error("{0}")]
    Uniqueness(String),
    #[error("the cursor is not one that this query was given")]
    InvalidCursor,
    #[error("the cursor has expired; begin the listing again")]
    ExpiredCursor,
    #[error("count must be a whole number that is not negative")]
    InvalidCount,
    #[error("{0}")]
    Unresolved(String),
    #[error("a valid bearer token is required")]
    Unauthorized,
    #[error("{0}")]
    Forbidden(&'static str),
    #[error("{0} not found")]
    NotFound(String),
    #[error("{0} is not allowed here")]
    MethodNotAllowed(String),
    #[error("the resource has changed: its version is {0}")]
    VersionMismatch(String),
    #[error("{0}")]
    TooLarge(String),
    #[error("the body did not come within {0} seconds")]
    TooSlow(u64),
    #[error("the body must be application/scim+json or application/json")]
    UnsupportedMediaType,
    #[error("{0}")]
    NotImplemented(&'static str),
    /// The cause goes to the log, not to the peer.
    #[error("the workspace failed; its log has the cause")]
    Internal,
}

impl ScimError {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::InvalidFilter(_)
            | Self::InvalidSyntax(_)
            | Self::InvalidPath(_)
            | Self::NoTarget(_)
            | Self::InvalidValue(_)
            | Self::Mutability(_)
            | Self::InvalidCursor
            | Self::ExpiredCursor
            | Self::InvalidCount => StatusCode::BAD_REQUEST,
            Self::Uniqueness(_) | Self::Unresolved(_) => StatusCode::CONFLICT,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::VersionMismatch(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotImplemented(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The detail error keyword, where table 9 has one.
    pub(super) fn scim_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::InvalidFilter(_) => "invalidFilter",
            Self::InvalidSyntax(_) => "invalidSyntax",
            Self::InvalidPath(_) => "invalidPath",
            Self::NoTarget(_) => "noTarget",
            Self::InvalidValue(_) => "invalidValue",
            Self::Mutability(_) => "mutability",
            Self::Uniqueness(_) => "uniqueness",
            Self::InvalidCursor => "invalidCursor",
            Self::ExpiredCursor => "expiredCursor",
            Self::InvalidCount => "invalidCount",
            _ => return None,
        })
    }

    /// The error's body (RFC 7644 section 3.12): status is a string there.
    pub(super) fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("schemas".to_owned(), json!([scim::ERROR]));
        body.insert("status".to_owned(), self.status().as_str().into());
        if let Some(keyword) = self.scim_type() {
            body.insert("scimType".to_owned(), keyword.into());
        }
        body.insert("detail".to_owned(), self.to_string().into());
        Value::Object(body)
    }

    /// A failed database call within a request: logged here, told without detail.
    pub(super) fn internal(cause: &dyn std::error::Error) -> Self {
        tracing::error!(error = %cause, "the workspace's database failed");
        Self::Internal
    }
}

impl From<rusqlite::Error> for ScimError {
    fn from(cause: rusqlite::Error) -> Self {
        Self::internal(&cause)
    }
}
