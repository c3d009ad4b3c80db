//! JSON Lines as a file of people.
//!
//! - No bytes panic, or take more than bounded time and memory.
//! - Who was read, written as JSON Lines and read again, is the same.
//! - L2: a file that is cut is refused, or nobody is missing (see `files::cut`).
#![no_main]

use contactsync::api::FileFormat;
use contactsync_fuzz::{files, mix, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut source = files::source(FileFormat::Jsonl, "id");
    source.segment_field = Some("ou".to_owned());
    let query = files::query();
    let Ok(people) = files::read(&source, &query, data) else { return };
    files::cut(&source, &query, data, &people, mix(data) % (data.len() + 1));
    let Some(written) = print::jsonl(&people) else { return };
    let again = files::read(&source, &query, written.as_bytes()).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again, people);
});
