//! What can go wrong with the store of run records, in words that hold no URL and no answer of a store: those may carry
//! signatures, and the words go into statuses that a tenant reads.

use std::error::Error as StdError;
use std::io;

use object_store::client::{HttpError, HttpErrorKind};
use thiserror::Error;

/// Why a run record could not be written or read.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such object.
    #[error("{0} is not there")]
    NotFound(String),
    /// The store does not work.
    #[error("the run log store failed at {path}: {}", words(source))]
    Store {
        /// Which object.
        path: String,
        /// What happened.
        #[source]
        source: object_store::Error,
    },
    /// The object is not what was written.
    #[error("{path} is damaged: {source}")]
    Damaged {
        /// Which object.
        path: String,
        /// Where it breaks.
        #[source]
        source: serde_json::Error,
    },
    /// The log could not be written.
    #[error("the run log cannot be written: {}", io_words(.0))]
    Write(#[source] io::Error),
}

/// What a store says went wrong.
pub(super) fn words(error: &object_store::Error) -> String {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return match http.kind() {
                HttpErrorKind::Connect => "no connection could be made: check its address, the network and the CA",
                HttpErrorKind::Timeout => "it did not answer in time",
                _ => "the connection broke off",
            }
            .to_owned();
        }
        if let Some(io) = error.downcast_ref::<io::Error>()
            && io.raw_os_error().is_some()
        {
            return io.to_string();
        }
        next = error.source();
    }
    let said = error.to_string();
    let kind = match error {
        object_store::Error::NotFound { .. } => "it is not there",
        object_store::Error::PermissionDenied { .. } => "access was denied",
        object_store::Error::Unauthenticated { .. } => "the credentials were refused",
        object_store::Error::NotSupported { .. } | object_store::Error::NotImplemented { .. } => {
            "it does not do what is asked"
        }
        _ => "it refused the request",
    };
    match code(&said) {
        Some(code) => format!("{kind} ({code})"),
        None => kind.to_owned(),
    }
}

fn io_words(error: &io::Error) -> String {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<object_store::Error>());
    match inner {
        Some(error) => words(error),
        None if error.raw_os_error().is_some() => error.to_string(),
        None => error.kind().to_string(),
    }
}

/// The store's own word for it: S3's and Azure's `<Code>`, else the HTTP status.
fn code(said: &str) -> Option<String> {
    let after = |mark: &str| said.split_once(mark).map(|(_, rest)| rest);
    let word = |text: &str| text.chars().take(64).take_while(char::is_ascii_alphanumeric).collect::<String>();
    let named = after("<Code>").map(word).filter(|word| !word.is_empty());
    named
        .or_else(|| after("status code: ").map(word).filter(|word| !word.is_empty()).map(|code| format!("HTTP {code}")))
}
