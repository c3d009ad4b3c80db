//! Listing contacts, and the proof that a listing was whole (L16; paging by index: RFC 7644 section 3.4.2.4, by
//! cursor: RFC 9865).

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::time::Instant;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json_borrow::Value;
use tokio_util::task::AbortOnDropHandle;

use super::census::Owners;
use super::wire::{Request, scim_type_of};
use super::{Contact, Desk, Error, Listed};
use crate::net::api::Answer;
use crate::scim::json::{self, Node as _};
use crate::scim::page::Page;

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
    wanted: &'a (dyn Fn(&Listed<'_>) -> bool + Sync),
    each: &'a mut (dyn FnMut(&Listed<'_>) + Send),
    met: Met,
    tries: u8,
    found: u64,
    /// Something was listed in some try, wanted or not.
    any: bool,
    /// Whose contacts pass by, where somebody wants to know.
    owners: Option<Owners>,
}

/// The contacts that a listing met, a few bytes for each: 64 bits that stand for an id, under keys that nobody else
/// knows. Two ids of a million share them once in 37 million listings, which then counts as one id that came twice.
#[derive(Default)]
struct Met {
    keys: RandomState,
    ids: HashMap<u64, Seen>,
}

/// Of one contact: in which try it was seen last, and whether it was handed on.
#[derive(Clone, Copy, Default)]
struct Seen {
    tries: u8,
    sent: bool,
}

impl Met {
    fn at(&mut self, id: &str) -> &mut Seen {
        let key = self.keys.hash_one(id);
        self.ids.entry(key).or_default()
    }

    fn in_try(&self, tries: u8) -> u64 {
        self.ids.values().filter(|seen| seen.tries == tries).count() as u64
    }
}

impl Desk {
    /// Lists the contacts whose `externalId` begins with `prefix`, and hands each on once. Gives the proof that none was
    /// left out, or an error.
    pub async fn list(&self, prefix: &str, each: &mut (dyn FnMut(&Listed<'_>) + Send)) -> Result<WholeListing, Error> {
        self.list_noticing(prefix, &|_| {}, each).await
    }

    /// The same; `notice` is shown the `externalId` of every other contact that passes by, which is all of them where the
    /// desk does not filter, or nothing begins with the prefix.
    pub async fn list_noticing(
        &self,
        prefix: &str,
        notice: &(dyn Fn(&str) + Sync),
        each: &mut (dyn FnMut(&Listed<'_>) + Send),
    ) -> Result<WholeListing, Error> {
        let owned = |contact: &Listed<'_>| {
            let Some(id) = contact.external_id else { return false };
            let owned = id.starts_with(prefix);
            if !owned {
                notice(id);
            }
            owned
        };
        let filter = format!("externalId sw {}", json::quoted(prefix));
        let nobody = || self.0.census.has_none(prefix, &|id| notice(id));
        let contacts = self.whole(Some(filter), &nobody, &owned, each).await?;
        Ok(WholeListing { contacts })
    }

    /// Lists everything and keeps what is wanted: for look-ups where the desk does not filter.
    pub(super) async fn scan(&self, wanted: &(dyn Fn(&Listed<'_>) -> bool + Sync)) -> Result<Vec<Contact>, Error> {
        let mut kept = Vec::new();
        self.whole(None, &|| false, wanted, &mut |contact| kept.extend(contact.to_contact())).await?;
        Ok(kept)
    }

    /// `nobody` says whether an unfiltered listing has lately shown that nothing is wanted.
    async fn whole(
        &self,
        filter: Option<String>,
        nobody: &(dyn Fn() -> bool + Sync),
        wanted: &(dyn Fn(&Listed<'_>) -> bool + Sync),
        each: &mut (dyn FnMut(&Listed<'_>) + Send),
    ) -> Result<u64, Error> {
        let filter = filter.filter(|_| self.capabilities().filter.is_some());
        let mut listing =
            Listing { filter, wanted, each, met: Met::default(), tries: 0, found: 0, any: false, owners: None };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_list(&mut listing).await {
                Ok(0) if listing.filter.is_some() && nobody() => return Ok(0),
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
        let begin = Instant::now();
        let filter = listing.filter.take();
        listing.owners = Some(Owners::default());
        let agreed = self.agree(&mut listing).await?;
        self.0.census.take(begin, listing.owners.take().unwrap_or_default());
        if agreed > 0 {
            listing.filter = filter;
            self.ask_again(&mut listing).await?;
        }
        Ok(agreed)
    }

    /// The contacts that a filter did not find may have been made just after it was asked, by a run that nobody knew of:
    /// then it finds them now.
    async fn ask_again(&self, listing: &mut Listing<'_>) -> Result<(), Error> {
        match self.try_list(listing).await {
            Ok(0) => {
                let reason = "it answers a filter on externalId with nothing although such contacts exist";
                Err(self.incomplete(reason))
            }
            Ok(_) => Ok(()),
            Err(Short::Unproven(reason)) => Err(self.incomplete(reason)),
            Err(Short::NoFilter) => Err(self.incomplete("it took a filter on externalId, and then takes it no more")),
            Err(Short::Failed(error)) => Err(error),
        }
    }

    async fn agree(&self, listing: &mut Listing<'_>) -> Result<u64, Error> {
        let answer = self.wire().read(&Request::get(&["Users"]).query("count", "1")).await?;
        if self.page_of::<IgnoredAny>(&answer)?.total == Some(0) {
            return Ok(0);
        }
        for last in [false, true] {
            match self.try_list(listing).await {
                Ok(found) => return Ok(found),
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
        listing.tries = listing.tries.saturating_add(1);
        if self.capabilities().cursor { self.by_cursor(listing).await } else { self.by_index(listing).await }
    }

    async fn by_index(&self, listing: &mut Listing<'_>) -> Result<u64, Short> {
        let filter = listing.filter.clone();
        let (mut start, mut total) = (1_u64, None);
        let mut coming = self.ahead(filter.as_ref(), "startIndex", start.to_string());
        loop {
            let answer = arrived(coming).await?;
            let page: Page<Value<'_>> = self.listed(&answer, filter.is_some())?;
            let told = page.total.ok_or_else(|| Short::Unproven("an answer tells no totalResults".to_owned()))?;
            if *total.get_or_insert(told) != told {
                return Err(Short::Unproven("the number of contacts changed during the listing".to_owned()));
            }
            let rows = page.resources.len() as u64;
            start += rows;
            let more = rows > 0 && start <= told;
            let next = more.then(|| self.ahead(filter.as_ref(), "startIndex", start.to_string()));
            let fresh = listing.take(&page.resources)?;
            if rows > 0 && fresh == 0 {
                return Err(Short::Unproven("a page held only contacts of earlier pages".to_owned()));
            }
            let Some(next) = next else {
                let distinct = listing.met.in_try(listing.tries);
                return if distinct == told {
                    Ok(listing.found)
                } else {
                    Err(Short::Unproven(format!("{told} contacts were told, {distinct} were listed")))
                };
            };
            coming = next;
        }
    }

    async fn by_cursor(&self, listing: &mut Listing<'_>) -> Result<u64, Short> {
        let filter = listing.filter.clone();
        let mut used: HashSet<String> = HashSet::new();
        let mut first_total = None;
        let mut idle = 0;
        let mut coming = self.ahead(filter.as_ref(), "cursor", String::new());
        loop {
            let answer = arrived(coming).await?;
            let page: Page<Value<'_>> = self.listed(&answer, filter.is_some())?;
            let first = *first_total.get_or_insert(page.total);
            let next = match page.next {
                Some(next) if !used.insert(next.clone()) => {
                    return Err(Short::Unproven("the desk gave the same cursor twice".to_owned()));
                }
                next => next.map(|next| self.ahead(filter.as_ref(), "cursor", next)),
            };
            let fresh = listing.take(&page.resources)?;
            idle = if fresh == 0 { idle + 1 } else { 0 };
            let Some(next) = next else {
                // Contacts may be made meanwhile, and the total be left out; but fewer than were told at first are too
                // few, whatever the last page says: it may be the one that is wrong.
                let distinct = listing.met.in_try(listing.tries);
                return if first.is_some_and(|told| told > distinct) {
                    Err(Short::Unproven(format!("more contacts were told than the {distinct} that were listed")))
                } else {
                    Ok(listing.found)
                };
            };
            if idle > MOST_IDLE {
                return Err(Short::Unproven("page after page brings nothing new".to_owned()));
            }
            coming = next;
        }
    }

    /// Asks for a page on a task of its own, so that it comes while the one before is looked at.
    fn ahead(&self, filter: Option<&String>, name: &'static str, place: String) -> Coming {
        let mut request =
            Request::get(&["Users"]).query(name, place).query("count", self.capabilities().page().to_string());
        if let Some(filter) = filter {
            request = request.query("filter", filter.as_str());
        }
        let desk = self.clone();
        AbortOnDropHandle::new(tokio::spawn(async move { desk.wire().read(&request).await }))
    }

    fn listed<'a>(&self, answer: &'a Answer, filtered: bool) -> Result<Page<Value<'a>>, Short> {
        match answer.status {
            200 => Ok(self.page_of(answer)?),
            400 | 410 if scim_type_of(answer).is_some_and(|kind| kind.ends_with("Cursor")) => {
                Err(Short::Unproven("the desk's cursor expired".to_owned()))
            }
            400 | 405 | 413 | 414 | 501 if filtered => Err(Short::NoFilter),
            status => Err(Short::Failed(self.unexpected(status))),
        }
    }

    pub(super) fn page_of<'a, R: Deserialize<'a>>(&self, answer: &'a Answer) -> Result<Page<R>, Error> {
        if answer.status == 200 { self.wire().parse(answer) } else { Err(self.unexpected(answer.status)) }
    }

    pub(super) fn unexpected(&self, status: u16) -> Error {
        self.wire().not_a_desk(format!("it answers HTTP {status} where users are listed: check the endpoint's path"))
    }

    /// The error about a desk that shows none of a connection's contacts although it has some (L16).
    pub(crate) fn hides(&self, how: &str) -> Error {
        self.incomplete(format!(
            "{how}, and it shows none of the contacts that this connection had. Check which contacts its token may see; \
             if the desk was emptied and still keeps the addresses, delete the connection's run records"
        ))
    }

    pub(super) fn incomplete(&self, reason: impl Into<String>) -> Error {
        Error::Incomplete { host: self.wire().host(), reason: reason.into() }
    }
}

/// A page that was asked for; dropping it takes the request back.
type Coming = AbortOnDropHandle<Result<Answer, Error>>;

async fn arrived(coming: Coming) -> Result<Answer, Short> {
    Ok(coming.await.unwrap_or(Err(Error::Cancelled))?)
}

impl Listing<'_> {
    /// Notes every id, and hands on what is wanted and was not handed on before. Gives how many were new.
    fn take(&mut self, page: &[Value<'_>]) -> Result<u64, Short> {
        let mut fresh = 0;
        for resource in page {
            let contact = resource.as_fields().and_then(Listed::read);
            let contact = contact.ok_or_else(|| Short::Unproven("a contact came without id".to_owned()))?;
            let seen = self.met.at(contact.id);
            let new = std::mem::replace(&mut seen.tries, self.tries) != self.tries;
            fresh += u64::from(new);
            self.any = true;
            if let (Some(owners), Some(id)) = (&mut self.owners, contact.external_id) {
                owners.note(id);
            }
            if !(self.wanted)(&contact) {
                continue;
            }
            self.found += u64::from(new);
            if !std::mem::replace(&mut seen.sent, true) {
                (self.each)(&contact);
            }
        }
        Ok(fresh)
    }
}
