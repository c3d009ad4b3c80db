//! What an expression can see of a person, as variables that the checker puts in place of `person.x` and the like.
//!
//! Each attribute is a variable of its own: only what an expression touches is converted, and one that is missing is
//! told apart from every other error by its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kube_cel::cel::Value;
use kube_cel::cel::context::VariableResolver;
use kube_cel::cel::objects::{Key, Map};
use serde_json::Value as Json;

use crate::person::{Person, values};

/// How many steps one evaluation may take: each round of a macro is one, and so is each KiB of text that is looked up.
pub(super) const MAX_STEPS: usize = 4096;
/// How deep JSON may be nested to be seen by an expression; what lies deeper is null.
const MAX_DEPTH: usize = 32;

/// A variable that stands for a part of a person. Its name begins with `@`, which no identifier in CEL can.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Variable {
    /// `person.a.b`: the attribute, then the members of a JSON object in it.
    Attribute(Vec<String>),
    /// `values.a`.
    Values(Vec<String>),
    /// `has(person.a.b)`, `has(values.a)`.
    Has(Vec<String>),
    /// `inGroup()` of the group at this place.
    Group(usize),
    /// One round of a macro.
    Tick,
}

impl Variable {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Attribute(path) => format!("@person\0{}", path.join("\0")),
            Self::Values(path) => format!("@values\0{}", path.join("\0")),
            Self::Has(path) => format!("@has\0{}", path.join("\0")),
            Self::Group(place) => format!("@group\0{place}"),
            Self::Tick => "@tick".to_owned(),
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let path = |rest: &str| rest.split('\0').map(ToOwned::to_owned).collect();
        match name.split_once('\0') {
            None => (name == "@tick").then_some(Self::Tick),
            Some(("@person", rest)) => Some(Self::Attribute(path(rest))),
            Some(("@values", rest)) => Some(Self::Values(path(rest))),
            Some(("@has", rest)) => Some(Self::Has(path(rest))),
            Some(("@group", rest)) => rest.parse().ok().map(Self::Group),
            Some(_) => None,
        }
    }
}

/// The variables of one evaluation.
pub(super) struct Scope<'a> {
    person: &'a Person,
    steps: AtomicUsize,
}

impl<'a> Scope<'a> {
    pub(super) fn new(person: &'a Person) -> Self {
        Self { person, steps: AtomicUsize::new(0) }
    }

    /// Whether the evaluation took more steps than it may, whatever came out of it.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps.load(Ordering::Relaxed) > MAX_STEPS
    }

    /// Takes steps; `None` when there are none left.
    fn step(&self, steps: usize) -> Option<()> {
        (self.steps.fetch_add(steps, Ordering::Relaxed) + steps <= MAX_STEPS).then_some(())
    }

    fn attribute(&self, path: &str) -> Option<&'a Json> {
        let mut path = path.split('\0');
        let value = values::smallest(values::present(self.person, path.next()?))?;
        path.try_fold(value, |value, member| value.get(member)).filter(|value| values::is_present(value))
    }
}

impl VariableResolver for Scope<'_> {
    fn resolve(&self, name: &str) -> Option<Value> {
        if !name.starts_with('@') {
            return None;
        }
        match name.split_once('\0') {
            None if name == "@tick" => self.step(1).map(|()| Value::Bool(true)),
            Some(("@person", path)) => {
                let value = self.attribute(path)?;
                self.step(kibibytes(value))?;
                Some(from_json(value, MAX_DEPTH))
            }
            Some(("@values", name)) => {
                self.step(values::present(self.person, name).map(kibibytes).sum())?;
                let all: Vec<_> = values::present(self.person, name).map(|value| from_json(value, MAX_DEPTH)).collect();
                (!all.is_empty()).then(|| Value::List(Arc::new(all)))
            }
            Some(("@has", path)) => Some(Value::Bool(self.attribute(path).is_some())),
            Some(("@group", place)) => Some(Value::Bool(self.person.groups.contains(place.parse().ok()?))),
            // `@result` is the macros' own.
            None | Some(_) => None,
        }
    }
}

/// The size of the texts in a value, rounded down.
fn kibibytes(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() / 1024,
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::Array(items) => items.iter().map(kibibytes).sum(),
        Json::Object(members) => members.values().map(kibibytes).sum(),
    }
}

fn from_json(value: &Json, depth: usize) -> Value {
    match value {
        _ if depth == 0 => Value::Null,
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::Int(number),
            (None, Some(number), _) => Value::UInt(number),
            (None, None, Some(number)) => Value::Float(number),
            (None, None, None) => Value::Null,
        },
        Json::String(text) => Value::String(Arc::new(text.clone())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(|item| from_json(item, depth - 1)).collect())),
        Json::Object(members) => {
            let members = members.iter().map(|(key, value)| (Key::from(key.as_str()), from_json(value, depth - 1)));
            Value::Map(Map { map: Arc::new(members.collect()) })
        }
    }
}
