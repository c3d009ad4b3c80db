//! People through connections that are known to be right: `mapping` spends its time on compiling, this on records.
//!
//! - Nothing panics, whatever stands in a record; what holds of every mapping holds (`checks::mapped`, `checks::told`).
//! - The order of an attribute's values means nothing, but to an expression.
//! - L17: portal access comes of a literal true.
#![no_main]

use arbitrary::Arbitrary;
use contactsync::person::{Person, Program};
use contactsync_fuzz::checks::{self, turned};
use contactsync_fuzz::program::Someone;
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    people: Vec<Someone<'a>>,
}

thread_local! {
    /// Without and with expressions.
    static PROGRAMS: [Program; 2] = [plain(), expressions()].map(|mapping| Program::compile(&spec(mapping)).unwrap_or_else(|errors| panic!("{errors:?}")));
}

fn spec(mapping: Value) -> contactsync::api::ContactSyncConnectionSpec {
    let spec = json!({
        "state": "Enabled", "workspaceRef": {"name": "acme"}, "leavers": {"policy": "Deactivate"}, "deletionPolicy": "Keep",
        "source": {"type": "File", "file": {"path": "p.jsonl", "format": "JSONL", "idField": "id"}},
        "emailDomains": ["acme.example", "xn--bcher-kva.example"],
        "scope": {"mode": "Pattern", "pattern": {"match": {"attribute": "a", "glob": "*[!x]?*"}, "expression": "!has(person.c) || person.a != person.c"}},
        "mapping": mapping,
    });
    serde_json::from_value(spec).expect("a spec")
}

fn plain() -> Value {
    json!({
        "preset": "None",
        "identity": {"name": {"from": "a"}, "email": {"from": "mail"}, "company": {"from": "b", "default": "Acme"}, "notes": {"from": "c"}},
        "communication": {"phones": [{"label": "work", "from": "a"}, {"label": "mobile", "from": "b", "each": true}],
            "emails": [{"label": "work", "from": "mail", "each": true}]},
        "address": {"country": {"from": "c"}, "street": {"from": "b", "whenAbsent": "Keep"}},
        "access": {"portalAccess": {"from": "b"}, "emailNotifications": [{"type": "News", "from": "c"}]},
    })
}

fn expressions() -> Value {
    json!({
        "preset": "None",
        "identity": {"name": {"expression": "person.a.trim() + ' ' + person.b"}, "email": {"expression": "person.mail.lowerAscii()"},
            "company": {"expression": "person.c == 'x' ? person.a : values.b[0]"}, "division": {"expression": "person.a.split(' ')[1]"}},
        "communication": {"phones": [{"label": "work", "expression": "values.a.filter(x, x.startsWith('+'))", "each": true}]},
        "access": {"portalAccess": {"expression": "person.b"}},
    })
}

fn granted(person: &Person) {
    let values = person.attributes.get("b").into_iter().flatten();
    let is_true = |value: &Value| {
        *value == json!(true) || value.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case("true"))
    };
    assert!(values.into_iter().any(is_true), "L17: no literal true");
}

fuzz_target!(init: checks::prepare(), |input: Input| {
    PROGRAMS.with(|[plain, expressions]| {
        for someone in input.people.iter().take(8) {
            let person = someone.person();
            for program in [plain, expressions] {
                let mapped = program.map(&person);
                assert_eq!((program.map(&person), program.decide(&person)), (mapped.clone(), program.decide(&person)));
                checks::mapped(program, &person, &mapped, &granted);
                checks::told(program, person.clone());
            }
            assert_eq!(plain.map(&turned(&person)), plain.map(&person), "the order of values means nothing");
        }
    });
});
