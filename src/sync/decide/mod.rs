//! What a run should do: pure functions of what was read, what is owned and the time. No I/O, no clock.
#![warn(clippy::wildcard_enum_match_arm)]

mod compare;
pub mod conflict;
mod emails;
mod hold;
mod leavers;

pub use compare::{change, changes, first_values, wanted_fingerprint};
pub use emails::{Claim, Claims, Holder, Verdict};
pub use hold::{Limits, Stretch};
pub use leavers::{Absence, LeaverStep, Removal, leaver_step, milder};

use crate::contact::Mark;
use crate::person::OutReason;

/// What the directory said in this run of a person whose contact is owned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reading {
    /// Nothing (yet).
    Unread,
    /// In scope.
    Seen,
    /// Read, but the scope could not be decided: counts as seen (L1).
    Undecided,
    /// Read, and out of scope.
    Out(OutReason),
}

/// What the desk tells of an owned contact, in its externalId.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Standing {
    /// The contact was there before this connection (L6).
    pub adopted: bool,
    /// It was marked as left, or turned off by this connection.
    pub mark: Option<Mark>,
}
