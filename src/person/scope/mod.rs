//! Whether a person is in scope. What a directory decides itself (`segment`, `filter`) is not decided again here.
//!
//! Empty means nobody: what would include everybody by being empty is refused (L18). What cannot be decided is not out:
//! an undecided person counts as seen (L1).

mod clauses;
mod glob;
mod pattern;

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use crate::api::{self, DisabledAccounts, Membership, ScopeMode};

use super::compile::Compiler;
use super::{Person, values};
use pattern::Pattern;

/// Whether a person is in scope.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ScopeDecision {
    /// Is in.
    In,
    /// Is out: an owned contact of theirs is a leaver's.
    Out(OutReason),
    /// Could not be decided: counts as seen, and is neither created nor removed (L1).
    Undecided(UndecidedReason),
}

/// Why a person is out of scope.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum OutReason {
    /// Neither list nor pattern takes them in.
    NotInScope,
    /// `exclude` keeps them out.
    Excluded,
    /// The account is disabled.
    Disabled,
}

/// Why it could not be decided. Holds nothing of the person but the name of an attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum UndecidedReason {
    /// The expression needs an attribute that the person lacks.
    MissingAttribute(String),
    /// The expression failed; what went wrong, in words.
    Expression(String),
    /// The expression gave neither true nor false.
    NotBool,
}

impl fmt::Display for UndecidedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingAttribute(name) => {
                write!(f, "scope.pattern.expression needs the attribute {name:?}: guard it with has()")
            }
            Self::Expression(message) => write!(f, "scope.pattern.expression failed: {message}"),
            Self::NotBool => f.write_str("scope.pattern.expression gave neither true nor false"),
        }
    }
}

/// A compiled scope.
pub(super) struct Scope {
    excluded_groups: Vec<usize>,
    excluded_ids: HashSet<String>,
    disabled: DisabledAccounts,
    body: Body,
}

enum Body {
    List { groups: Vec<usize>, categories: Option<Categories> },
    Pattern(Pattern),
}

struct Categories {
    attribute: String,
    lower_case: HashSet<String>,
}

impl Scope {
    pub(super) fn compile(scope: &api::Scope, compiler: &mut Compiler<'_>) -> Option<Self> {
        let body = match (scope.mode, &scope.list, &scope.pattern) {
            (ScopeMode::List, Some(list), None) => list_body(list, compiler),
            (ScopeMode::Pattern, None, Some(pattern)) => Pattern::compile(pattern, compiler).map(Body::Pattern),
            (ScopeMode::List, ..) => compiler.refuse("scope", "mode is List, so set scope.list and not scope.pattern"),
            (ScopeMode::Pattern, ..) => {
                compiler.refuse("scope", "mode is Pattern, so set scope.pattern and not scope.list")
            }
        };
        let (mut excluded_groups, mut excluded_ids) = (Vec::new(), HashSet::new());
        if let Some(exclude) = &scope.exclude {
            if exclude.groups.is_none() && exclude.ids.is_none() {
                compiler.error(
                    "scope.exclude",
                    "an empty exclude would exclude nobody: give groups or ids, or leave it out",
                );
            }
            if let Some(groups) = &exclude.groups {
                excluded_groups = compiler.groups("scope.exclude.groups", groups, Membership::Nested);
            }
            if let Some(ids) = &exclude.ids {
                compiler.not_empty("scope.exclude.ids", ids);
                excluded_ids = ids.iter().cloned().collect();
            }
        }
        Some(Self { excluded_groups, excluded_ids, disabled: scope.disabled_accounts.unwrap_or_default(), body: body? })
    }

    pub(super) fn decide(&self, person: &Person) -> ScopeDecision {
        if self.excluded_ids.contains(person.id.as_str()) || member_of_any(person, &self.excluded_groups) {
            return ScopeDecision::Out(OutReason::Excluded);
        }
        if person.disabled && self.disabled == DisabledAccounts::Exclude {
            return ScopeDecision::Out(OutReason::Disabled);
        }
        let in_scope =
            match &self.body {
                Body::List { groups, categories } => Ok(member_of_any(person, groups)
                    || categories.as_ref().is_some_and(|categories| categories.hold(person))),
                Body::Pattern(pattern) => pattern.holds(person),
            };
        match in_scope {
            Ok(true) => ScopeDecision::In,
            Ok(false) => ScopeDecision::Out(OutReason::NotInScope),
            Err(reason) => ScopeDecision::Undecided(reason),
        }
    }

    pub(super) fn attributes(&self, all: &mut BTreeSet<String>) {
        match &self.body {
            Body::List { categories, .. } => {
                all.extend(categories.iter().map(|categories| categories.attribute.clone()));
            }
            Body::Pattern(pattern) => pattern.attributes(all),
        }
    }

    /// The groups of which a person must be in one, where that alone bounds the scope.
    pub(super) fn only_members_of(&self) -> Vec<usize> {
        match &self.body {
            Body::List { groups, categories: None } => groups.clone(),
            Body::List { .. } | Body::Pattern(_) => Vec::new(),
        }
    }
}

impl Categories {
    fn hold(&self, person: &Person) -> bool {
        values::present(person, &self.attribute)
            .filter_map(values::as_matchable)
            .any(|value| self.lower_case.contains(&value.trim().to_lowercase()))
    }
}

fn list_body(list: &api::ListScope, compiler: &mut Compiler<'_>) -> Option<Body> {
    if list.groups.is_none() && list.categories.is_none() {
        return compiler
            .refuse("scope.list", "an empty list would include nobody: name at least one group or category");
    }
    let membership = list.membership.unwrap_or_default();
    let groups =
        list.groups.as_ref().map_or_else(Vec::new, |groups| compiler.groups("scope.list.groups", groups, membership));
    let categories = match (&list.categories, &list.category_attribute) {
        (None, None) => None,
        (Some(categories), Some(attribute)) => {
            compiler.not_empty("scope.list.categories", categories);
            let attribute = compiler.attribute("scope.list.categoryAttribute", attribute)?;
            let lower_case = categories.iter().map(|category| category.trim().to_lowercase()).collect();
            Some(Categories { attribute, lower_case })
        }
        (Some(_), None) | (None, Some(_)) => {
            return compiler.refuse("scope.list", "categories and categoryAttribute go together");
        }
    };
    Some(Body::List { groups, categories })
}

fn member_of_any(person: &Person, groups: &[usize]) -> bool {
    groups.iter().any(|group| person.groups.contains(*group))
}

#[cfg(test)]
mod tests;
