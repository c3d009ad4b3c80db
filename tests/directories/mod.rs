//! Where people come from: every source is held to the one suite in `conformance`, and to the rules of its own.

#[macro_use]
pub mod conformance;
mod examples;
mod file;
mod file_rules;
