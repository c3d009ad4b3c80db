//! What can be wrong with a program, and with one person's field. No message holds a value of a person (L20).

use thiserror::Error;

use crate::contact::{EmailFault, Field};

/// A part of scope or mapping that means nothing: the manifest must change.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{field}: {message}")]
pub struct CompileError {
    /// The field below `spec`, such as `mapping.identity.division.expression`.
    pub field: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Why a field of one person could not be computed. The contact keeps what it has there (L1).
#[derive(Clone, Debug, Eq, Error, Ord, PartialEq, PartialOrd)]
pub enum Problem {
    /// There is no value, and the field is never left empty (L15).
    #[error("the person has no value for it, and a contact is never left without")]
    Missing,
    /// Its value is neither text nor a number.
    #[error("its value is no text: map text, a number, or with each: true a list of text")]
    NotText,
    /// Its value is neither true nor false.
    #[error("its value is neither true nor false; only those two count (L17)")]
    NotFlag,
    /// It has both true and false among its values.
    #[error("it has both true and false among its values")]
    Contradiction,
    /// It is no email address.
    #[error("its value is no email address: {0}")]
    Email(EmailFault),
    /// An address outside `spec.emailDomains`.
    #[error("its value lies outside spec.emailDomains, the domains this directory may speak for (L17)")]
    ForeignDomain,
    /// A control character.
    #[error("its value holds a control character")]
    ControlCharacter,
    /// Longer than the field takes.
    #[error("its value is longer than {limit} bytes")]
    TooLong {
        /// The most it takes.
        limit: usize,
    },
    /// No country known by this name.
    #[error("its value names no country: use an ISO 3166-1 code or the English name")]
    UnknownCountry,
    /// The expression failed.
    #[error("its expression failed: {0}")]
    Expression(String),
}

impl Problem {
    /// A fixed word for logs and counts.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "Missing",
            Self::NotText => "NotText",
            Self::NotFlag => "NotFlag",
            Self::Contradiction => "Contradiction",
            Self::Email(_) => "InvalidEmail",
            Self::ForeignDomain => "ForeignDomain",
            Self::ControlCharacter => "ControlCharacter",
            Self::TooLong { .. } => "TooLong",
            Self::UnknownCountry => "UnknownCountry",
            Self::Expression(_) => "ExpressionFailed",
        }
    }
}

/// A field that could not be computed, and why.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{field}: {problem}")]
pub struct FieldProblem {
    /// The field.
    pub field: Field,
    /// Why.
    pub problem: Problem,
}
