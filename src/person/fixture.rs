//! People and programs for tests.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{CompileError, GroupSet, Person, PersonId, Program};
use crate::api::ContactSyncConnectionSpec;

/// A person with the attributes of a JSON object; lists are several values.
pub(crate) fn person(id: &str, attributes: Json) -> Person {
    let Json::Object(members) = attributes else { panic!("attributes are an object") };
    let attributes = members.into_iter().map(|(name, value)| {
        let values = if let Json::Array(values) = value { values } else { vec![value] };
        (Arc::from(name.as_str()), values)
    });
    Person {
        id: PersonId::new(id).unwrap(),
        attributes: attributes.collect(),
        groups: GroupSet::default(),
        location: None,
        disabled: false,
        in_query: true,
    }
}

/// A spec with the given scope, mapping and more (YAML flow mappings), reading JSON Lines.
pub(crate) fn spec(scope: &str, mapping: &str, more: &str) -> ContactSyncConnectionSpec {
    let yaml = format!(
        "state: Enabled
workspaceRef: {{name: acme}}
source: {{type: File, file: {{path: people.jsonl, format: JSONL, idField: id}}}}
scope: {scope}
mapping: {mapping}
leavers: {{policy: Deactivate}}
deletionPolicy: Keep
{more}
"
    );
    serde_yaml::from_str(&yaml).unwrap_or_else(|error| panic!("{error}: {yaml}"))
}

/// A scope that takes everybody who has an id.
pub(crate) const ANYBODY: &str = "{mode: Pattern, pattern: {match: {attribute: id, glob: '*'}}}";

/// A program that must compile.
pub(crate) fn program(scope: &str, mapping: &str, more: &str) -> Program {
    Program::compile(&spec(scope, mapping, more)).unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// The errors of a program that must not compile.
pub(crate) fn errors(scope: &str, mapping: &str, more: &str) -> Vec<CompileError> {
    Program::compile(&spec(scope, mapping, more))
        .err()
        .unwrap_or_else(|| panic!("{scope} {mapping} {more} is accepted"))
}
