//! Scope and mapping: a connection compiled, people decided on and mapped.
//!
//! - Nothing panics, whatever stands in glob, regex, expression or record, and none takes long.
//! - L15: name and email are never cleared. L17: portal access comes of a literal true, and the email lies in the
//!   connection's domains. L1: what could not be computed keeps what is there.
//! - Who is excluded is out, who is disabled is out unless they are asked for. The same record decides the same.
//! - The order of an attribute's values means nothing, where no expression sees it.
//! - L14: every value's canonical form is its own, and means the same as the value. L20: no message holds a value.
#![no_main]

use contactsync::person::{OutReason, Person, Program, ScopeDecision};
use contactsync_fuzz::cel::{Cel, NAMES, pick};
use contactsync_fuzz::checks::{self, MARK, turned};
use contactsync_fuzz::program::{Input, Scope, Source};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(
    init: checks::prepare(),
    |input: Input| {
        let Some(spec) = input.spec() else { return };
        let Ok(program) = Program::compile(&spec) else { return };
        for someone in input.people.iter().take(4) {
            let person = someone.person();
            let decision = program.decide(&person);
            decided(&input, &program, &person, &decision);
            let mapped = program.map(&person);
            assert_eq!(program.map(&person), mapped);
            checks::mapped(&program, &person, &mapped, &|person| granted(&input, person));
            if input.fields.iter().all(|field| !matches!(field.source, Source::Expression(_))) {
                assert_eq!(program.map(&turned(&person)), mapped, "the order of values means nothing");
            }
            if !format!("{spec:?}").contains(MARK) {
                checks::told(&program, person);
            }
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
