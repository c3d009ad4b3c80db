//! Why a run failed, as a word for conditions, Events and metrics, and whether the spec must change. One place decides.

use crate::{desk, directory, sync};

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Fault {
    /// One word.
    pub(super) reason: &'static str,
    /// Nothing but a change of the spec will mend it: it is not tried again by itself.
    pub(super) stands_in_spec: bool,
}

impl Fault {
    /// Of a failure whose kind is not on record.
    pub(super) fn unknown() -> Self {
        Self::passing("RunFailed")
    }

    /// The kind of an error.
    pub(super) fn of(error: &sync::Error) -> Self {
        match error {
            sync::Error::Directory(error) => Self::of_directory(error),
            sync::Error::Desk(error) => Self::of_desk(error),
            sync::Error::RunLog(_) => Self::passing("RunLogUnavailable"),
            sync::Error::Key { .. } => Self::passing("KeyNotFound"),
            sync::Error::Settings { .. } => Self::standing("InvalidSpec"),
            sync::Error::OtherInstallation { .. } => Self::standing("OtherInstallation"),
            sync::Error::OwnerNotKept => Self::passing("DeskDoesNotFit"),
            sync::Error::Internal(_) => Self::passing("InternalError"),
        }
    }

    fn of_directory(error: &directory::Error) -> Self {
        match error {
            directory::Error::Unavailable { .. } => Self::passing("DirectoryUnavailable"),
            directory::Error::Denied { .. } => Self::passing("DirectoryAccessDenied"),
            // A certificate lies in a Secret or ConfigMap, which may change alone.
            directory::Error::Settings { field, .. } if field.contains("tls") => Self::passing("InvalidCertificate"),
            directory::Error::Settings { .. } => Self::standing("InvalidSpec"),
            directory::Error::GroupNotFound { .. } => Self::passing("GroupNotFound"),
            directory::Error::GroupAmbiguous { .. } => Self::passing("GroupAmbiguous"),
            directory::Error::Incomplete { .. } => Self::passing("ReadIncomplete"),
            directory::Error::Malformed { .. } => Self::passing("FileMalformed"),
            directory::Error::Cancelled => Self::passing("Cancelled"),
        }
    }

    fn of_desk(error: &desk::Error) -> Self {
        match error {
            desk::Error::Unavailable { .. } => Self::passing("DeskUnavailable"),
            desk::Error::Denied { .. } => Self::passing("DeskAccessDenied"),
            desk::Error::NotADesk { .. } => Self::passing("DeskNotSCIM"),
            desk::Error::Incomplete { .. } => Self::passing("ListingIncomplete"),
            // The workspace's spec, not the connection's.
            desk::Error::Settings { .. } => Self::passing("InvalidWorkspace"),
            desk::Error::Cancelled => Self::passing("Cancelled"),
        }
    }

    const fn passing(reason: &'static str) -> Self {
        Self { reason, stands_in_spec: false }
    }

    const fn standing(reason: &'static str) -> Self {
        Self { reason, stands_in_spec: true }
    }
}
