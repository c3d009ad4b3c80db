//! One pass over a file's people, whatever its format: ids are proven distinct, people surely out of scope are left out,
//! the rest goes out in pages. What a line says is left to the format.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use crate::directory::segment::Segment;
use crate::directory::{Error, ReadQuery};
use crate::person::{Attributes, GroupSet, Person, PersonId};

/// People in a page.
const PAGE: usize = 500;

/// How many people are read between two looks at whether anybody still waits for them.
const CANCEL_EVERY: u64 = 1024;

/// A person as one format writes them. A reason given as an error fails the read; it never holds the record's data (L20).
pub(super) trait Record {
    /// The line that the record begins on, from 1.
    fn line(&self) -> u64;
    /// The person's id, spaces around it taken off: empty when there is none.
    fn id(&self) -> Result<Cow<'_, str>, String>;
    /// Which of the query's groups the person is in.
    fn groups(&self) -> Result<GroupSet, String>;
    /// Where the person lies.
    fn location(&self) -> Option<Cow<'_, str>>;
    /// Whether the account is disabled.
    fn disabled(&self) -> bool;
    /// The attributes that the query asks for.
    fn attributes(&self) -> Attributes;
    /// Everything that the file says of the person, by the file's own names.
    fn everything(&self) -> Map<String, Value>;
}

/// Where pages go. It fails when nobody wants them any more.
pub(super) trait Pages {
    /// Sends a page on.
    fn send(&mut self, page: Vec<Person>) -> Result<(), Error>;
    /// Whether nobody waits for pages any more.
    fn is_closed(&self) -> bool;
}

/// One pass.
pub(super) struct Scan<'a, P> {
    file: &'a str,
    id_field: &'a str,
    segment: Option<Segment>,
    bounds: &'a [usize],
    only: Option<HashSet<&'a str>>,
    seen: HashMap<[u8; 16], u32>,
    found: GroupSet,
    page: Vec<Person>,
    pages: P,
    read: u64,
    sent: u64,
}

/// What a pass has seen when it is over.
pub(super) struct Seen {
    /// People in the file.
    pub(super) read: u64,
    /// People sent on.
    pub(super) sent: u64,
    /// Groups that somebody is in.
    pub(super) found: GroupSet,
}

impl<'a, P: Pages> Scan<'a, P> {
    /// A pass that sends everybody whom the query may concern; where `only` is given, these people and no other.
    pub(super) fn new(
        file: &'a str,
        id_field: &'a str,
        query: &'a ReadQuery,
        segment: Option<Segment>,
        only: Option<HashSet<&'a str>>,
        pages: P,
    ) -> Self {
        Self {
            file,
            id_field,
            segment,
            bounds: &query.only_members_of,
            only,
            seen: HashMap::new(),
            found: GroupSet::default(),
            page: Vec::new(),
            pages,
            read: 0,
            sent: 0,
        }
    }

    /// Takes one record.
    pub(super) fn take(&mut self, record: &dyn Record) -> Result<(), Error> {
        let line = record.line();
        let malformed = |reason: String| Error::Malformed { file: self.file.to_owned(), line, reason };
        if self.read.is_multiple_of(CANCEL_EVERY) && self.pages.is_closed() {
            return Err(Error::Cancelled);
        }
        self.read += 1;
        let id = record.id().map_err(malformed)?;
        let Some(id) = PersonId::new(&id) else {
            return Err(malformed(format!(
                "the record has no {:?}, which source.file.idField asks for",
                self.id_field
            )));
        };
        self.distinct(&id, line)?;
        let malformed = |reason: String| Error::Malformed { file: self.file.to_owned(), line, reason };
        let groups = record.groups().map_err(malformed)?;
        self.found.union(&groups);
        if self.only.as_ref().is_some_and(|only| !only.contains(id.as_str())) {
            return Ok(());
        }
        let bounded = self.bounds.is_empty() || self.bounds.iter().any(|group| groups.contains(*group));
        let location = record.location();
        let within = match (&self.segment, &location) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(segment), Some(location)) => segment.contains(location).map_err(malformed)?,
        };
        // Who is asked for by id is told of wherever they are now: out of scope is not gone (L8).
        let concerned = self.only.is_some() || (bounded && within);
        if !concerned {
            return Ok(());
        }
        let location = location.map(Cow::into_owned);
        self.page.push(Person {
            id,
            attributes: record.attributes(),
            groups,
            location,
            disabled: record.disabled(),
            in_query: within,
        });
        if self.page.len() >= PAGE { self.turn() } else { Ok(()) }
    }

    /// Ends the pass: sends the last page, and holds the number of records against what the manifest expects.
    pub(super) fn finish(mut self, min_records: Option<i64>) -> Result<Seen, Error> {
        if let Some(least) = min_records
            && i128::from(self.read) < i128::from(least)
        {
            return Err(Error::Incomplete {
                directory: self.file.to_owned(),
                reason: format!("it has {} records, and source.file.minRecords expects at least {least}", self.read),
            });
        }
        if !self.page.is_empty() {
            self.turn()?;
        }
        if self.pages.is_closed() {
            return Err(Error::Cancelled);
        }
        Ok(Seen { read: self.read, sent: self.sent, found: self.found })
    }

    fn turn(&mut self) -> Result<(), Error> {
        let page = std::mem::replace(&mut self.page, Vec::with_capacity(PAGE));
        self.sent += u64::try_from(page.len()).unwrap_or(u64::MAX);
        self.pages.send(page)
    }

    /// Ids are kept as 128 bits of a hash and the line: 20 bytes a person, however long they are.
    fn distinct(&mut self, id: &PersonId, line: u64) -> Result<(), Error> {
        match self.seen.entry(short_hash(id.as_str())) {
            Entry::Vacant(entry) => {
                entry.insert(u32::try_from(line).unwrap_or(u32::MAX));
                Ok(())
            }
            Entry::Occupied(first) => Err(Error::Malformed {
                file: self.file.to_owned(),
                line,
                reason: format!(
                    "its {:?} is that of line {} too: an id belongs to one person (source.file.idField)",
                    self.id_field,
                    first.get()
                ),
            }),
        }
    }
}

/// 128 bits of BLAKE3: no two texts of one file share them, by chance or by intent.
pub(super) fn short_hash(text: &str) -> [u8; 16] {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(blake3::hash(text.as_bytes()).as_bytes()) {
        *to = *from;
    }
    short
}
