//! Hands on the people of a read, page by page, and counts them: nobody twice, nobody who is surely out of scope.

use tokio::sync::mpsc;

use super::seen::Seen;
use super::{Error, ReadQuery, WholeRead};
use crate::person::Person;

/// The sending end of a read.
pub(super) struct Delivery<'a> {
    query: &'a ReadQuery,
    pages: mpsc::Sender<Vec<Person>>,
    met: Seen,
    passed_over: Seen,
    sent: u64,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(query: &'a ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Self {
        Self { query, pages, met: Seen::default(), passed_over: Seen::default(), sent: 0 }
    }

    /// Hands on those of a page who may be in scope. Gives how many of the page were met before in this read: they are not
    /// sent again, and where people should come once, they are proof that the directory changed under the read.
    pub(super) async fn page(&mut self, page: impl IntoIterator<Item = Person>) -> Result<usize, Error> {
        let bounds = &self.query.only_members_of;
        let (mut people, mut again) = (Vec::new(), 0);
        for person in page {
            if !self.met.insert(&person.id) {
                again += 1;
            } else if bounds.is_empty() || bounds.iter().any(|group| person.groups.contains(*group)) {
                people.push(person);
            } else if !person.disabled {
                self.passed_over.insert(&person.id);
            }
        }
        self.sent += people.len() as u64;
        if self.pages.is_closed() || (!people.is_empty() && self.pages.send(people).await.is_err()) {
            return Err(Error::Cancelled);
        }
        Ok(again)
    }

    /// The proof. Only who knows that the directory was read to its end may ask for it.
    pub(super) fn whole(self) -> WholeRead {
        WholeRead::of(self.sent).passing_over(self.passed_over)
    }
}
