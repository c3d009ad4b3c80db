//! SCIM filters (RFC 7644 section 3.4.2.2).
//!
//! - Any text is parsed without panic, within bounded depth, and a sum of brackets around it means the same.
//! - What SQL finds, by index and by cursor, is exactly what the filter means of each document, and so is the total.
//! - A filter and its negation part the contacts; a filter and itself, or itself, is itself.
#![no_main]

use contactsync::fuzzing::kdesk::{Filter, Listed};
use contactsync_fuzz::documents::documents;
use libfuzzer_sys::fuzz_target;

thread_local! {
    static LISTED: Listed = {
        let path = std::env::temp_dir().join(format!("contactsync-fuzz-{}.db", std::process::id()));
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
        Listed::new(&path, documents(), 1_767_225_600_000)
    };
}

fn meant(filter: &Filter, listed: &Listed) -> Vec<String> {
    let found = listed.documents.iter().filter(|document| filter.matches(document));
    found.map(|document| document["id"].as_str().expect("an id").to_owned()).collect()
}

fuzz_target!(|text: &str| {
    let Ok(filter) = Filter::parse(text) else { return };
    assert_eq!(Filter::parse(text).expect("as before").tree(), filter.tree());
    LISTED.with(|listed| {
        let wanted = meant(&filter, listed);
        for cursor in [false, true] {
            let (found, total) = listed.find(&filter, cursor).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(found, wanted, "SQL and filter differ: {text}");
            assert_eq!(total, wanted.len() as i64, "the total is another: {text}");
        }
        for same in [
            format!("({text})"),
            format!("not (not ({text}))"),
            format!("({text}) and ({text})"),
            format!("({text}) or ({text})"),
        ] {
            // Deeper or longer than may be is refused, and nothing else.
            if let Ok(same) = Filter::parse(&same) {
                let wider = listed.find(&same, false).unwrap_or_else(|error| panic!("{error}: {text}"));
                assert_eq!((meant(&same, listed), wider.0), (wanted.clone(), wanted.clone()), "{text}");
            }
        }
        if let Ok(others) = Filter::parse(&format!("not ({text})")) {
            let (found, total) = listed.find(&others, false).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert!(found.iter().all(|id| !wanted.contains(id)), "in both a filter and its negation: {text}");
            assert_eq!(total as usize + wanted.len(), listed.documents.len(), "in neither: {text}");
        }
    });
});
