//! Manifests: YAML text, read and checked as `contactsync validate` does, scope and mapping compiled.
//!
//! - No text panics, or takes more than bounded time and memory, aliases and nesting included.
//! - All that is wrong has its place: the file, and a line that is there. The same text gives the same diagnostics.
//! - A connection or workspace in which nothing is wrong, written as JSON and read again, is the same and still right.
#![no_main]

use std::path::PathBuf;

use contactsync::api::ContactSyncConnectionSpec;
use contactsync::manifest::{Checks, Input, Loaded, check};
use contactsync::person::Program;
use libfuzzer_sys::fuzz_target;

fn compile(spec: &ContactSyncConnectionSpec) -> Vec<(String, String)> {
    let errors = Program::compile(spec).err().unwrap_or_default();
    errors.into_iter().map(|error| (error.field, error.message)).collect()
}

fn read(text: &str) -> Loaded {
    let input = Input::Text { name: PathBuf::from("m.yaml"), text: text.to_owned() };
    check(&[input], &Checks { compile: &compile, ..Checks::default() })
}

fuzz_target!(|text: &str| {
    let loaded = read(text);
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count();
    for said in &loaded.diagnostics {
        assert_eq!(said.file, PathBuf::from("m.yaml"), "{said}");
        assert!(said.line <= lines, "{said}: there are {lines} lines");
        assert!(said.line > 0 || loaded.diagnostics.len() == 1, "{said}: no line");
        assert!(!said.problem.is_empty(), "{said}");
    }
    assert_eq!(read(text).diagnostics, loaded.diagnostics);
    if loaded.diagnostics.iter().any(contactsync::manifest::Diagnostic::is_error) {
        return;
    }
    let again = |json: String| {
        let again = read(&json);
        // What points at a neighbour has none here, so only what is wrong with the object by itself counts.
        assert!(
            again.manifests.connections.len() + again.manifests.workspaces.len() == 1,
            "{json}: {:?}",
            again.diagnostics
        );
        again.manifests
    };
    for connection in &loaded.manifests.connections {
        let json = serde_json::to_string(&connection.value).expect("JSON");
        assert_eq!(again(json).connections[0].value, connection.value);
    }
    for workspace in &loaded.manifests.workspaces {
        let json = serde_json::to_string(&workspace.value).expect("JSON");
        assert_eq!(again(json).workspaces[0].value, workspace.value);
    }
});
