//! A person as a directory tells of them, whether they are in scope, and what their contact should be.
//!
//! Pure: data in, data out. No I/O, no clock, no kube. Scope and mapping are compiled once per run into a [`Program`];
//! what scope and mapping need of the directory (attributes, groups) falls out of compiling. Reading people is the
//! directory's work, comparing with the desk and the hold of removals that of `sync`.
#![warn(clippy::wildcard_enum_match_arm)]

mod bounds;
mod cel;
mod compile;
mod error;
mod explain;
#[cfg(test)]
mod fixture;
mod groups;
mod mapping;
mod model;
pub mod preset;
mod program;
mod scope;
mod values;

pub use error::{CompileError, FieldProblem, Problem};
pub use explain::{Clause, ExplainedField, Explanation};
pub use groups::GroupWanted;
pub use mapping::Mapped;
pub use model::{Attributes, GroupSet, Person, PersonId};
pub use program::Program;
pub use scope::{OutReason, ScopeDecision, UndecidedReason};
