//! One run of one connection: list what is owned, read the directory, decide, write, let leavers go, account.
//!
//! A run compares the directory with what the desk holds now, so one that was killed is simply run again. Nothing is
//! written before the directory was read whole: who keeps a contested address, what is too many removals and in which
//! order addresses move are decided on all people at once, whatever the order they came in. What waits meanwhile is
//! kept compressed (`candidates`), so memory grows with what is owned or new, by about 200 bytes a person.
//!
//! `check` proves what a run needs of the directory, and touches no desk.
//!
//! `decide` is pure: no I/O, and the time is an argument. The rest carries out what it says.

mod account;
mod approval;
mod candidates;
pub mod check;
mod claims;
mod compact;
mod connect;
pub mod decide;
mod depart;
mod error;
mod history;
mod leave;
mod owned;
mod pass;
mod preflight;
mod read;
mod run;
mod settings;
mod settle;
mod write;

pub use crate::directory::Place;
pub use account::{Observer, PlannedChange, Silent, Stage};
pub use connect::{budget, desk_settings, open_desk, open_directory, open_watched_directory};
pub use error::Error;
pub use run::{Begun, Ends, Mode, Report, Run};
pub use settings::{ConnectionSettings, GoneOwners};
