//! A directory of a company in memory that fails as told.

use async_trait::async_trait;
use contactsync::api::{FileSource, GroupRef};
use contactsync::directory::file::{FileContent, FileDirectory, FileSettings, open};
use contactsync::directory::{Directory, Error, ReadQuery, ResolvedGroup, Shown, Who as Sought, WholeRead};
use contactsync::person::{Person, PersonId};
use tokio::sync::mpsc;

use super::company::Who;

/// What goes wrong with the directory during a run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// It does not answer.
    Away,
    /// A group has another name now.
    GroupGone,
    /// It breaks off after so many people.
    BreaksOff(u8),
    /// It says that it gave everybody, and left somebody out.
    Forgets(Who),
    /// It does not answer when it is asked again.
    NotAgain,
}

pub struct FaultyDirectory {
    whole: FileDirectory,
    again: FileDirectory,
    trouble: Option<Trouble>,
}

impl FaultyDirectory {
    /// `read` is what a whole read gives, `again` what it says when it is asked again for single people.
    pub fn open(source: &FileSource, read: String, again: String, trouble: Option<Trouble>) -> Self {
        let file = |text: String| {
            let content = FileContent::Bytes { bytes: text.into(), name: "people.jsonl".into() };
            open(FileSettings { source: source.clone(), content }).unwrap()
        };
        Self { whole: file(read), again: file(again), trouble }
    }
}

fn away() -> Error {
    Error::Unavailable { directory: "people.jsonl".into(), reason: "it was cut off".into() }
}

#[async_trait]
impl Directory for FaultyDirectory {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        match self.trouble {
            Some(Trouble::Away) => Err(away()),
            Some(Trouble::GroupGone) => Err(Error::GroupNotFound { field: "scope".into(), group: "sales".into() }),
            _ => self.whole.resolve_groups(groups).await,
        }
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        let Some(Trouble::BreaksOff(after)) = self.trouble else { return self.whole.read(query, pages).await };
        let (some, mut received) = mpsc::channel(64);
        self.whole.read(query, some).await?;
        let mut sent = 0;
        while let Some(page) = received.recv().await {
            let page: Vec<Person> = page.into_iter().take(usize::from(after) - sent).collect();
            sent += page.len();
            pages.send(page).await.map_err(|_closed| Error::Cancelled)?;
        }
        Err(away())
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        if self.trouble == Some(Trouble::NotAgain) { Err(away()) } else { self.again.read_again(query, ids).await }
    }

    async fn show(&self, who: &Sought) -> Result<Vec<Shown>, Error> {
        self.whole.show(who).await
    }
}
