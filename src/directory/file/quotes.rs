//! Holds a CSV file to RFC 4180's rules for quotes (section 2, rules 5 to 7). The csv crate reads past what breaks them,
//! and a quote in the wrong place then swallows people without a word (L2).

use std::io::{self, Read};

use thiserror::Error;

use super::lines::NO_LINE_END;

/// What breaks the rules, and where. It passes the csv crate inside an [`io::Error`].
#[derive(Clone, Copy, Debug, Error)]
#[error("line {line}: {reason}")]
pub(super) struct Broken {
    /// The line, from 1.
    pub(super) line: u64,
    /// What is wrong and how to mend it.
    pub(super) reason: &'static str,
}

/// Passes bytes on as they are, as long as they keep to the rules.
pub(super) struct Strict<R> {
    file: R,
    delimiter: u8,
    place: Place,
    /// Whether the last byte ended a line.
    ended: bool,
    line: u64,
    opened: u64,
}

#[derive(Clone, Copy)]
enum Place {
    FieldStart,
    Plain,
    Quoted,
    /// Behind a quote inside quotes: the end of the field, or the first half of a doubled quote.
    Closing,
}

impl<R: Read> Strict<R> {
    /// Watches over `file`.
    pub(super) fn new(file: R, delimiter: u8) -> Self {
        Self { file, delimiter, place: Place::FieldStart, ended: true, line: 1, opened: 1 }
    }

    fn step(&mut self, byte: u8) -> Result<(), &'static str> {
        if byte == 0 {
            return Err("a NUL byte: the file is no text, or not in the encoding that source.file.csv.encoding says");
        }
        let parts = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.place = match (self.place, byte) {
            (Place::FieldStart, b'"') => {
                self.opened = self.line;
                Place::Quoted
            }
            (Place::Plain, b'"') => {
                return Err("a quote inside an unquoted field: put the field in quotes and double the quote");
            }
            (Place::Quoted, b'"') => Place::Closing,
            (Place::Quoted, _) | (Place::Closing, b'"') => Place::Quoted,
            (Place::FieldStart | Place::Plain | Place::Closing, _) if parts => Place::FieldStart,
            (Place::Closing, _) => {
                return Err("text behind a closing quote: a quote inside a quoted field must be doubled");
            }
            (Place::FieldStart | Place::Plain, _) => Place::Plain,
        };
        self.ended = matches!(byte, b'\n' | b'\r');
        if byte == b'\n' {
            self.line += 1;
        }
        Ok(())
    }

    /// What the end of the file says against it. RFC 4180 lets the last line go without its end; but then nothing tells
    /// whether its last field, which may be an id, is all there: behind a quote, too, may have stood the other half of a
    /// doubled one.
    fn end(&self) -> io::Result<()> {
        match self.place {
            Place::Quoted => Err(Self::broken(
                self.opened,
                "a quoted field that begins here is never closed: the file is cut off, or a quote is missing",
            )),
            Place::FieldStart | Place::Plain | Place::Closing if !self.ended => {
                Err(Self::broken(self.line, NO_LINE_END))
            }
            Place::FieldStart | Place::Plain | Place::Closing => Ok(()),
        }
    }

    fn broken(line: u64, reason: &'static str) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Broken { line, reason })
    }
}

impl<R: Read> Read for Strict<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.file.read(buffer)?;
        if count == 0 {
            self.end()?;
        }
        for byte in buffer.iter().take(count) {
            if let Err(reason) = self.step(*byte) {
                return Err(Self::broken(self.line, reason));
            }
        }
        Ok(count)
    }
}
