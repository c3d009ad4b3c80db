//! A run log on paper: for people, line by line, or raw, byte for byte.

use std::io;

use super::printer::Printer;

/// A log as it is printed, while it comes.
pub(super) struct Paper<'a> {
    printer: &'a Printer,
    raw: bool,
    /// A line whose end has not come yet.
    rest: Vec<u8>,
}

impl<'a> Paper<'a> {
    pub(super) fn new(printer: &'a Printer, raw: bool) -> Self {
        Self { printer, raw, rest: Vec::new() }
    }

    pub(super) fn put(&mut self, piece: &[u8]) -> io::Result<()> {
        if self.raw {
            return self.printer.data(piece);
        }
        self.rest.extend_from_slice(piece);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
        let rest = self.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut self.rest, rest);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            self.printer.line(&readable(line))?;
        }
        Ok(())
    }

    pub(super) fn end(self) -> io::Result<()> {
        if self.rest.is_empty() { Ok(()) } else { self.printer.line(&readable(&self.rest)) }
    }
}

/// One line for people; what is not understood is shown as it is.
fn readable(line: &[u8]) -> String {
    let raw = || String::from_utf8_lossy(line).into_owned();
    let Ok(entry) = serde_json::from_slice::<serde_json::Value>(line) else { return raw() };
    let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut words = vec![text("time").to_owned(), text("event").to_owned()];
    for (key, label) in [("run", "run "), ("person", "person "), ("contact", "contact "), ("result", "")] {
        if !text(key).is_empty() {
            words.push(format!("{label}{}", text(key)));
        }
    }
    let fields: Vec<&str> = entry
        .get("fields")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|field| field.get("field")?.as_str())
        .collect();
    if !fields.is_empty() {
        words.push(format!("[{}]", fields.join(", ")));
    }
    if let Some(counts) = entry.get("counts").filter(|_| text("event") == "ended") {
        words.push(counts.to_string());
    }
    for key in ["reason", "message"] {
        if !text(key).is_empty() {
            words.push(text(key).to_owned());
        }
    }
    words.join("  ")
}
