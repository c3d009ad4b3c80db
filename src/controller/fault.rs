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

/// Words of failures, for those that another process met and wrote down.
const WORDS: [&str; 20] = [
    "DirectoryUnavailable",
    "DirectoryAccessDenied",
    "InvalidCertificate",
    "InvalidSpec",
    "GroupNotFound",
    "GroupAmbiguous",
    "ReadIncomplete",
    "FileMalformed",
    "Cancelled",
    "DeskUnavailable",
    "DeskAccessDenied",
    "DeskNotSCIM",
    "ListingIncomplete",
    "InvalidWorkspace",
    "RunLogUnavailable",
    Fault::KEY_NOT_FOUND,
    "OtherInstallation",
    "DeskDoesNotFit",
    "InternalError",
    "RunFailed",
];

impl Fault {
    /// A Secret or `ConfigMap` is not there.
    pub(super) const KEY_NOT_FOUND: &str = "KeyNotFound";
    /// No Job could be made for a run.
    pub(super) const JOB_REFUSED: Self = Self::passing("JobRefused");
    /// A Job was made, and never began its work.
    pub(super) const JOB_NOT_STARTED: Self = Self::passing("JobNotStarted");

    /// One that another process met, by its word.
    pub(super) fn named(word: &str) -> Self {
        let jobs = [Self::JOB_REFUSED.reason, Self::JOB_NOT_STARTED.reason];
        let Some(reason) = WORDS.into_iter().chain(jobs).find(|known| *known == word) else { return Self::unknown() };
        Self { reason, stands_in_spec: matches!(reason, "InvalidSpec" | "OtherInstallation") }
    }

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
            sync::Error::Key { .. } => Self::passing(Self::KEY_NOT_FOUND),
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
            // So does a credential that is none, such as a key file of another kind.
            directory::Error::Settings { field, .. } if field.contains(".auth") => {
                Self::passing("DirectoryAccessDenied")
            }
            directory::Error::Settings { .. } => Self::standing("InvalidSpec"),
            directory::Error::Key { .. } => Self::passing(Self::KEY_NOT_FOUND),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::Error;

    #[test]
    fn what_another_process_met_is_told_as_if_it_were_met_here() {
        let source = crate::keys::KeyError::Empty { object: "Secret a/b".to_owned(), key: "c".to_owned() };
        for error in [
            Error::Key { field: "auth".to_owned(), source },
            Error::Settings { field: "scope".to_owned(), message: "none".to_owned() },
            Error::OwnerNotKept,
            Error::Internal("x".to_owned()),
            Error::Directory(crate::directory::Error::Cancelled),
        ] {
            let fault = Fault::of(&error);
            assert_eq!(Fault::named(fault.reason), fault);
        }
        assert_eq!(Fault::named(Fault::JOB_REFUSED.reason), Fault::JOB_REFUSED);
        assert_eq!(Fault::named("of a newer version"), Fault::unknown());
    }
}
