//! Filters (RFC 7644 section 3.4.2.2): the tree, its parser, and its evaluation on a document.
//! Translating a filter to SQL is `store`'s.

mod eval;
mod parse;
#[cfg(test)]
mod tests;

pub(super) use eval::{matches, matches_element, sort_key};
pub(super) use parse::{PatchPath, parse, parse_path};

use jiff::Timestamp;

use super::schema::Path;

/// A parsed filter; attributes are resolved and literals typed by the schema.
#[derive(Debug)]
pub(super) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Present(Option<Path>),
    Compare(Option<Path>, Op, Literal),
    /// `emails[…]`: one value must satisfy all of the inner filter, whose paths are relative to it.
    Values(Option<Path>, Box<Filter>),
}

/// Comparison operators (RFC 7644 table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

/// A comparison's right side, already of its attribute's type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Bool(bool),
    Number(f64),
    /// Folded if the attribute is not case-exact.
    Text(String),
    Time(Timestamp),
}

/// Text of an attribute that is not case-exact is compared in this form, in filters, indexes and sorting alike.
/// Each character by itself, so that a beginning of a text folds to a beginning of the folded text
/// (`str::to_lowercase` looks at a sigma's neighbours).
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().flat_map(char::to_lowercase).collect() }
}
