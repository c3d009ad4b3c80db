//! A search read page by page (RFC 2696) to its proven end: code 0 on every page, an empty cookie on the last, no
//! reference to another server left unfollowed (L2).
//!
//! The next page is asked for before the current one is worked on, so the server and the reader work at once. At most two
//! pages are in memory.

use std::collections::HashSet;

use bytes::Bytes;
use tokio::time::timeout;

use super::connect::Connection;
use super::entry::Entry;
use super::fault::{self, Fault};
use super::server::{Server, wrong};
use super::wire::{Answer, Broken, Cookie, Scope, SearchRequest, filter};
use crate::directory::Error;

/// How many empty pages may follow one another: a server may look through much and find nothing, but must come to an end.
const MOST_EMPTY: u32 = 1000;
/// The entries of one page, in bytes. Far more than ten thousand people take, or a group of a million members.
const MAX_PAGE: usize = 256 * 1024 * 1024;
/// Partitions that every Active Directory refers to from the root of its domain. They hold DNS zones and settings of
/// the forest, never people or their groups, so leaving them unread leaves nobody out.
const WITHOUT_PEOPLE: [&str; 3] = ["DC=DomainDnsZones,", "DC=ForestDnsZones,", "CN=Configuration,"];

/// What to search.
#[derive(Clone)]
pub(super) struct Search<'a> {
    pub(super) base: &'a str,
    pub(super) scope: Scope,
    pub(super) filter: &'a str,
    pub(super) attributes: Vec<String>,
    /// Entries a page; `None` for a search that gives one entry at most.
    pub(super) page_size: Option<u32>,
}

/// A search that is under way.
pub(super) struct Pages<'c, 's> {
    connection: &'c mut Connection<'s>,
    search: Search<'c>,
    filter: Vec<u8>,
    next: Next,
    /// Pages without an entry since the last one with any.
    empty: u32,
}

/// Where the next page is.
enum Next {
    /// Asked for under this id.
    Asked(u32),
    /// Read, because the connection was needed for something else.
    Read(Page),
    /// There is none: the one before was proven to be the last.
    None,
    /// Nobody knows: asking or reading failed, or was given up.
    Lost,
}

/// The entries of a page, each a `SearchResultEntry` in BER, and the cookie of the page after it; empty on the last.
struct Page {
    entries: Vec<Bytes>,
    cookie: Vec<u8>,
}

impl<'s> Connection<'s> {
    /// Starts a search.
    pub(super) async fn search<'c>(&'c mut self, search: Search<'c>) -> Result<Pages<'c, 's>, Fault> {
        // Everything written by people was checked before; what is left is ours.
        let filter = filter::encode(search.filter)
            .ok_or_else(|| wrong("source.ldap", "the search filter made of these settings cannot be read"))?;
        let mut pages = Pages { connection: self, search, filter, next: Next::Lost, empty: 0 };
        pages.ask(&[]).await?;
        Ok(pages)
    }

    /// Reads a search of few entries whole.
    pub(super) async fn entries(&mut self, search: Search<'_>) -> Result<Vec<Bytes>, Fault> {
        let server = self.server;
        let mut pages = self.search(search).await?;
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        while let Some(page) = pages.next().await? {
            for raw in page {
                if !seen.insert(read_entry(server, &raw)?.dn.to_owned()) {
                    return Err(server.incomplete("an entry came twice").into());
                }
                entries.push(raw);
            }
        }
        Ok(entries)
    }

    /// Reads one entry; `None` when it is not there, or does not match.
    pub(super) async fn entry(
        &mut self,
        dn: &str,
        filter: &str,
        attributes: Vec<String>,
    ) -> Result<Option<Bytes>, Fault> {
        let search = Search { base: dn, scope: Scope::Base, filter, attributes, page_size: None };
        match self.entries(search).await {
            Ok(mut entries) => Ok(entries.pop()),
            Err(Fault::NoSuchObject) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<'s> Pages<'_, 's> {
    /// The entries of the next page, for [`read_entry`]; `None` after the last one was proven to be the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Bytes>>, Fault> {
        let page = match std::mem::replace(&mut self.next, Next::Lost) {
            Next::Asked(id) => self.read(id).await?,
            Next::Read(page) => page,
            Next::None => {
                self.next = Next::None;
                return Ok(None);
            }
            Next::Lost => return Err(self.connection.server.incomplete("the search broke off").into()),
        };
        self.empty = if page.entries.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > MOST_EMPTY {
            return Err(self.connection.server.incomplete("it sends one empty page after the other").into());
        }
        if page.cookie.is_empty() {
            self.next = Next::None;
        } else {
            self.ask(&page.cookie).await?;
        }
        Ok(Some(page.entries))
    }

    /// The connection, for looking something up between two pages. The page that was asked for is read first.
    pub(super) async fn connection(&mut self) -> Result<&mut Connection<'s>, Fault> {
        if let Next::Asked(id) = self.next {
            self.next = Next::Read(self.read(id).await?);
        }
        Ok(self.connection)
    }

    async fn read(&mut self, id: u32) -> Result<Page, Fault> {
        let server = self.connection.server;
        let page = timeout(server.timeout, self.collect(id)).await;
        page.map_err(|_elapsed| {
            server.watch.unanswered();
            fault::unavailable(server, format!("a page took longer than {} seconds", server.timeout.as_secs()))
        })?
    }

    async fn collect(&mut self, id: u32) -> Result<Page, Fault> {
        let Connection { wire, server } = &mut *self.connection;
        let (mut entries, mut size) = (Vec::new(), 0);
        loop {
            let answer = wire.answer(id).await.map_err(|error| {
                server.watch.unanswered();
                fault::broken(server, &error)
            });
            match answer? {
                Answer::Entry(entry) => {
                    size += entry.len();
                    if size > MAX_PAGE {
                        let reason = format!("a page is larger than {} MiB", MAX_PAGE >> 20);
                        return Err(fault::unavailable(server, reason).into());
                    }
                    entries.push(entry);
                }
                Answer::Reference(urls) => check_reference(server, &urls)?,
                Answer::Done(outcome, cookie) => {
                    server.watch.answered(outcome.code);
                    fault::page(server, outcome.code)?;
                    let cookie = match (self.search.page_size, cookie) {
                        (None, _) => Vec::new(),
                        (Some(_), Cookie::Next(cookie)) => cookie,
                        (Some(_), Cookie::Unknown) => return Err(server.incomplete("a page came without the paged results control (RFC 2696), so nothing tells whether it was the last").into()),
                    };
                    return Ok(Page { entries, cookie });
                }
                _ => return Err(fault::broken(server, &Broken::Unexpected).into()),
            }
        }
    }

    async fn ask(&mut self, cookie: &[u8]) -> Result<(), Fault> {
        let Connection { wire, server } = &mut *self.connection;
        let search = &self.search;
        let request = SearchRequest {
            base: search.base,
            scope: search.scope,
            filter: &self.filter,
            attributes: &search.attributes,
            page: search.page_size.map(|size| (size, cookie)),
        };
        let asked = timeout(server.timeout, wire.search(&request)).await;
        let asked = asked.map_err(|_elapsed| fault::unavailable(server, "a request could not be sent in time"))?;
        self.next = Next::Asked(asked.map_err(|error| fault::broken(server, &error))?);
        Ok(())
    }
}

/// An entry as it came, or the reason why the read is not whole.
pub(super) fn read_entry<'a>(server: &Server, raw: &'a Bytes) -> Result<Entry<'a>, Error> {
    Entry::read(raw).map_err(|_malformed| server.incomplete("an entry cannot be read"))
}

/// A part of the tree that another server holds was not searched, so the read is not whole.
fn check_reference(server: &Server, urls: &[String]) -> Result<(), Fault> {
    if server.is_active_directory() && !urls.is_empty() && urls.iter().all(|url| is_without_people(url)) {
        return Ok(());
    }
    let mend = if server.is_active_directory() {
        "set source.ldap.baseDN to one domain and give every other domain a connection of its own, or read a global catalog (port 3269)"
    } else {
        "set source.ldap.baseDN to a part that this server holds, and give the other server a connection of its own"
    };
    Err(server.incomplete(format!("a part of the tree lies on another server: {mend}")).into())
}

fn is_without_people(url: &str) -> bool {
    let dn = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, dn)| dn);
    WITHOUT_PEOPLE.iter().any(|part| dn.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part)))
}

#[cfg(test)]
mod tests {
    use super::is_without_people;

    #[test]
    fn l02_only_partitions_without_people_may_stay_unread() {
        assert!(is_without_people("ldap://DomainDnsZones.acme.example/DC=DomainDnsZones,DC=acme,DC=example"));
        assert!(is_without_people("ldaps://acme.example/CN=Configuration,DC=acme,DC=example??base"));
        assert!(!is_without_people("ldap://emea.acme.example/DC=emea,DC=acme,DC=example"));
        assert!(!is_without_people("ldap://acme.example/OU=CN=Configuration,DC=acme"));
        assert!(!is_without_people("DC=DomainDnsZones,"));
    }
}
