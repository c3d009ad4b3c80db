//! From a file's bytes to UTF-8: byte order marks, and Latin-1 as Windows writes it.

use std::io::{Cursor, Read, Result};

use encoding_rs::WINDOWS_1252;

/// What a file begins with.
pub(super) enum Start<'a> {
    /// UTF-8, or what the manifest says it is.
    Plain(Box<dyn Read + 'a>),
    /// UTF-8, as its byte order mark says, which is taken off.
    MarkedUtf8(Box<dyn Read + 'a>),
    /// UTF-16 by its byte order mark, which is not read.
    Utf16,
}

/// Looks for a byte order mark.
pub(super) fn start<'a>(mut file: Box<dyn Read + 'a>) -> Result<Start<'a>> {
    let mut head = Vec::with_capacity(3);
    file.by_ref().take(3).read_to_end(&mut head)?;
    Ok(match head.as_slice() {
        [0xef, 0xbb, 0xbf] => Start::MarkedUtf8(file),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Start::Utf16,
        _ => Start::Plain(Box::new(Cursor::new(head).chain(file))),
    })
}

/// Reads windows-1252 as UTF-8. Each of its bytes is a character, so nothing can be malformed.
pub(super) struct Latin1<R> {
    file: R,
    raw: Vec<u8>,
    text: Cursor<Vec<u8>>,
}

impl<R: Read> Latin1<R> {
    /// Reads `file`.
    pub(super) fn new(file: R) -> Self {
        Self { file, raw: Vec::new(), text: Cursor::default() }
    }
}

impl<R: Read> Read for Latin1<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.text.read(buffer)?;
        if read > 0 || buffer.is_empty() {
            return Ok(read);
        }
        self.raw.clear();
        self.file.by_ref().take(16 * 1024).read_to_end(&mut self.raw)?;
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(&self.raw);
        self.text = Cursor::new(text.into_owned().into_bytes());
        self.text.read(buffer)
    }
}
