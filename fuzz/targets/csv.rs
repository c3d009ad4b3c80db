//! CSV (RFC 4180) as a file of people. The first byte chooses the delimiter and the encoding, the rest is the file.
//!
//! - No bytes panic, or take more than bounded time and memory.
//! - Who was read, written as CSV with every field in quotes and read again, is the same.
//! - L2: a file that is cut is refused, or nobody is missing (see `files::cut`).
#![no_main]

use contactsync::api::{CsvEncoding, CsvOptions, FileFormat};
use contactsync_fuzz::{files, mix, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&choice, file)) = data.split_first() else { return };
    let mut source = files::source(FileFormat::Csv, "id");
    let delimiter = if choice & 1 == 0 { ',' } else { ';' };
    let encoding = if choice & 2 == 0 { CsvEncoding::Utf8 } else { CsvEncoding::Latin1 };
    source.csv =
        Some(CsvOptions { delimiter: Some(delimiter.to_string()), list_separator: None, encoding: Some(encoding) });
    source.disabled_when = source.disabled_when.filter(|_| choice & 4 == 0);
    source.segment_field = (choice & 8 == 0).then(|| "ou".to_owned());
    let query = files::query();
    let Ok(people) = files::read(&source, &query, file) else { return };
    files::cut(&source, &query, file, &people, mix(data) % (file.len() + 1));
    if let Some(csv) = &mut source.csv {
        csv.encoding = None;
    }
    let written = print::csv(&people, delimiter);
    let again = files::read(&source, &query, written.as_bytes()).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(again, people);
});
