//! Scope and mapping: a connection compiled, people decided on and mapped.
//!
//! - Nothing panics, whatever stands in glob, regex, expression or record, and none takes long.
//! - L15: name and email are never cleared. L17: portal access comes of a literal true, and the email lies in the
//!   connection's domains. L1: what could not be computed keeps what is there.
//! - Who is excluded is out, who is disabled is out unless they are asked for. The same record decides the same.
//! - The order of an attribute's values means nothing, where no expression sees it.
//! - L14: every value's canonical form is its own, and means the same as the value. L20: no message holds a value.
#![no_main]

use contactsync::contact::{self, Field, Value, Wanted};
use contactsync::person::{Mapped, OutReason, Person, Program, ScopeDecision};
use contactsync_fuzz::cel::{Cel, NAMES, pick};
use contactsync_fuzz::program::{Input, Scope, Source};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// What no manifest and no message of ours holds.
const MARK: char = '\u{2603}';

fuzz_target!(
    init: {
        // The evaluator's own panics are caught over each record, by design; who does not catch one still ends the run.
        let abort = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let foreign = |file: &str| file.contains("/registry/") || file.starts_with("/rustc/");
            if !info.location().is_some_and(|at| foreign(at.file())) {
                abort(info);
            }
        }));
    },
    |input: Input| {
        let Some(spec) = input.spec() else { return };
        let Ok(program) = Program::compile(&spec) else { return };
        for someone in input.people.iter().take(4) {
            let person = someone.person();
            let decision = program.decide(&person);
            decided(&input, &program, &person, &decision);
            let mapped = program.map(&person);
            assert_eq!(program.map(&person), mapped);
            checked(&input, &program, &person, &mapped);
            told(&program, person, &spec);
        }
    }
);

fn decided(input: &Input, program: &Program, person: &Person, decision: &ScopeDecision) {
    assert_eq!(program.decide(person), *decision);
    if input.exclude.is_some_and(|id| person.id.as_str() == format!("p{}", id % 4)) {
        assert_eq!(*decision, ScopeDecision::Out(OutReason::Excluded));
    } else if person.disabled && !input.include_disabled {
        assert_eq!(*decision, ScopeDecision::Out(OutReason::Disabled));
    }
    if !matches!(input.scope, Scope::Expression(_)) {
        assert_eq!(program.decide(&turned(person)), *decision, "the order of values means nothing");
    }
}

/// The same person, the values of each attribute in the other order.
fn turned(person: &Person) -> Person {
    let mut turned = person.clone();
    turned.attributes.values_mut().for_each(|values| values.reverse());
    turned
}

fn checked(input: &Input, program: &Program, person: &Person, mapped: &Mapped) {
    assert_eq!(mapped.wanted.len(), program.fields().len());
    for (field, wanted) in program.fields().iter().zip(&mapped.wanted) {
        if mapped.problems.iter().any(|problem| problem.field == *field) {
            assert_eq!(*wanted, Wanted::Keep, "L1: {field}");
        }
        assert!(*wanted != Wanted::Clear || field.clearable(), "L15: {field} is cleared");
        let values: Vec<Value> = match wanted {
            Wanted::Set(value) => vec![value.clone()],
            Wanted::OneOf(texts) => texts.iter().cloned().map(Value::Text).collect(),
            Wanted::Clear | Wanted::Keep => Vec::new(),
        };
        values.iter().for_each(|value| canonical(field, value));
        match field {
            Field::Email => values.iter().for_each(ours),
            Field::PortalAccess if values == [Value::Flag(true)] => granted(input, person),
            _ => {}
        }
    }
    if input.fields.iter().all(|field| !matches!(field.source, Source::Expression(_))) {
        assert_eq!(program.map(&turned(person)), *mapped, "the order of values means nothing");
    }
}

fn canonical(field: &Field, value: &Value) {
    let kind = field.kind();
    let once = contact::canonical(kind, value).into_owned();
    assert_eq!(*contact::canonical(kind, &once), once, "L14: {field}");
    assert!(contact::same(field, Some(value), Some(&once)), "L14: {field}");
    let print = |value| contact::fingerprint([(field, Some(value))].into_iter());
    assert_eq!(print(value), print(&once), "L14: {field}");
    let texts = match value {
        Value::Text(text) => std::slice::from_ref(text),
        Value::Texts(texts) => texts,
        Value::Flag(_) => &[],
    };
    assert!(texts.iter().all(|text| !text.trim().is_empty()), "{field} is empty, not absent");
}

fn ours(value: &Value) {
    let Value::Text(email) = value else { panic!("an email is one text") };
    let domain = contact::form::domain_of(email).expect("a domain");
    assert!(["acme.example", "xn--bcher-kva.example"].contains(&domain.as_str()), "L17: a stranger's domain");
}

fn granted(input: &Input, person: &Person) {
    let Some(field) = input.field("access.portalAccess") else { panic!("L17: nobody mapped it") };
    let values = |name: u8| {
        let values = person.attributes.get(pick(&NAMES, name)).into_iter().flatten();
        values.filter(|value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty()))
    };
    let is_true = |value: &serde_json::Value| {
        *value == json!(true) || value.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    };
    let by_default = field.default.is_some_and(|text| text.len() % 2 == 1);
    match &field.source {
        Source::Value(text) => assert!(text.len() % 2 == 1, "L17: a fixed value"),
        Source::From(name) => {
            let none = values(*name).next().is_none();
            assert!(if none { by_default } else { values(*name).all(is_true) }, "L17: no literal true");
        }
        Source::Expression(Cel::Person(name)) => {
            assert!(by_default || values(*name).any(|value| *value == json!(true)), "L17: no literal true");
        }
        Source::Expression(_) => {}
    }
}

/// L20: with every text of the record marked, no message shows a mark.
fn told(program: &Program, mut person: Person, spec: &contactsync::api::ContactSyncConnectionSpec) {
    if format!("{spec:?}").contains(MARK) {
        return;
    }
    for value in person.attributes.values_mut().flatten() {
        if let serde_json::Value::String(text) = value {
            text.push(MARK);
        }
    }
    if let ScopeDecision::Undecided(reason) = program.decide(&person) {
        assert!(!reason.to_string().contains(MARK), "L20: {reason}");
    }
    for problem in program.map(&person).problems {
        assert!(!problem.to_string().contains(MARK), "L20: {problem}");
    }
}
