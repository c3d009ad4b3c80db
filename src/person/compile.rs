//! Collects what a program needs and what is wrong with it, so that all errors of a manifest are told at once.

use crate::api::{GroupRef, Membership};

use super::cel::Expression;
use super::error::CompileError;
use super::groups::{GroupWanted, Groups};

/// What compiling has found so far.
#[derive(Default)]
pub(super) struct Found {
    pub(super) groups: Vec<GroupWanted>,
    pub(super) errors: Vec<CompileError>,
}

/// Lends [`Found`] to the parts that compile.
pub(super) struct Compiler<'a> {
    pub(super) found: &'a mut Found,
}

impl Compiler<'_> {
    pub(super) fn error(&mut self, field: &str, message: &str) {
        self.found.errors.push(CompileError { field: field.to_owned(), message: message.to_owned() });
    }

    /// Notes an error and gives nothing.
    pub(super) fn refuse<T>(&mut self, field: &str, message: &str) -> Option<T> {
        self.error(field, message);
        None
    }

    pub(super) fn expression(&mut self, field: &str, source: &str) -> Option<Expression> {
        match Expression::compile(source, &mut Groups::named_in(&mut self.found.groups, field)) {
            Ok(expression) => Some(expression),
            Err(message) => self.refuse(field, &message),
        }
    }

    /// The places of groups, which must not be empty.
    pub(super) fn groups(&mut self, field: &str, groups: &[GroupRef], membership: Membership) -> Vec<usize> {
        if groups.is_empty() {
            self.error(field, "it is empty: name at least one group, or leave it out");
        }
        let mut places = Vec::with_capacity(groups.len());
        for (index, group) in groups.iter().enumerate() {
            let field = format!("{field}[{index}]");
            match Groups::named_in(&mut self.found.groups, &field).place(group.clone(), membership) {
                Ok(place) => places.push(place),
                Err(message) => self.error(&field, &message),
            }
        }
        places
    }

    /// A list of texts must have some, and none of them blank.
    pub(super) fn not_empty(&mut self, field: &str, texts: &[String]) {
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            self.error(field, "it is empty, or an entry in it is: write at least one, or leave it out");
        }
    }

    /// The name of an attribute, which must not be blank.
    pub(super) fn attribute(&mut self, field: &str, name: &str) -> Option<String> {
        if name.trim().is_empty() {
            return self.refuse(field, "name an attribute of the directory");
        }
        Some(name.to_owned())
    }
}
