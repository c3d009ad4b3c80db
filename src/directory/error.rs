//! What a run can do about a directory that does not answer as it should.

use thiserror::Error;

use crate::keys::KeyError;

/// Why a directory could not be read. No message holds a person's data; each says how to mend it where that is known.
#[derive(Debug, Error)]
pub enum Error {
    /// It cannot be reached, or broke off: worth trying again.
    #[error("{directory} cannot be reached: {reason}")]
    Unavailable {
        /// Which directory (host and port, or file name).
        directory: String,
        /// What happened.
        reason: String,
    },
    /// It refused the credentials, or what they may read.
    #[error("{directory} refuses access: {reason}")]
    Denied {
        /// Which directory.
        directory: String,
        /// What it said.
        reason: String,
    },
    /// The manifest asks for something that cannot be: it will fail until the manifest changes.
    #[error("{field}: {reason}")]
    Settings {
        /// The field below `spec`.
        field: String,
        /// What is wrong and how to mend it.
        reason: String,
    },
    /// A secret, or a file in a `ConfigMap`.
    #[error("{field}: {source}")]
    Key {
        /// The field below `spec`.
        field: String,
        /// Why it cannot be read.
        #[source]
        source: KeyError,
    },
    /// A group that the manifest names is not there.
    #[error("{field}: the directory has no group {group:?}: check the spelling, or what the reader may see")]
    GroupNotFound {
        /// The field below `spec`, as far as it is known.
        field: String,
        /// The name or id.
        group: String,
    },
    /// A group name that more than one group has.
    #[error("{field}: {count} groups are called {group:?}: name the one that is meant by its id")]
    GroupAmbiguous {
        /// The field below `spec`, as far as it is known.
        field: String,
        /// The name.
        group: String,
        /// How many.
        count: usize,
    },
    /// The read could not be proven whole (L2).
    #[error("{directory} was not read whole: {reason}")]
    Incomplete {
        /// Which directory.
        directory: String,
        /// Why: a limit, a referral, an entry without id, a page that failed.
        reason: String,
    },
    /// A file that breaks its format.
    #[error("{file}:{line}: {reason}")]
    Malformed {
        /// File name.
        file: String,
        /// Line, from 1.
        line: u64,
        /// What is wrong and how to mend it; without the line's data.
        reason: String,
    },
    /// Whoever asked does not want the answer any more.
    #[error("the read was cancelled")]
    Cancelled,
}

impl Error {
    /// Whether the same read may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Incomplete { .. })
    }
}
