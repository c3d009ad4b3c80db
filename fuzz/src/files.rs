//! Bytes as a file of people, read through the directory that runs use.

use contactsync::api::{DisabledWhen, FileFormat, FileSource};
use contactsync::directory::file::{FileContent, FileSettings, open};
use contactsync::directory::{Directory, Error, ReadQuery};
use contactsync::person::Person;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().expect("a runtime");
}

/// The attributes that targets ask for.
pub const ATTRIBUTES: [&str; 4] = ["cn", "mail", "telephoneNumber", "jpegPhoto"];

/// A source of one format, with a field for everything.
pub fn source(format: FileFormat, id_field: &str) -> FileSource {
    FileSource {
        path: None,
        config_map_ref: None,
        format,
        id_field: id_field.to_owned(),
        groups_field: None,
        segment_field: None,
        disabled_when: Some(DisabledWhen {
            attribute: "state".to_owned(),
            values: vec!["off".to_owned(), "true".to_owned()],
        }),
        csv: None,
        min_records: None,
    }
}

/// What a run asks of a directory in which no group is named.
pub fn query() -> ReadQuery {
    ReadQuery { attributes: ATTRIBUTES.map(str::to_owned).into(), ..ReadQuery::default() }
}

/// Reads everybody; an error unless the read is proven whole.
pub fn read(source: &FileSource, query: &ReadQuery, bytes: &[u8]) -> Result<Vec<Person>, Error> {
    let content = FileContent::Bytes { bytes: bytes.to_vec().into(), name: "people".to_owned() };
    let directory = open(FileSettings { source: source.clone(), content })?;
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let (pages, mut received) = mpsc::channel(8);
            let collect = async {
                let mut people = Vec::new();
                while let Some(page) = received.recv().await {
                    people.extend(page);
                }
                people
            };
            let (whole, people) = tokio::join!(directory.read(query, pages), collect);
            let whole = whole?;
            assert_eq!(whole.people(), people.len() as u64, "the proof counts the people that were sent");
            Ok(people)
        })
    })
}

/// L2: a file cut within a line is refused, or nobody is missing. One cut behind a line cannot be told from a shorter
/// file (`minRecords` is for that): then everybody stands who stood before, but for the last, whose record may be cut.
pub fn cut(source: &FileSource, query: &ReadQuery, bytes: &[u8], whole: &[Person], at: usize) {
    let (head, tail) = bytes.split_at(at);
    let Ok(people) = read(source, query, head) else { return };
    let in_line = !tail.is_empty() && !matches!(head, [] | [.., b'\n' | b'\r']);
    let ids = |people: &[Person]| people.iter().map(|person| person.id.clone()).collect::<Vec<_>>();
    let (cut, whole) = (ids(&people), ids(whole));
    if in_line && source.format != FileFormat::Jsonl {
        assert_eq!(cut, whole, "L2: cut in a line, at byte {at}, and called whole");
    }
    let sure = cut.len().saturating_sub(1);
    assert!(
        sure <= whole.len() && cut[..sure] == whole[..sure],
        "L2: cut at byte {at}, and somebody is missing or new"
    );
}
