//! Why a run stopped. Whatever is here, nobody was removed by the run after it.

use thiserror::Error;

use crate::contact::OwnershipKey;
use crate::{desk, directory, runlog};

/// Why a run failed. No message holds a person's data.
#[derive(Debug, Error)]
pub enum Error {
    /// The directory.
    #[error("directory: {0}")]
    Directory(directory::Error),
    /// The desk.
    #[error("desk: {0}")]
    Desk(#[from] desk::Error),
    /// The store of run records.
    #[error("run log: {0}")]
    RunLog(#[from] runlog::Error),
    /// A secret, or a file in a `ConfigMap`.
    #[error("{field}: {source}")]
    Key {
        /// The field below `spec`.
        field: String,
        /// Why it cannot be read.
        #[source]
        source: crate::keys::KeyError,
    },
    /// The manifest asks for something that cannot be.
    #[error("{field}: {message}")]
    Settings {
        /// The field below `spec`.
        field: String,
        /// What is wrong and how to mend it.
        message: String,
    },
    /// The desk holds contacts of the same connection as another installation runs it (L7).
    #[error(
        "the desk holds contacts of {owner}, which is this connection as another installation runs it (here it owns its contacts as {key}). \
         Give each installation a desk of its own; or, to take those contacts over for good, set spec.takeOverFrom: [{owner}]; \
         or, to let both write to this desk, set spec.ownershipKey to a key that does not end in the connection's name"
    )]
    OtherInstallation {
        /// Whose contacts they are.
        owner: OwnershipKey,
        /// The key of this installation.
        key: OwnershipKey,
    },
    /// The desk gives `externalId` back in another form, or not at all: whose a contact is would be forgotten.
    #[error(
        "desk: it does not keep externalId as it was written, so a contact could not be told from a stranger's: nothing more was written; see what a desk must offer in docs/desk.md"
    )]
    OwnerNotKept,
    /// Something inside broke its own promise.
    #[error("internal: {0}")]
    Internal(String),
}

impl From<directory::Error> for Error {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::Key { field, source } => Self::Key { field, source },
            error => Self::Directory(error),
        }
    }
}

impl Error {
    /// The buffer of waiting people gave back something else than was put in.
    pub(super) fn buffer(error: impl std::fmt::Display) -> Self {
        Self::Internal(format!("the buffer of waiting people is damaged: {error}"))
    }
}
