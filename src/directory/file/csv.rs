//! CSV (RFC 4180): a header line, one person a row. Only the groups column holds lists; every other cell is one value,
//! and an empty one is absent.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};

use super::columns::Columns;
use super::names::NamedGroups;
use super::quotes::{Broken, Strict};
use super::scan::Record;
use super::snapshot::Snapshot;
use super::text::{self, Latin1, Start};
use crate::api::{CsvEncoding, CsvOptions, DisabledWhen, FileSource};
use crate::directory::shown::one_or_all;
use crate::directory::{Error, ReadQuery};
use crate::person::{Attributes, GroupSet};

const BUFFER: usize = 128 * 1024;

/// Checks what can be checked without the file.
pub(super) fn check(source: &FileSource) -> Result<(), Error> {
    Dialect::new(source).map(drop)
}

/// Hands every row to `take`.
pub(super) fn each(
    snapshot: &Snapshot,
    source: &FileSource,
    query: &ReadQuery,
    take: &mut dyn FnMut(&dyn Record) -> Result<(), Error>,
) -> Result<(), Error> {
    let dialect = Dialect::new(source)?;
    let text = Strict::new(decoded(snapshot, dialect.encoding)?, dialect.delimiter);
    let mut reader = ReaderBuilder::new().delimiter(dialect.delimiter).buffer_capacity(BUFFER).from_reader(text);
    let header = reader.headers().map_err(|error| broken(snapshot, error))?;
    let header = header.iter().map(str::trim).collect::<Vec<_>>();
    if header.is_empty() {
        return Err(snapshot.malformed(1, "the file is empty: its first line must be a header that names the columns"));
    }
    distinct(snapshot, &header)?;
    let table = Table {
        columns: Columns::new(&header, source, query)?,
        names: header.iter().map(|name| (*name).to_owned()).collect(),
        groups: NamedGroups::new(query),
        separator: dialect.separator,
        disabled: disabled_values(source.disabled_when.as_ref()),
    };
    let mut row = StringRecord::new();
    while reader.read_record(&mut row).map_err(|error| broken(snapshot, error))? {
        take(&Row { table: &table, row: &row })?;
    }
    Ok(())
}

/// The values of `disabledWhen`, in the form they are compared in.
pub(super) fn disabled_values(when: Option<&DisabledWhen>) -> Vec<String> {
    when.map(|when| when.values.iter().map(|value| value.trim().to_lowercase()).collect()).unwrap_or_default()
}

struct Dialect {
    delimiter: u8,
    separator: char,
    encoding: CsvEncoding,
}

impl Dialect {
    fn new(source: &FileSource) -> Result<Self, Error> {
        let standard = CsvOptions::default();
        let options = source.csv.as_ref().unwrap_or(&standard);
        let refused = |field: &str, reason: &str| Error::Settings {
            field: format!("source.file.csv.{field}"),
            reason: reason.to_owned(),
        };
        let delimiter = match options.delimiter.as_deref().map(str::as_bytes) {
            None => b',',
            Some([byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n' | 0) => *byte,
            Some(_) => {
                return Err(refused(
                    "delimiter",
                    "must be one ASCII character other than a quote or a line end, such as ; or a tab",
                ));
            }
        };
        let separator = match options.list_separator.as_deref().map(|text| (text.chars().next(), text.chars().count()))
        {
            None if delimiter == b';' => '|',
            None => ';',
            Some((Some(separator), 1)) => separator,
            Some(_) => return Err(refused("listSeparator", "must be one character")),
        };
        Ok(Self { delimiter, separator, encoding: options.encoding.unwrap_or_default() })
    }
}

/// The file as UTF-8. A UTF-8 byte order mark outweighs what the manifest says.
fn decoded(snapshot: &Snapshot, encoding: CsvEncoding) -> Result<Box<dyn Read + '_>, Error> {
    let start = text::start(snapshot.pass()?).map_err(|error| snapshot.unavailable(&error))?;
    match (start, encoding) {
        (Start::MarkedUtf8(file), _) | (Start::Plain(file), CsvEncoding::Utf8) => Ok(file),
        (Start::Plain(file), CsvEncoding::Latin1) => Ok(Box::new(Latin1::new(file))),
        (Start::Utf16, _) => Err(snapshot.malformed(1, "the file is UTF-16: save it as UTF-8")),
    }
}

/// Two columns of one name: which is meant cannot be told. Case does not part them, for it does not part what asks.
fn distinct(snapshot: &Snapshot, header: &[&str]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for (place, name) in (1..).zip(header) {
        if !name.is_empty() && !seen.insert(name.to_lowercase()) {
            let reason = format!("column {place} has the name of a column before it: rename one of them");
            return Err(snapshot.malformed(1, reason));
        }
    }
    Ok(())
}

fn broken(snapshot: &Snapshot, error: csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    match error.into_kind() {
        ErrorKind::Io(error) => match error.downcast::<Broken>() {
            Ok(Broken { line, reason }) => snapshot.malformed(line, reason),
            Err(error) => snapshot.unavailable(&error),
        },
        ErrorKind::Utf8 { err, .. } => snapshot.malformed(
            line,
            format!("field {} is not UTF-8: save the file as UTF-8, or set source.file.csv.encoding", err.field() + 1),
        ),
        ErrorKind::UnequalLengths { expected_len, len, .. } => snapshot.malformed(
            line,
            format!("the row has {len} fields where the header has {expected_len}: the file is cut off, or a field with a delimiter in it is not in quotes"),
        ),
        _ => snapshot.malformed(line, "the row cannot be read as CSV"),
    }
}

struct Table {
    columns: Columns,
    /// What the header calls the columns.
    names: Vec<String>,
    groups: NamedGroups,
    separator: char,
    disabled: Vec<String>,
}

struct Row<'a> {
    table: &'a Table,
    row: &'a StringRecord,
}

impl Row<'_> {
    fn cell(&self, column: Option<usize>) -> &str {
        column.and_then(|column| self.row.get(column)).unwrap_or_default()
    }

    /// The values in a column; none where the cell is empty.
    fn values(&self, column: usize) -> Vec<Value> {
        let cell = self.cell(Some(column));
        if self.table.columns.groups == Some(column) {
            self.list(cell).map(Value::from).collect()
        } else if cell.is_empty() {
            Vec::new()
        } else {
            vec![Value::from(cell)]
        }
    }

    fn list<'a>(&self, cell: &'a str) -> impl Iterator<Item = &'a str> {
        cell.split(self.table.separator).map(str::trim).filter(|value| !value.is_empty())
    }
}

impl Record for Row<'_> {
    fn line(&self) -> u64 {
        self.row.position().map_or(1, csv::Position::line)
    }

    fn id(&self) -> Result<Cow<'_, str>, String> {
        Ok(self.cell(Some(self.table.columns.id)).trim().into())
    }

    fn groups(&self) -> Result<GroupSet, String> {
        let mut set = GroupSet::default();
        for name in self.list(self.cell(self.table.columns.groups)) {
            self.table.groups.add(name, &mut set);
        }
        Ok(set)
    }

    fn location(&self) -> Option<Cow<'_, str>> {
        let cell = self.cell(self.table.columns.segment).trim();
        (!cell.is_empty()).then(|| cell.into())
    }

    fn disabled(&self) -> bool {
        let cell = self.cell(self.table.columns.disabled).trim();
        !cell.is_empty() && !self.table.disabled.is_empty() && self.table.disabled.contains(&cell.to_lowercase())
    }

    fn attributes(&self) -> Attributes {
        let asked = self.table.columns.asked.iter().map(|(name, column)| (name.clone(), self.values(*column)));
        asked.filter(|(_, values)| !values.is_empty()).collect()
    }

    fn everything(&self) -> Map<String, Value> {
        let cells = self.table.names.iter().enumerate().filter(|(_, name)| !name.is_empty());
        let filled = cells.map(|(column, name)| (name.clone(), self.values(column)));
        filled.filter(|(_, values)| !values.is_empty()).map(|(name, values)| (name, one_or_all(values))).collect()
    }
}
