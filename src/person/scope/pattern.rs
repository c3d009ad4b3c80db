//! `scope.pattern`: what a person's record says.

use std::collections::BTreeSet;

use kube_cel::cel::Value;
use regex::Regex;

use super::{UndecidedReason, glob};
use crate::api::{Match, PatternScope};
use crate::person::bounds;
use crate::person::cel::{Expression, Failure};
use crate::person::compile::Compiler;
use crate::person::{Person, values};

/// A compiled pattern; all in it must hold.
pub(super) struct Pattern {
    matcher: Option<Matcher>,
    expression: Option<Expression>,
    /// The fields that the directory decides.
    asked: Vec<&'static str>,
}

struct Matcher {
    attribute: String,
    regex: Regex,
}

impl Pattern {
    pub(super) fn compile(pattern: &PatternScope, compiler: &mut Compiler<'_>) -> Option<Self> {
        let PatternScope { segment, match_, expression, filter } = pattern;
        if segment.is_none() && match_.is_none() && expression.is_none() && filter.is_none() {
            return compiler.refuse(
                "scope.pattern",
                "an empty pattern would include everybody: give segment, match, expression or filter",
            );
        }
        let mut asked = Vec::new();
        for (field, text) in [("scope.pattern.segment", segment), ("scope.pattern.filter", filter)] {
            if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
                compiler.error(field, "it is empty, which would include everybody: write it, or leave it out");
            }
            asked.extend(text.as_ref().map(|_text| field));
        }
        let matcher = match_.as_ref().map(|match_| Matcher::compile(match_, compiler));
        let expression = expression.as_ref().map(|source| compiler.expression("scope.pattern.expression", source));
        Some(Self { matcher: whole(matcher)?, expression: whole(expression)?, asked })
    }

    pub(super) fn holds(&self, person: &Person) -> Result<bool, UndecidedReason> {
        if self.matches(person).is_some_and(|(_, holds)| !holds) {
            return Ok(false);
        }
        self.evaluates(person).unwrap_or(Ok(true))
    }

    /// The attribute that `match` looks at, and whether it matches; `None` where the pattern has no `match`.
    pub(super) fn matches(&self, person: &Person) -> Option<(&str, bool)> {
        self.matcher.as_ref().map(|matcher| (matcher.attribute.as_str(), matcher.holds(person)))
    }

    /// What the expression says; `None` where the pattern has none.
    pub(super) fn evaluates(&self, person: &Person) -> Option<Result<bool, UndecidedReason>> {
        Some(match self.expression.as_ref()?.evaluate(person) {
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(_) => Err(UndecidedReason::NotBool),
            Err(Failure::Missing(attribute)) => Err(UndecidedReason::MissingAttribute(attribute)),
            Err(Failure::Failed(message)) => Err(UndecidedReason::Expression(message)),
        })
    }

    /// The fields that the directory decides.
    pub(super) fn asked_of_the_directory(&self) -> &[&'static str] {
        &self.asked
    }

    pub(super) fn attributes(&self, all: &mut BTreeSet<String>) {
        all.extend(self.matcher.iter().map(|matcher| matcher.attribute.clone()));
        all.extend(self.expression.iter().flat_map(Expression::attributes).cloned());
    }
}

/// `None` where a part is given but was refused, so that it is never taken for one that is not there.
#[expect(clippy::option_option, reason = "given and good, given and refused, not given")]
fn whole<T>(part: Option<Option<T>>) -> Option<Option<T>> {
    part.map_or(Some(None), |part| part.map(Some))
}

impl Matcher {
    fn compile(match_: &Match, compiler: &mut Compiler<'_>) -> Option<Self> {
        let attribute = compiler.attribute("scope.pattern.match.attribute", &match_.attribute)?;
        let (field, regex) = match (&match_.glob, &match_.regex) {
            (Some(glob), None) if !glob.is_empty() => {
                ("scope.pattern.match.glob", glob::to_regex(glob).and_then(|pattern| whole_value(&pattern)))
            }
            (None, Some(pattern)) if !pattern.is_empty() => ("scope.pattern.match.regex", whole_value(pattern)),
            _ => return compiler.refuse("scope.pattern.match", "give exactly one of glob and regex, not empty"),
        };
        match regex {
            Ok(regex) => Some(Self { attribute, regex }),
            Err(message) => compiler.refuse(field, &message),
        }
    }

    fn holds(&self, person: &Person) -> bool {
        values::present(person, &self.attribute)
            .filter_map(values::as_matchable)
            .any(|value| self.regex.is_match(&value))
    }
}

/// A pattern that must match a value from end to end. It is compiled alone first: what is whole only within our brackets
/// (`a)|(b`) is no pattern.
fn whole_value(pattern: &str) -> Result<Regex, String> {
    bounds::regex(pattern)?;
    bounds::regex(&format!(r"\A(?:{pattern})\z"))
}
