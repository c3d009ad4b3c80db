//! CEL expressions of a manifest, as Kubernetes evaluates them, over one person.
//!
//! `person.x` is the person's attribute, `values.x` the list of all its values, `inGroup('…')` and `inGroupID('…')` tell
//! membership. [`compile`](Expression::compile) checks an expression and finds what it needs; evaluation is bounded in
//! steps and in size. An expression sees only what a person has: there is no clock, no network, no other person.
#![allow(clippy::wildcard_enum_match_arm, reason = "the evaluator's enums grow; what comes new is refused")]

mod check;
mod functions;
mod scope;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kube_cel::cel::{ExecutionError, IdedExpr, Value};

use super::Person;
use super::groups::Groups;

/// An expression that was checked, with every attribute and group in it resolved to a variable of its own.
pub(super) struct Expression {
    expression: IdedExpr,
    attributes: BTreeSet<String>,
}

/// Why an expression gave no value for a person. No variant holds anything of the person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Failure {
    /// The person lacks this attribute.
    Missing(String),
    /// It failed; what went wrong, in words.
    Failed(String),
}

impl Expression {
    /// Checks an expression. The error says what is wrong and how to mend it.
    pub(super) fn compile(source: &str, groups: &mut Groups<'_>) -> Result<Self, String> {
        let (expression, attributes) = check::checked(source, groups)?;
        Ok(Self { expression, attributes })
    }

    /// The attributes it asks for.
    pub(super) fn attributes(&self) -> &BTreeSet<String> {
        &self.attributes
    }

    /// Its value for a person.
    pub(super) fn evaluate(&self, person: &Person) -> Result<Value, Failure> {
        let scope = scope::Scope::new(person);
        // The evaluator is not ours. Should it panic over one record, that record alone has no value.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            functions::with(|root| {
                let mut context = root.new_inner_scope();
                context.set_variable_resolver(&scope);
                context.resolve(&self.expression)
            })
        }));
        match outcome {
            // Also where || or exists() passed over the step that was refused.
            Ok(_) if scope.is_exhausted() => Err(Failure::Failed(format!(
                "it takes more than {} steps: use fewer or simpler macros",
                scope::MAX_STEPS
            ))),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(failure(&error)),
            Err(_panic) => Err(Failure::Failed("it cannot be evaluated for this person".to_owned())),
        }
    }
}

/// Tells an error without the values that it carries (L20).
fn failure(error: &ExecutionError) -> Failure {
    let message = match error {
        ExecutionError::UndeclaredReference(name) => match scope::Variable::parse(name) {
            Some(scope::Variable::Attribute(path) | scope::Variable::Values(path)) => {
                return Failure::Missing(path.join("."));
            }
            Some(scope::Variable::Tick | scope::Variable::Has(_) | scope::Variable::Group(_)) | None => {
                format!("{name:?} is not known")
            }
        },
        ExecutionError::NoSuchKey(_) => "a key is not there: guard it with has()".to_owned(),
        ExecutionError::IndexOutOfBounds(_) => {
            "an index lies outside its list: compare it with size() first".to_owned()
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".to_owned(),
        ExecutionError::Overflow(..) => "a number is too large".to_owned(),
        ExecutionError::FunctionError { function, .. } if function == functions::BOUNDED => {
            format!("a text or list in it grows beyond {} bytes", functions::MAX_BYTES)
        }
        ExecutionError::FunctionError { function, .. } => format!("{function}() cannot take these values"),
        ExecutionError::InvalidArgumentCount { expected, actual } => {
            format!("a function wants {expected} arguments and got {actual}")
        }
        _ => "an operator or function cannot take values of these types".to_owned(),
    };
    Failure::Failed(message)
}

#[cfg(test)]
mod tests;
