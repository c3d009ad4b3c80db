//! Why a person is in scope or out, and what their contact would be: for people who write scopes and mappings.

use super::{Problem, ScopeDecision};
use crate::contact::{Field, Wanted};

/// Everything that a program says of one person.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Whether the person is in scope.
    pub scope: ScopeDecision,
    /// The parts of the scope, in the order that they count.
    pub clauses: Vec<Clause>,
    /// The mapped fields, in the order of [`super::Program::fields`].
    pub fields: Vec<ExplainedField>,
}

/// One part of a scope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Clause {
    /// The field below `spec` that says it.
    pub field: &'static str,
    /// What it asks, in words.
    pub asks: String,
    /// Whether the person is so; `None` where that cannot be decided.
    pub holds: Option<bool>,
}

/// One field of a contact.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExplainedField {
    /// The field.
    pub field: Field,
    /// Where its value comes from, in words.
    pub origin: String,
    /// What it would be, or why that cannot be told.
    pub wanted: Result<Wanted, Problem>,
}
