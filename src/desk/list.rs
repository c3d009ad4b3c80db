//! Listing contacts, and the proof that a listing was whole (L16; paging by index: RFC 7644 section 3.4.2.4, by
//! cursor: RFC 9865).

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use tokio::sync::mpsc;

use super::json::{self, Object};
use super::wire::{Answer, Request};
use super::{Contact, ContactId, Desk, Error};

/// How often a listing that does not fit is tried.
const TRIES: usize = 2;
/// How many pages by cursor may bring nothing new, one after the other: an empty page is none too many (RFC 9865), but
/// a listing must end.
const MOST_IDLE: usize = 100;

/// The proof that a listing was whole. Only a listing makes one, as the last thing it does.
#[derive(Debug)]
pub struct WholeListing {
    contacts: u64,
}

impl WholeListing {
    /// How many contacts were listed.
    pub fn contacts(&self) -> u64 {
        self.contacts
    }
}

/// One page of a list response. Attribute names ignore case, `Resources` may be absent, numbers may come as text.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
    pub(super) resources: Vec<Object>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    Text(String),
    Other(IgnoredAny),
}

impl<'de> Deserialize<'de> for Page {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader(PhantomData<Page>);
        impl<'de> Visitor<'de> for Reader {
            type Value = Page;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SCIM list response")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Page, A::Error> {
                let mut page = Page { total: None, next: None, resources: Vec::new() };
                let mut listed = false;
                while let Some(name) = map.next_key::<String>()? {
                    match name.to_ascii_lowercase().as_str() {
                        "totalresults" => {
                            page.total = match map.next_value()? {
                                Loose::Number(total) => Some(total),
                                Loose::Text(total) => total.trim().parse().ok(),
                                Loose::Other(IgnoredAny) => None,
                            }
                        }
                        "nextcursor" => {
                            page.next = map.next_value::<Option<String>>()?.filter(|cursor| !cursor.is_empty());
                        }
                        "resources" => {
                            page.resources = map.next_value::<Option<Vec<Object>>>()?.unwrap_or_default();
                            listed = true;
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                if page.total.is_none() && !listed {
                    return Err(de::Error::missing_field("totalResults"));
                }
                Ok(page)
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

/// Why one try of a listing ended without proof.
enum Short {
    /// It did not fit together: worth one more try.
    Unproven(String),
    /// The desk does not take this filter.
    NoFilter,
    Failed(Error),
}

impl From<Error> for Short {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// One listing and where its contacts go.
struct Listing<'a> {
    filter: Option<String>,
    /// Which contacts are wanted, whatever the filter says.
    wanted: &'a (dyn Fn(&Contact) -> bool + Sync),
    pages: &'a mpsc::Sender<Vec<Contact>>,
    sent: HashSet<ContactId>,
    found: u64,
    /// Something was listed in some try, wanted or not.
    any: bool,
}

impl Desk {
    /// Lists the contacts whose `externalId` begins with `prefix`, each once, in pages, into `pages`. Gives the proof
    /// that none was left out, or an error. A closed receiver ends it with [`Error::Cancelled`].
    pub async fn list(&self, prefix: &str, pages: mpsc::Sender<Vec<Contact>>) -> Result<WholeListing, Error> {
        let owned = |contact: &Contact| contact.external_id.as_deref().is_some_and(|id| id.starts_with(prefix));
        let filter = format!("externalId sw {}", json::quoted(prefix));
        let contacts = self.whole(Some(filter), &owned, &pages).await?;
        Ok(WholeListing { contacts })
    }

    /// Lists everything and keeps what is wanted: for look-ups where the desk does not filter.
    pub(super) async fn scan(&self, wanted: &(dyn Fn(&Contact) -> bool + Sync)) -> Result<Vec<Contact>, Error> {
        let (pages, mut received) = mpsc::channel(4);
        let collect = async {
            let mut all = Vec::new();
            while let Some(page) = received.recv().await {
                all.extend(page);
            }
            all
        };
        let listing = async move { self.whole(None, wanted, &pages).await };
        let (listed, contacts) = tokio::join!(listing, collect);
        listed.map(|_| contacts)
    }

    async fn whole(
        &self,
        filter: Option<String>,
        wanted: &(dyn Fn(&Contact) -> bool + Sync),
        pages: &mpsc::Sender<Vec<Contact>>,
    ) -> Result<u64, Error> {
        let filter = filter.filter(|_| self.capabilities().filter.is_some());
        let mut listing = Listing { filter, wanted, pages, sent: HashSet::new(), found: 0, any: false };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_list(&mut listing).await {
                Ok(0) if listing.filter.is_some() => return self.believe_nothing(listing).await,
                // A desk without any contact is asked again, too: nothing else would tell.
                Ok(0) if !listing.any && tries < TRIES => {}
                Ok(contacts) => return Ok(contacts),
                Err(Short::Failed(error)) => return Err(error),
                Err(Short::NoFilter) if listing.filter.is_some() => {
                    listing.filter = None;
                    tries = 0;
                }
                Err(Short::NoFilter) => return Err(self.wire().not_a_desk("it refuses to list its users")),
                Err(Short::Unproven(reason)) if tries >= TRIES => return Err(self.incomplete(reason)),
                Err(Short::Unproven(_)) => {}
            }
        }
    }

    /// A filter that finds nothing may be one that the desk does not understand: an unfiltered look must agree.
    async fn believe_nothing(&self, mut listing: Listing<'_>) -> Result<u64, Error> {
        let answer = self.wire().read(&Request::get(&["Users"]).query("count", "1")).await?;
        if self.page_of(&answer)?.total == Some(0) {
            return Ok(0);
        }
        listing.filter = None;
        for last in [false, true] {
            match self.try_list(&mut listing).await {
                Ok(0) => return Ok(0),
                Ok(_) => {
                    let reason = "it answers a filter on externalId with nothing although such contacts exist";
                    return Err(self.incomplete(reason));
                }
                Err(Short::Unproven(_)) if !last => {}
                Err(Short::Unproven(reason)) => return Err(self.incomplete(reason)),
                Err(Short::NoFilter) => return Err(self.wire().not_a_desk("it refuses to list its users")),
                Err(Short::Failed(error)) => return Err(error),
            }
        }
        Ok(0)
    }

    async fn try_list(&self, listing: &mut Listing<'_>) -> Result<u64, Short> {
        listing.found = 0;
        if self.capabilities().cursor { self.by_cursor(listing).await } else { self.by_index(listing).await }
    }

    async fn by_index(&self, listing: &mut Listing<'_>) -> Result<u64, Short> {
        let mut seen: HashSet<ContactId> = HashSet::new();
        let (mut start, mut total) = (1_u64, None);
        loop {
            let page = self.page(listing, |request| request.query("startIndex", start.to_string())).await?;
            let told = page.total.ok_or_else(|| Short::Unproven("an answer tells no totalResults".to_owned()))?;
            if *total.get_or_insert(told) != told {
                return Err(Short::Unproven("the number of contacts changed during the listing".to_owned()));
            }
            let rows = page.resources.len() as u64;
            let known = seen.len();
            listing.take(page, &mut seen).await?;
            if rows > 0 && seen.len() == known {
                return Err(Short::Unproven("a page held only contacts of earlier pages".to_owned()));
            }
            start += rows;
            if rows == 0 || start > told {
                let distinct = seen.len() as u64;
                return if distinct == told {
                    Ok(listing.found)
                } else {
                    Err(Short::Unproven(format!("{told} contacts were told, {distinct} were listed")))
                };
            }
        }
    }

    async fn by_cursor(&self, listing: &mut Listing<'_>) -> Result<u64, Short> {
        let mut seen: HashSet<ContactId> = HashSet::new();
        let mut used: HashSet<String> = HashSet::new();
        let mut cursor = String::new();
        let mut first_total = None;
        let mut idle = 0;
        loop {
            let page = self.page(listing, |request| request.query("cursor", cursor.clone())).await?;
            let first = *first_total.get_or_insert(page.total);
            let next = page.next.clone();
            let known = seen.len();
            listing.take(page, &mut seen).await?;
            idle = if seen.len() == known { idle + 1 } else { 0 };
            match next {
                Some(_) if idle > MOST_IDLE => {
                    return Err(Short::Unproven("page after page brings nothing new".to_owned()));
                }
                Some(next) if !used.insert(next.clone()) => {
                    return Err(Short::Unproven("the desk gave the same cursor twice".to_owned()));
                }
                Some(next) => cursor = next,
                None => {
                    // Contacts may be made meanwhile, and the total be left out; but fewer than were told at first are too
                    // few, whatever the last page says: it may be the one that is wrong.
                    let distinct = seen.len() as u64;
                    return if first.is_some_and(|told| told > distinct) {
                        Err(Short::Unproven(format!("more contacts were told than the {distinct} that were listed")))
                    } else {
                        Ok(listing.found)
                    };
                }
            }
        }
    }

    async fn page(&self, listing: &Listing<'_>, place: impl FnOnce(Request) -> Request) -> Result<Page, Short> {
        let mut request = place(Request::get(&["Users"])).query("count", self.capabilities().page().to_string());
        if let Some(filter) = &listing.filter {
            request = request.query("filter", filter.clone());
        }
        let answer = self.wire().read(&request).await?;
        match answer.status {
            200 => Ok(self.page_of(&answer)?),
            400 | 410 if answer.scim_type().is_some_and(|kind| kind.ends_with("Cursor")) => {
                Err(Short::Unproven("the desk's cursor expired".to_owned()))
            }
            400 | 405 | 413 | 414 | 501 if listing.filter.is_some() => Err(Short::NoFilter),
            status => Err(Short::Failed(self.unexpected(status))),
        }
    }

    pub(super) fn page_of(&self, answer: &Answer) -> Result<Page, Error> {
        if answer.status == 200 { self.wire().parse(answer) } else { Err(self.unexpected(answer.status)) }
    }

    pub(super) fn unexpected(&self, status: u16) -> Error {
        self.wire().not_a_desk(format!("it answers HTTP {status} where users are listed: check the endpoint's path"))
    }

    pub(super) fn incomplete(&self, reason: impl Into<String>) -> Error {
        Error::Incomplete { host: self.wire().host(), reason: reason.into() }
    }
}

impl Listing<'_> {
    /// Notes every id, and sends on what is wanted and was not sent before.
    async fn take(&mut self, page: Page, seen: &mut HashSet<ContactId>) -> Result<(), Short> {
        let mut fresh = Vec::with_capacity(page.resources.len());
        for resource in page.resources {
            let contact =
                Contact::read(resource).ok_or_else(|| Short::Unproven("a contact came without id".to_owned()))?;
            let new = seen.insert(contact.id.clone());
            self.any = true;
            if !(self.wanted)(&contact) {
                continue;
            }
            self.found += u64::from(new);
            if self.sent.insert(contact.id.clone()) {
                fresh.push(contact);
            }
        }
        if fresh.is_empty() {
            return Ok(());
        }
        self.pages.send(fresh).await.map_err(|_closed| Short::Failed(Error::Cancelled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_loosely() {
        let page: Page = serde_json::from_str(r#"{"TOTALRESULTS": "2", "x": {"y": []}}"#).unwrap();
        assert_eq!((page.total, page.resources.len()), (Some(2), 0));
        let page: Page =
            serde_json::from_str(r#"{"totalResults":1,"resources":[{"id":"7"}],"nextCursor":""}"#).unwrap();
        assert_eq!((page.next, page.resources.len()), (None, 1));
        assert!(serde_json::from_str::<Page>(r#"{"hello": "world"}"#).is_err());
        assert!(serde_json::from_str::<Page>("[]").is_err());
    }
}
