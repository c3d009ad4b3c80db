//! A person as a directory tells of them, whether they are in scope, and what their contact should be.
//!
//! Pure: data in, data out. No I/O, no clock, no kube. Scope and mapping are compiled once per run.
#![warn(clippy::wildcard_enum_match_arm)]

mod cel;
#[cfg(test)]
mod fixture;
mod groups;
mod model;
mod values;

pub use groups::GroupWanted;
pub use model::{Attributes, GroupSet, Person, PersonId};
