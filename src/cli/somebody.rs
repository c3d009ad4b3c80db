//! Somebody on paper: what the directory says of them, whether they are in scope, and what their contact would be.

use serde_json::Value;

use super::printer::bold;
use crate::sync::check::{FieldOutcome, FieldReport, PersonReport, ScopeReport, ScopeWord};

/// A person, line by line.
pub(super) fn lines(person: &PersonReport) -> Vec<String> {
    let mut lines = vec![String::new(), format!("  {}", bold(&format!("person {}", plain(&person.id))))];
    if let Some(location) = &person.location {
        lines.push(format!("    lies at {}", plain(location)));
    }
    if person.disabled {
        lines.push("    the account is disabled".to_owned());
    }
    lines.push("    attributes".to_owned());
    let rows = person.attributes.iter().flat_map(|(name, value)| attribute(name, value));
    lines.extend(aligned(rows.collect()));
    match &person.scope {
        None => lines.push("    scope and mapping cannot be told, see above".to_owned()),
        Some(scope) => {
            lines.extend(decision(scope));
            lines.push("    contact".to_owned());
            lines.extend(aligned(person.fields.iter().map(field).collect()));
        }
    }
    lines
}

/// A line for each value, under the name that a manifest has for it.
fn attribute(name: &str, value: &Value) -> Vec<(String, String)> {
    // A SCIM extension.
    let between = if name.starts_with("urn:") { ':' } else { '.' };
    within(name, between, value)
}

fn within(name: &str, between: char, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Array(values) => values.iter().flat_map(|value| element(name, value)).collect(),
        Value::Object(members) if !members.is_empty() => {
            let part = |(member, value)| within(&format!("{name}{between}{member}"), '.', value);
            members.iter().flat_map(part).collect()
        }
        one => vec![(plain(name), one.to_string())],
    }
}

/// One of a list: chosen by its kind, or by being primary.
fn element(name: &str, value: &Value) -> Vec<(String, String)> {
    let Value::Object(members) = value else { return within(name, '.', value) };
    let kind = |key: &str| members.get(key).and_then(Value::as_str).filter(|kind| !kind.is_empty());
    let is_primary = members.get("primary").is_some_and(|flag| *flag == true);
    let Some(label) = kind("customType").or_else(|| kind("type")).or(is_primary.then_some("primary")) else {
        return within(name, '.', value);
    };
    let name = format!("{name}[{label}]");
    let parts = members.iter().filter(|(member, _)| !matches!(member.as_str(), "type" | "customType" | "primary"));
    let part = |(member, value): (&String, &Value)| match member.as_str() {
        "value" => within(&name, '.', value),
        member => within(&format!("{name}.{member}"), '.', value),
    };
    parts.flat_map(part).collect()
}

fn decision(scope: &ScopeReport) -> Vec<String> {
    let word = match scope.decision {
        ScopeWord::In => "in scope",
        ScopeWord::Out => "out of scope",
        ScopeWord::Undecided => "scope cannot be decided",
    };
    let reason = scope.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut lines = vec![format!("    {word}{reason}")];
    let clauses = scope.clauses.iter().map(|clause| {
        let holds = match clause.holds {
            Some(true) => "yes",
            Some(false) => "no",
            None => "?",
        };
        (clause.field.to_owned(), format!("{holds:<3}  {}", clause.asks))
    });
    lines.extend(aligned(clauses.collect()));
    lines
}

fn field(field: &FieldReport) -> (String, String) {
    let value = field.value.as_ref().map(ToString::to_string).unwrap_or_default();
    let told = match field.outcome {
        FieldOutcome::Set => format!("{value} (from {})", field.from),
        FieldOutcome::OneOf => format!("one of {value} (from {})", field.from),
        FieldOutcome::Clear => format!("empty (from {})", field.from),
        FieldOutcome::Keep => format!("left as it is (from {})", field.from),
        FieldOutcome::Problem => {
            format!("cannot be mapped (from {}): {}", field.from, field.problem.as_deref().unwrap_or_default())
        }
    };
    (field.field.clone(), told)
}

/// Without what a terminal would obey. Values are JSON, which escapes it.
fn plain(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

fn aligned(rows: Vec<(String, String)>) -> Vec<String> {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    rows.into_iter().map(|(name, value)| format!("      {name:<width$}  {value}")).collect()
}
