//! One state of the file: opened once, passed over as often as needed, and proven unchanged at the end (L2).

use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read, Seek};
use std::time::SystemTime;

use bytes::Bytes;

use super::FileContent;
use crate::directory::Error;

/// The file of one read. A file replaced by renaming another over it stays readable as it was when opened.
pub(super) struct Snapshot {
    name: String,
    held: Held,
}

enum Held {
    File { file: File, before: Stamp },
    Bytes(Bytes),
}

#[derive(Eq, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { length: metadata.len(), modified: metadata.modified().ok() }
    }
}

impl Snapshot {
    /// Opens the file. Only a regular file is opened: a pipe would wait for a writer.
    pub(super) fn open(content: &FileContent) -> Result<Self, Error> {
        match content {
            FileContent::Bytes { bytes, name } => Ok(Self { name: name.clone(), held: Held::Bytes(bytes.clone()) }),
            FileContent::Path { path, name } => {
                let unavailable =
                    |reason: &str| Error::Unavailable { directory: name.clone(), reason: reason.to_owned() };
                let absent = "there is no such file, or it may not be read";
                if !path.is_file() {
                    return Err(unavailable(absent));
                }
                let file = File::open(path).map_err(|error| unavailable(&format!("{absent} ({})", error.kind())))?;
                let metadata = file.metadata().map_err(|error| unavailable(&error.kind().to_string()))?;
                Ok(Self { name: name.clone(), held: Held::File { file, before: Stamp::of(&metadata) } })
            }
        }
    }

    /// The file's name, as errors show it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A pass over the file from its first byte. One at a time: the passes share one place in the file.
    pub(super) fn pass(&self) -> Result<Box<dyn Read + '_>, Error> {
        match &self.held {
            Held::Bytes(bytes) => Ok(Box::new(Cursor::new(bytes.as_ref()))),
            Held::File { file, .. } => {
                let mut file: &File = file;
                file.rewind().map_err(|error| self.unavailable(&error))?;
                Ok(Box::new(file))
            }
        }
    }

    /// Proves that nobody wrote to the file since it was opened.
    pub(super) fn unchanged(&self) -> Result<(), Error> {
        let Held::File { file, before } = &self.held else { return Ok(()) };
        let metadata = file.metadata().map_err(|error| self.unavailable(&error))?;
        if Stamp::of(&metadata) == *before {
            return Ok(());
        }
        Err(Error::Unavailable {
            directory: self.name.clone(),
            reason: "the file was written to while it was read: write a new file and rename it into place".to_owned(),
        })
    }

    /// A file that stopped being readable.
    pub(super) fn unavailable(&self, error: &io::Error) -> Error {
        Error::Unavailable { directory: self.name.clone(), reason: error.kind().to_string() }
    }

    /// A line that breaks the format.
    pub(super) fn malformed(&self, line: u64, reason: impl Into<String>) -> Error {
        Error::Malformed { file: self.name.clone(), line, reason: reason.into() }
    }
}
