//! Lines of a text file, bounded in length and proven to be text.

use std::io::{BufRead, BufReader, Read};

use super::snapshot::Snapshot;
use super::text::{self, Start};
use crate::directory::Error;

/// Longest line, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// A last line that may be the beginning of a longer one.
pub(super) const NO_LINE_END: &str =
    "the last line has no line end: the file is cut off; if it is whole, put one there";

/// The lines of one pass.
pub(super) struct Lines<'a> {
    snapshot: &'a Snapshot,
    file: BufReader<Box<dyn Read + 'a>>,
    buffer: Vec<u8>,
    line: u64,
    ended: bool,
}

impl<'a> Lines<'a> {
    /// Begins a pass.
    pub(super) fn new(snapshot: &'a Snapshot) -> Result<Self, Error> {
        let file = match text::start(snapshot.pass()?).map_err(|error| snapshot.unavailable(&error))? {
            Start::Plain(file) | Start::MarkedUtf8(file) => BufReader::with_capacity(128 * 1024, file),
            Start::Utf16 => return Err(snapshot.malformed(1, "the file is UTF-16: save it as UTF-8")),
        };
        Ok(Self { snapshot, file, buffer: Vec::new(), line: 0, ended: true })
    }

    /// The next line with its number, without its end (LF or CRLF).
    pub(super) fn next(&mut self) -> Result<Option<(u64, &str)>, Error> {
        self.buffer.clear();
        let bounded = &mut self.file.by_ref().take(LONGEST + 2);
        bounded.read_until(b'\n', &mut self.buffer).map_err(|error| self.snapshot.unavailable(&error))?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        let unended = self.buffer.strip_suffix(b"\n");
        self.ended = unended.is_some();
        let line = unended.unwrap_or(&self.buffer);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let malformed = |reason| self.snapshot.malformed(self.line, reason);
        if u64::try_from(line.len()).unwrap_or(u64::MAX) > LONGEST {
            return Err(malformed("the line is longer than 1 MiB"));
        }
        if line.contains(&0) {
            return Err(malformed("a NUL byte: the file is no text"));
        }
        match std::str::from_utf8(line) {
            Ok(text) => Ok(Some((self.line, text))),
            Err(_) => Err(malformed("the line is not UTF-8: save the file as UTF-8")),
        }
    }

    /// Proves that the line read last had its end.
    pub(super) fn ended(&self) -> Result<(), Error> {
        if self.ended { Ok(()) } else { Err(self.snapshot.malformed(self.line, NO_LINE_END)) }
    }
}
