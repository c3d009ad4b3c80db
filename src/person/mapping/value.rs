//! The values that a field's source gives for a person.

use std::borrow::Cow;
use std::collections::BTreeMap;

use kube_cel::cel::Value as Cel;
use serde_json::Value as Json;

use super::form::Form;
use super::plan::{Plan, Source};
use crate::contact::{FieldKind, Value, Wanted, canonical_text};
use crate::person::cel::{Expression, Failure};
use crate::person::error::Problem;
use crate::person::{Person, values};

/// One text as its source has it, or why it is none.
type Raw<'a> = Result<Cow<'a, str>, Problem>;

/// What a text field wants; `None` when the person has no value.
pub(super) fn texts(plan: &Plan, form: Form<'_>, person: &Person) -> Result<Option<Wanted>, Problem> {
    let raw: Vec<Raw<'_>> = match &plan.source {
        Source::Fixed(value) => return Ok(value.clone().map(Wanted::Set)),
        Source::Attributes(chain) => {
            let text = |value| values::as_text(value).ok_or(Problem::NotText);
            let mut found = attribute(chain, person);
            // Most people have one value, and then there is nothing to choose.
            match (found.next(), found.next()) {
                (Some(only), None) if !plan.each => {
                    return Ok(form.written(&plan.field, &text(only)?)?.map(|text| Wanted::Set(Value::Text(text))));
                }
                (first, second) => first.into_iter().chain(second).chain(found).map(text).collect(),
            }
        }
        Source::Expression(expression) => of_expression(expression, plan.each, person)?,
    };
    let mut problem: Option<Problem> = None;
    let mut good = Vec::new();
    for raw in raw {
        match raw.and_then(|raw| form.written(&plan.field, &raw)) {
            Ok(text) => good.extend(text),
            // Of several the same one, whatever the order they come in.
            Err(new) => problem = Some(problem.into_iter().fold(new, Ord::min)),
        }
    }
    // One of several may be chosen among the good ones; all of them are not all while one is bad.
    if let Some(problem) = problem.filter(|_| plan.each || good.is_empty()) {
        return Err(problem);
    }
    Ok(choose(distinct(plan.field.kind(), good), plan.each))
}

/// Texts sorted by canonical form, so that two spellings are one value; the smaller spelling stands for it.
fn distinct(kind: FieldKind, texts: Vec<String>) -> Vec<String> {
    if texts.len() < 2 {
        return texts;
    }
    let mut distinct: BTreeMap<String, String> = BTreeMap::new();
    for text in texts {
        let canonical = canonical_text(kind, &text).into_owned();
        if distinct.get(&canonical).is_none_or(|have| text < *have) {
            distinct.insert(canonical, text);
        }
    }
    distinct.into_values().collect()
}

fn choose(mut texts: Vec<String>, each: bool) -> Option<Wanted> {
    match (texts.len(), each) {
        (0, _) => None,
        (1, false) => texts.pop().map(|only| Wanted::Set(Value::Text(only))),
        (_, false) => Some(Wanted::OneOf(texts)),
        (_, true) => {
            texts.sort_unstable();
            Some(Wanted::Set(Value::Texts(texts)))
        }
    }
}

/// What a flag field is; `None` when the person has no value. Only the literal truth values count (L17).
pub(super) fn flag(source: &Source, person: &Person) -> Result<Option<bool>, Problem> {
    match source {
        Source::Fixed(Some(Value::Flag(flag))) => Ok(Some(*flag)),
        Source::Fixed(Some(Value::Text(_) | Value::Texts(_))) => Err(Problem::NotFlag),
        Source::Fixed(None) => Ok(None),
        Source::Attributes(chain) => {
            let mut flag = None;
            let mut contradiction = false;
            for value in attribute(chain, person) {
                let new = as_flag(value).ok_or(Problem::NotFlag)?;
                contradiction |= flag.is_some_and(|flag| flag != new);
                flag = Some(new);
            }
            if contradiction { Err(Problem::Contradiction) } else { Ok(flag) }
        }
        Source::Expression(expression) => match evaluate(expression, person)? {
            None | Some(Cel::Null) => Ok(None),
            Some(Cel::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(Problem::NotFlag),
        },
    }
}

fn as_flag(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(flag) => Some(*flag),
        Json::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Json::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        Json::String(_) | Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The values of the first attribute in a chain that the person has.
fn attribute<'a>(chain: &[String], person: &'a Person) -> impl Iterator<Item = &'a Json> + use<'a> {
    let first = chain.iter().find_map(|name| {
        let mut values = values::present(person, name).peekable();
        values.peek().is_some().then_some(values)
    });
    first.into_iter().flatten()
}

fn of_expression<'a>(expression: &Expression, each: bool, person: &Person) -> Result<Vec<Raw<'a>>, Problem> {
    Ok(match evaluate(expression, person)? {
        None | Some(Cel::Null) => Vec::new(),
        Some(Cel::List(items)) if each => items.iter().map(cel_text).collect(),
        Some(value) => vec![cel_text(&value)],
    })
}

/// `None` when an attribute is missing: the result is absent, not an error.
fn evaluate(expression: &Expression, person: &Person) -> Result<Option<Cel>, Problem> {
    match expression.evaluate(person) {
        Ok(value) => Ok(Some(value)),
        Err(Failure::Missing(_)) => Ok(None),
        Err(Failure::Failed(message)) => Err(Problem::Expression(message)),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all that an expression can give besides is no text")]
fn cel_text<'a>(value: &Cel) -> Raw<'a> {
    match value {
        Cel::String(text) => Ok(Cow::Owned(text.to_string())),
        Cel::Int(number) => Ok(Cow::Owned(number.to_string())),
        Cel::UInt(number) => Ok(Cow::Owned(number.to_string())),
        Cel::Float(number) if number.is_finite() => Ok(Cow::Owned(number.to_string())),
        _ => Err(Problem::NotText),
    }
}
