//! How each field is filled: what the manifest writes out, and the preset for the rest.

use std::collections::BTreeSet;

use super::form::{Domains, Form};
use super::spec::{Fixed, Spec, written_out};
use crate::api::{ContactSyncConnectionSpec, Preset, WhenAbsent};
use crate::contact::{Field, Value};
use crate::person::cel::Expression;
use crate::person::compile::Compiler;
use crate::person::preset::{self, Fill};

/// How one field is filled.
pub(in crate::person) struct Plan {
    pub(in crate::person) field: Field,
    pub(super) source: Source,
    /// What stands for an absent value.
    pub(super) default: Option<Value>,
    /// Whether an absent value leaves what is there.
    pub(super) keep: bool,
    /// Whether all values are written.
    pub(super) each: bool,
    /// Whether the manifest writes it out itself, not a preset.
    pub(in crate::person) written: bool,
}

/// Where a field's value comes from.
pub(super) enum Source {
    /// The first of these attributes that a person has.
    Attributes(Vec<String>),
    /// The same for everybody; `None` empties the field.
    Fixed(Option<Value>),
    /// An expression.
    Expression(Expression),
}

impl Plan {
    /// Puts the attributes that it reads into `all`.
    pub(in crate::person) fn attributes(&self, all: &mut BTreeSet<String>) {
        match &self.source {
            Source::Attributes(chain) => all.extend(chain.iter().cloned()),
            Source::Fixed(_) => {}
            Source::Expression(expression) => all.extend(expression.attributes().iter().cloned()),
        }
    }

    /// Where its value comes from, for people.
    pub(in crate::person) fn origin(&self) -> String {
        match &self.source {
            Source::Attributes(chain) => chain.join(" // "),
            Source::Fixed(_) => "a fixed value".to_owned(),
            Source::Expression(_) => "an expression".to_owned(),
        }
    }
}

/// The plans of all mapped fields, sorted by field.
pub(in crate::person) fn plans(
    spec: &ContactSyncConnectionSpec,
    domains: Option<&Domains>,
    compiler: &mut Compiler<'_>,
) -> Vec<Plan> {
    let form = Form { country: None, domains };
    let mut seen = BTreeSet::new();
    let mut plans = Vec::new();
    for entry in written_out(&spec.mapping) {
        if !seen.insert(entry.field.clone()) {
            compiler.error(&path(&entry.field), "it is mapped twice: leave one of the two out");
        }
        plans.extend(plan(entry, form, compiler));
    }
    if spec.mapping.preset.unwrap_or_default() == Preset::Standard {
        for (field, fill) in preset::table(&spec.source).into_iter().filter(|(field, _)| !seen.contains(field)) {
            let source = match fill {
                Fill::First(attributes) => {
                    Some(Source::Attributes(attributes.iter().map(|name| (*name).to_owned()).collect()))
                }
                Fill::Expression(expression) => {
                    compiler.expression(&format!("{}.expression", path(&field)), expression).map(Source::Expression)
                }
            };
            plans.extend(source.map(|source| Plan {
                field,
                source,
                default: None,
                keep: false,
                each: false,
                written: false,
            }));
        }
    } else if !seen.contains(&Field::Email) {
        compiler.error(
            &path(&Field::Email),
            "with preset None, map identity.email: it is the portal sign-in key and no contact can be written without it",
        );
    }
    plans.sort_by(|a, b| a.field.cmp(&b.field));
    plans
}

fn plan(spec: Spec<'_>, form: Form<'_>, compiler: &mut Compiler<'_>) -> Option<Plan> {
    let at = path(&spec.field);
    if spec.value.is_some() && spec.default.is_some() {
        compiler.error(&at, "a fixed value needs no default");
    }
    let default = fixed(&spec.field, spec.default, form, compiler, &format!("{at}.default"));
    let source = match (spec.from, spec.value, spec.expression) {
        (Some(name), None, None) => {
            compiler.attribute(&format!("{at}.from"), name).map(|name| Source::Attributes(vec![name]))
        }
        (None, Some(value), None) => {
            let at = format!("{at}.value");
            if matches!(value, Fixed::Text(text) if text.trim().is_empty()) && !spec.field.clearable() {
                compiler.error(&at, "it is empty, and a contact is never left without");
            }
            Some(Source::Fixed(fixed(&spec.field, Some(value), form, compiler, &at)))
        }
        (None, None, Some(expression)) => {
            compiler.expression(&format!("{at}.expression"), expression).map(Source::Expression)
        }
        _ => compiler
            .refuse(&at, "fill a field with exactly one of from (an attribute), value (fixed) and expression (CEL)"),
    }?;
    let keep = spec.when_absent == Some(WhenAbsent::Keep);
    Some(Plan { field: spec.field, source, default, keep, each: spec.each, written: true })
}

/// A value that the manifest writes out; `None` for blank text and for what is refused.
fn fixed(
    field: &Field,
    value: Option<Fixed<'_>>,
    form: Form<'_>,
    compiler: &mut Compiler<'_>,
    at: &str,
) -> Option<Value> {
    match value? {
        Fixed::Flag(flag) => Some(Value::Flag(flag)),
        Fixed::Text(text) => match form.written(field, text) {
            Ok(text) => text.map(Value::Text),
            Err(problem) => compiler.refuse(at, &problem.to_string()),
        },
    }
}

fn path(field: &Field) -> String {
    format!("mapping.{field}")
}
