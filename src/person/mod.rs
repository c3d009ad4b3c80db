//! A person as a directory tells of them, whether they are in scope, and what their contact should be.
//!
//! Pure: data in, data out. No I/O, no clock, no kube. Scope and mapping are compiled once per run.

mod model;

pub use model::{Attributes, GroupSet, Person, PersonId};
