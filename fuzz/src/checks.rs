//! What holds of every person that is mapped, whatever the program.

use contactsync::contact::{self, Field, Value, Wanted};
use contactsync::person::{Mapped, Person, Program, ScopeDecision};

/// What no manifest and no message of ours holds.
pub const MARK: char = '\u{2603}';

/// The evaluator's own panics are caught over each record, by design; one that nobody catches still ends the run. The
/// table of the world's phone numbers is loaded once, at the first number: here, so that no input pays for it.
pub fn prepare() {
    contact::form::written_phone("08 123 456 78", Some("SE"));
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let foreign = |file: &str| file.contains("/registry/") || file.starts_with("/rustc/");
        if !info.location().is_some_and(|at| foreign(at.file())) {
            abort(info);
        }
    }));
}

/// The same person, the values of each attribute in the other order.
pub fn turned(person: &Person) -> Person {
    let mut turned = person.clone();
    turned.attributes.values_mut().for_each(|values| values.reverse());
    turned
}

/// L1, L14, L15 and L17 of what was mapped; `granted` says why this person may have portal access.
pub fn mapped(program: &Program, person: &Person, mapped: &Mapped, granted: &dyn Fn(&Person)) {
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
            Field::PortalAccess if values == [Value::Flag(true)] => granted(person),
            _ => {}
        }
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

/// L20: with every text of the record marked, no message shows a mark.
pub fn told(program: &Program, mut person: Person) {
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
