//! What can go wrong with the store of run records.

use thiserror::Error;

/// Why a run record could not be written or read.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no such object.
    #[error("{0} is not there")]
    NotFound(String),
    /// The store does not work.
    #[error("the run log store failed at {path}: {source}")]
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
    #[error("the run log cannot be written: {0}")]
    Write(#[source] std::io::Error),
}
