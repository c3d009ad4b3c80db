//! A search read page by page (RFC 2696) to its proven end: code 0 on every page, an empty cookie on the last, no
//! reference to another server left unfollowed (L2).
//!
//! The next page is asked for before the current one is worked on, so the server, the connection's task (which decodes)
//! and the reader work at once. At most two pages are in memory.

use std::collections::HashSet;

use ldap3::controls::{MakeCritical, PagedResults};
use ldap3::{LdapResult, ResultEntry, Scope, SearchStream};
use tokio::time::timeout;

use super::connect::Connection;
use super::entry::{Entry, cookie};
use super::fault::{self, Fault};
use super::server::Server;

/// How many empty pages may follow one another: a server may look through much and find nothing, but must come to an end.
const MOST_EMPTY: u32 = 1000;
const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
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
    pub(super) page_size: Option<i32>,
}

/// A search that is under way.
pub(super) struct Pages<'c, 's> {
    connection: &'c mut Connection<'s>,
    search: Search<'c>,
    running: Option<SearchStream<'static, String, Vec<String>>>,
    /// Pages without an entry since the last one with any.
    empty: u32,
}

impl<'s> Connection<'s> {
    /// Starts a search.
    pub(super) async fn search<'c>(&'c mut self, search: Search<'c>) -> Result<Pages<'c, 's>, Fault> {
        let mut pages = Pages { connection: self, search, running: None, empty: 0 };
        pages.ask(Vec::new()).await?;
        Ok(pages)
    }

    /// Reads a search of few entries whole.
    pub(super) async fn entries(&mut self, search: Search<'_>) -> Result<Vec<Entry>, Fault> {
        let server = self.server;
        let mut pages = self.search(search).await?;
        let (mut entries, mut seen) = (Vec::new(), HashSet::new());
        while let Some(page) = pages.next().await? {
            for raw in page {
                let entry = read_entry(server, raw)?;
                if !seen.insert(entry.dn.clone()) {
                    return Err(server.incomplete("an entry came twice").into());
                }
                entries.push(entry);
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
    ) -> Result<Option<Entry>, Fault> {
        let search = Search { base: dn, scope: Scope::Base, filter, attributes, page_size: None };
        match self.entries(search).await {
            Ok(mut entries) => Ok(entries.pop()),
            Err(Fault::NoSuchObject) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Pages<'_, '_> {
    /// The next page; `None` after the last one was proven to be the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<ResultEntry>>, Fault> {
        let Some(stream) = self.running.take() else { return Ok(None) };
        let server = self.connection.server;
        let page = timeout(server.timeout, collect(server, stream)).await;
        let (entries, done) = page.map_err(|_elapsed| {
            fault::unavailable(server, format!("a page took longer than {} seconds", server.timeout.as_secs()))
        })??;
        fault::page(server, done.rc)?;
        self.empty = if entries.is_empty() { self.empty + 1 } else { 0 };
        if self.empty > MOST_EMPTY {
            return Err(server.incomplete("it sends one empty page after the other").into());
        }
        if self.search.page_size.is_some() {
            let next = next_cookie(&done)
                .ok_or_else(|| server.incomplete("a page came without the paged results control (RFC 2696), so nothing tells whether it was the last"))?;
            if !next.is_empty() {
                self.ask(next).await?;
            }
        }
        Ok(Some(entries))
    }

    async fn ask(&mut self, cookie: Vec<u8>) -> Result<(), Fault> {
        let server = self.connection.server;
        let ldap = &mut self.connection.ldap;
        if let Some(size) = self.search.page_size {
            ldap.with_controls(vec![PagedResults { size, cookie }.critical().into()]);
        }
        let search = &self.search;
        let asked = ldap.streaming_search(search.base, search.scope, search.filter, search.attributes.clone());
        let asked = timeout(server.timeout, asked).await;
        let asked = asked.map_err(|_elapsed| fault::unavailable(server, "a request could not be sent in time"))?;
        self.running = Some(asked.map_err(|error| fault::broken(server, &error))?);
        Ok(())
    }
}

async fn collect(
    server: &Server,
    mut stream: SearchStream<'static, String, Vec<String>>,
) -> Result<(Vec<ResultEntry>, LdapResult), Fault> {
    let mut entries = Vec::new();
    while let Some(item) = stream.next().await.map_err(|error| fault::broken(server, &error))? {
        if item.is_ref() {
            check_reference(server, item)?;
        } else if !item.is_intermediate() {
            entries.push(item);
        }
    }
    Ok((entries, stream.finish().await))
}

fn next_cookie(done: &LdapResult) -> Option<Vec<u8>> {
    let control = done.ctrls.iter().find(|control| control.1.ctype == PAGED_RESULTS)?;
    cookie(control.1.val.as_deref()?)
}

/// An entry as it came, or the reason why the read is not whole.
pub(super) fn read_entry(server: &Server, raw: ResultEntry) -> Result<Entry, Fault> {
    Entry::read(raw).ok_or_else(|| server.incomplete("an entry cannot be read").into())
}

/// A part of the tree that another server holds was not searched, so the read is not whole.
fn check_reference(server: &Server, raw: ResultEntry) -> Result<(), Fault> {
    let urls: Vec<String> = raw
        .0
        .expect_constructed()
        .into_iter()
        .flatten()
        .filter_map(|url| url.expect_primitive().and_then(|url| String::from_utf8(url).ok()))
        .collect();
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
