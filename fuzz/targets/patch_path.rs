//! PATCH (RFC 7644 section 3.5.2), its paths foremost. A line is an operation: its verb (`a`, `r`, `d`), its path (`-` for
//! none), a tab, its value as JSON. A digit on a line chooses the contact that the lines below it change.
//!
//! - No operation panics. What it leaves is a contact that a client could have sent: every value of its type, nothing
//!   empty, one primary at most, userName there.
//! - To replace, add or remove twice is the same as once, where no filter says which values are meant.
//! - What is removed is not there, and does not match `pr`.
#![no_main]

use contactsync::fuzzing::kdesk::{Filter, document, patched, path};
use contactsync_fuzz::documents::documents;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};

thread_local! {
    static DOCUMENTS: Vec<Map<String, Value>> = documents();
}

fn operation(line: &str) -> Option<(Value, &'static str, Option<&str>)> {
    let verb = match line.get(..1)? {
        "a" => "add",
        "r" => "replace",
        "d" => "remove",
        _ => return None,
    };
    let (path, value) = line.get(1..)?.split_once('\t').unwrap_or((line.get(1..)?, ""));
    let mut operation = json!({"op": verb});
    if let Ok(value) = serde_json::from_str::<Value>(value) {
        operation["value"] = value;
    }
    let path = (path != "-").then_some(path);
    if let Some(path) = path {
        operation["path"] = path.into();
    }
    Some((json!([operation]), verb, path))
}

fuzz_target!(|text: &str| {
    let mut contact = DOCUMENTS.with(|documents| documents[3].clone());
    for line in text.lines() {
        if let Ok(choice) = line.parse::<usize>() {
            contact = DOCUMENTS.with(|documents| documents[choice % documents.len()].clone());
        }
        let Some((operations, verb, written)) = operation(line) else { continue };
        let Ok(next) = patched(&contact, operations.clone()) else { continue };
        let kept = document(next.clone()).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(kept, next, "what a client could not have sent: {line}");
        let filtered = written.is_some_and(|written| written.contains('['));
        if !filtered && let Ok(twice) = patched(&next, operations) {
            assert_eq!(twice, next, "twice is not once: {line}");
        }
        if let (false, "remove", Some(written)) = (filtered, verb, written) {
            assert!(path(written).is_ok(), "{line}");
            if let Ok(filter) = Filter::parse(&format!("{} pr", written.trim())) {
                assert!(!filter.matches(&next), "removed, and there: {line}");
            }
        }
        contact = next;
    }
});
