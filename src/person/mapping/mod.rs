//! What each mapped field of a person's contact should be.
//!
//! A field is filled from an attribute, a fixed value or an expression; absent values take the default, then `whenAbsent`
//! decides. What could not be computed keeps what the contact has and is told (L1).

mod form;
mod plan;
mod spec;
mod value;

use crate::contact::{Field, FieldKind, Value, Wanted};

use super::Person;
use super::error::{FieldProblem, Problem};
pub(super) use form::Domains;
use form::Form;
pub(super) use plan::Plan;
pub(super) use plan::plans;

/// What the contact of one person should be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// What is wanted of each field, in the order of [`crate::person::Program::fields`].
    pub wanted: Vec<Wanted>,
    /// The fields that could not be computed.
    pub problems: Vec<FieldProblem>,
}

/// Maps a person by plans that are sorted by field.
pub(super) fn map(plans: &[Plan], domains: Option<&Domains>, person: &Person) -> Mapped {
    let mut mapped = Mapped { wanted: Vec::with_capacity(plans.len()), problems: Vec::new() };
    // The country says how national phone numbers are dialled, so it comes first, once.
    let abroad = Form { country: None, domains };
    let country = plans.iter().find(|plan| plan.field == Field::Country).map(|plan| wanted(plan, abroad, person));
    let dialled = match &country {
        Some(Ok(Wanted::Set(Value::Text(code)))) => Some(code.clone()),
        Some(Ok(_) | Err(_)) | None => None,
    };
    let mut country = country;
    let form = Form { country: dialled.as_deref(), domains };
    for plan in plans {
        let known = if plan.field == Field::Country { country.take() } else { None };
        mapped.wanted.push(known.unwrap_or_else(|| wanted(plan, form, person)).unwrap_or_else(|problem| {
            mapped.problems.push(FieldProblem { field: plan.field.clone(), problem });
            Wanted::Keep
        }));
    }
    mapped
}

fn wanted(plan: &Plan, form: Form<'_>, person: &Person) -> Result<Wanted, Problem> {
    let value = if plan.field.kind() == FieldKind::Flag {
        value::flag(&plan.source, person)?.map(|flag| Wanted::Set(Value::Flag(flag)))
    } else {
        value::texts(plan, form, person)?
    };
    match (value, &plan.default) {
        (Some(wanted), _) => Ok(wanted),
        (None, Some(default)) => Ok(Wanted::Set(default.clone())),
        (None, None) if plan.keep => Ok(Wanted::Keep),
        // A grant goes with the attribute that gave it (L15, L17).
        (None, None) if plan.field.kind() == FieldKind::Flag => Ok(Wanted::Set(Value::Flag(false))),
        (None, None) if plan.field.clearable() => Ok(Wanted::Clear),
        (None, None) => Err(Problem::Missing),
    }
}

#[cfg(test)]
mod tests;
