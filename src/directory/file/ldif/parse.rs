//! LDIF's own grammar (RFC 2849): folded lines, comments, base64 values, one entry a paragraph. What entries mean is
//! left to its neighbours.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::lines::Lines;
use super::super::snapshot::Snapshot;
use crate::directory::Error;

/// Longest unfolded line, in bytes: photos and certificates fit.
const LONGEST: usize = 16 * 1024 * 1024;

/// One entry. Its buffers are used again for the next.
#[derive(Default)]
pub(super) struct Entry {
    /// The line its `dn:` stands on.
    pub(super) line: u64,
    bytes: Vec<u8>,
    dn: Range<usize>,
    attributes: Vec<Attribute>,
}

struct Attribute {
    name: Range<usize>,
    value: Range<usize>,
}

impl Entry {
    /// The distinguished name as written.
    pub(super) fn dn(&self) -> &[u8] {
        self.slice(&self.dn)
    }

    /// Every attribute: its description with options, and one of its values, which is never empty.
    pub(super) fn attributes(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.attributes.iter().map(|attribute| (self.slice(&attribute.name), self.slice(&attribute.value)))
    }

    /// The values of an attribute, named without regard to case. Values under other options, such as `cn;lang-sv`, are
    /// another attribute's; `;binary` only says how a value is sent (RFC 4522).
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.attributes().filter_map(move |(described, value)| {
            let plain = described.strip_suffix(b";binary").unwrap_or(described);
            (plain.eq_ignore_ascii_case(name.as_bytes()) || described.eq_ignore_ascii_case(name.as_bytes()))
                .then_some(value)
        })
    }

    fn slice(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn push(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

/// The entries of one pass.
pub(super) struct Entries<'a> {
    snapshot: &'a Snapshot,
    lines: Lines<'a>,
    unfolded: String,
    ahead: Option<u64>,
    next: String,
    decoded: Vec<u8>,
    begun: bool,
}

impl<'a> Entries<'a> {
    /// Begins a pass.
    pub(super) fn new(snapshot: &'a Snapshot) -> Result<Self, Error> {
        let lines = Lines::new(snapshot)?;
        let (unfolded, next, decoded) = (String::new(), String::new(), Vec::new());
        Ok(Self { snapshot, lines, unfolded, ahead: None, next, decoded, begun: false })
    }

    /// Reads the next entry; false at the end of the file. Every line has its end there (RFC 2849), also the last.
    pub(super) fn next(&mut self, entry: &mut Entry) -> Result<bool, Error> {
        entry.bytes.clear();
        entry.attributes.clear();
        entry.line = 0;
        while let Some(line) = self.unfold()? {
            if self.unfolded.starts_with('#') {
                continue;
            }
            if self.unfolded.is_empty() {
                if entry.line == 0 {
                    continue;
                }
                return Ok(true);
            }
            self.take(line, entry).map_err(|reason| self.snapshot.malformed(line, reason))?;
            self.begun = true;
        }
        self.lines.ended()?;
        Ok(entry.line > 0)
    }

    /// Puts a line together from its folds (RFC 2849, note 2); gives the number of its first.
    fn unfold(&mut self) -> Result<Option<u64>, Error> {
        let first = match self.ahead.take() {
            Some(line) => {
                std::mem::swap(&mut self.unfolded, &mut self.next);
                line
            }
            None => match self.lines.next()? {
                None => return Ok(None),
                Some((line, text)) => {
                    self.unfolded.clear();
                    self.unfolded.push_str(text);
                    line
                }
            },
        };
        if self.unfolded.starts_with(' ') {
            return Err(self.snapshot.malformed(first, "a line that begins with a space continues nothing"));
        }
        while !self.unfolded.is_empty() {
            match self.lines.next()? {
                None => break,
                Some((line, text)) => match text.strip_prefix(' ') {
                    Some(more) if self.unfolded.len() + more.len() <= LONGEST => self.unfolded.push_str(more),
                    Some(_) => return Err(self.snapshot.malformed(first, "the value is longer than 16 MiB")),
                    None => {
                        self.next.clear();
                        self.next.push_str(text);
                        self.ahead = Some(line);
                        break;
                    }
                },
            }
        }
        Ok(Some(first))
    }

    fn take(&mut self, line: u64, entry: &mut Entry) -> Result<(), &'static str> {
        let (name, rest) = self.unfolded.split_once(':').ok_or("a line must be an attribute, a colon and a value")?;
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b';' | b'.' | b'=' | b'_');
        if name.is_empty() || !name.bytes().all(known) {
            return Err("a line must begin with the name of an attribute");
        }
        let value = match (rest.strip_prefix(':'), rest.strip_prefix('<')) {
            (_, Some(_)) => return Err("values kept at a URL (:<) are not read: put the value itself into the file"),
            (Some(encoded), _) => {
                self.decoded.clear();
                let decoded = STANDARD.decode_vec(encoded.trim_matches(' '), &mut self.decoded);
                decoded.or(Err("the value behind :: is not base64: the file may be cut off"))?;
                self.decoded.as_slice()
            }
            (None, None) => rest.trim_start_matches(' ').as_bytes(),
        };
        if entry.line > 0 {
            return attribute(entry, name, value);
        }
        if name.eq_ignore_ascii_case("version") && !self.begun {
            return if value == b"1" { Ok(()) } else { Err("only LDIF version 1 is known (RFC 2849)") };
        }
        if !name.eq_ignore_ascii_case("dn") {
            return Err("an entry must begin with dn: (write the file with ldapsearch -LLL, or slapcat)");
        }
        entry.line = line;
        entry.dn = entry.push(value);
        Ok(())
    }
}

fn attribute(entry: &mut Entry, name: &str, value: &[u8]) -> Result<(), &'static str> {
    if name.eq_ignore_ascii_case("dn") {
        return Err("a second dn: in one entry: a blank line must part entries");
    }
    if name.eq_ignore_ascii_case("changetype") || name.eq_ignore_ascii_case("control") {
        return Err("the file holds changes, not entries: export content records (without changetype)");
    }
    if !value.is_empty() {
        let name = entry.push(name.as_bytes());
        let value = entry.push(value);
        entry.attributes.push(Attribute { name, value });
    }
    Ok(())
}
