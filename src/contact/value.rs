//! Values of contact fields.

use serde::{Deserialize, Serialize};

/// What stands in a field: on the desk, or as it should.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Value {
    /// Text, never empty.
    Text(String),
    /// Several texts under one label (`each: true`), sorted and distinct, never empty.
    Texts(Vec<String>),
    /// True or false.
    Flag(bool),
}

/// What a mapping wants of one field for one person.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Wanted {
    /// This value.
    Set(Value),
    /// One of these, sorted and at least two: the one the contact has if it is among them, else the first.
    OneOf(Vec<String>),
    /// Nothing: empty the field.
    Clear,
    /// Whatever is there: the value is absent and `whenAbsent` is Keep, or it could not be computed.
    Keep,
}
