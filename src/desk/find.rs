//! Fetching contacts by id, and looking them up by email or owner. What a filter gives is checked again locally; a desk
//! that does not filter is listed whole instead.

use std::collections::{HashMap, HashSet};

use futures::FutureExt;
use futures::stream::{self, StreamExt, TryStreamExt};
use http::header::ETAG;

use super::wire::Request;
use super::{Contact, ContactId, Desk, Error, Listed};
use crate::contact::ExternalId;
use crate::scim::json::{self, Object};
use crate::scim::page::Page;

/// Longest filter of one request, in bytes before encoding: URLs above 8,000 bytes are refused by many servers.
const LONGEST_FILTER: usize = 2500;
/// Most terms of one filter.
const MOST_TERMS: usize = 40;

impl Desk {
    /// Fetches contacts by id, in no order. An id that is missing from the answer is gone.
    pub async fn get(&self, ids: &[ContactId]) -> Result<Vec<Contact>, Error> {
        let mut found: HashMap<ContactId, Contact> = HashMap::new();
        if self.capabilities().filter.is_some() && ids.len() > 1 {
            let wanted: HashSet<&ContactId> = ids.iter().collect();
            let listed = self.any_of("id", ids.iter().map(ContactId::as_str)).await?.unwrap_or_default();
            for contact in listed {
                if wanted.contains(&contact.id) {
                    found.insert(contact.id.clone(), contact);
                }
            }
        }
        // What a filter does not give counts as gone only when its own address says so.
        let missing = ids.iter().filter(|id| !found.contains_key(id));
        let singly: Vec<_> = missing.map(|id| FutureExt::boxed(self.get_one(id))).collect();
        let singly: Vec<Option<Contact>> =
            stream::iter(singly).buffer_unordered(self.in_flight()).try_collect().await?;
        found.extend(singly.into_iter().flatten().map(|contact| (contact.id.clone(), contact)));
        Ok(found.into_values().collect())
    }

    /// Contacts that are signed in with or reached under this address, whatever its case.
    pub async fn find_by_email(&self, email: &str) -> Result<Vec<Contact>, Error> {
        let matches = |contact: &Contact| contact.has_email(email);
        let mut found: HashMap<ContactId, Contact> = HashMap::new();
        for attribute in ["userName", "emails.value"] {
            match self.filtered(&format!("{attribute} eq {}", json::quoted(email))).await? {
                Some(contacts) => {
                    found.extend(contacts.into_iter().filter(matches).map(|contact| (contact.id.clone(), contact)));
                }
                None => return self.scan(&|contact| contact.has_email(email)).await,
            }
        }
        Ok(found.into_values().collect())
    }

    /// For each address, whether some contact signs in with it, which is what a desk refuses a creation for: by as few
    /// requests as possible.
    pub async fn are_taken(&self, emails: &[String]) -> Result<Vec<bool>, Error> {
        let wanted: HashSet<String> = emails.iter().map(|email| email.to_lowercase()).collect();
        let name = |contact: &Contact| contact.user_name.to_lowercase();
        let holders = match self.any_of("userName", emails.iter().map(String::as_str)).await? {
            Some(found) => found,
            None => self.scan(&|contact| wanted.contains(&contact.user_name().to_lowercase())).await?,
        };
        let taken: HashSet<String> = holders.iter().map(name).collect();
        Ok(emails.iter().map(|email| taken.contains(&email.to_lowercase())).collect())
    }

    /// Contacts of that owner and person, whatever is marked on them.
    pub async fn find_by_external_id(&self, id: &ExternalId) -> Result<Vec<Contact>, Error> {
        let plain = ExternalId::new(id.owner.clone(), id.person.as_str());
        match self.filtered(&format!("externalId sw {}", json::quoted(&plain.to_string()))).await? {
            Some(contacts) => Ok(contacts.into_iter().filter(|contact| is_of(contact, id)).collect()),
            None => self.scan(&|contact| is_owned_by(contact.external_id, id)).await,
        }
    }

    /// Contacts that were created under exactly these ids, by as few requests as possible.
    pub(super) async fn find_created(&self, ids: &[&ExternalId]) -> Result<Vec<Contact>, Error> {
        let texts: HashSet<String> = ids.iter().map(ToString::to_string).collect();
        let matches = |contact: &Contact| contact.external_id.as_ref().is_some_and(|id| texts.contains(id));
        let listed = |contact: &Listed<'_>| contact.external_id.is_some_and(|id| texts.contains(id));
        if self.capabilities().filter.is_none() {
            return self.scan(&listed).await;
        }
        match self.any_of("externalId", texts.iter().map(String::as_str)).await? {
            Some(found) => Ok(found.into_iter().filter(matches).collect()),
            None => self.scan(&listed).await,
        }
    }

    /// One contact, or `None` when there is none (404).
    pub(super) async fn get_one(&self, id: &ContactId) -> Result<Option<Contact>, Error> {
        let answer = self.wire().read(&Request::get(&["Users", id.as_str()])).await?;
        match answer.status {
            200 => {
                let mut contact = Contact::read(self.wire().parse(&answer)?)
                    .filter(|contact| contact.id == *id)
                    .ok_or_else(|| self.wire().not_a_desk("it answers with another resource than was asked for"))?;
                contact.version = contact.version.or_else(|| answer.header(&ETAG).map(str::to_owned));
                Ok(Some(contact))
            }
            404 | 410 => Ok(None),
            status => Err(self.unexpected(status)),
        }
    }

    /// Contacts whose attribute equals one of many values; `None` when the desk does not take such a filter.
    async fn any_of<'a>(
        &self,
        attribute: &str,
        values: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Vec<Contact>>, Error> {
        let most = self.capabilities().page().min(MOST_TERMS);
        let mut filters: Vec<(String, usize)> = Vec::new();
        for value in values {
            let term = format!("{attribute} eq {}", json::quoted(value));
            match filters.last_mut() {
                Some((filter, terms)) if *terms < most && filter.len() + term.len() < LONGEST_FILTER => {
                    filter.push_str(" or ");
                    filter.push_str(&term);
                    *terms += 1;
                }
                _ => filters.push((term, 1)),
            }
        }
        let asked: Vec<_> = filters.iter().map(|(filter, _)| FutureExt::boxed(self.filtered(filter))).collect();
        let found: Vec<Option<Vec<Contact>>> =
            stream::iter(asked).buffer_unordered(self.in_flight()).try_collect().await?;
        let found: Option<Vec<Vec<Contact>>> = found.into_iter().collect();
        Ok(found.map(|lists| lists.into_iter().flatten().collect()))
    }

    /// What a filter gives, all pages of it; `None` when the desk does not take it.
    async fn filtered(&self, filter: &str) -> Result<Option<Vec<Contact>>, Error> {
        if self.capabilities().filter.is_none() {
            return Ok(None);
        }
        let mut contacts: Vec<Contact> = Vec::new();
        let mut seen = HashSet::new();
        loop {
            let mut request = Request::get(&["Users"]).query("filter", filter);
            if !contacts.is_empty() {
                request = request.query("startIndex", (contacts.len() + 1).to_string());
            }
            let answer = self.wire().read(&request).await?;
            if matches!(answer.status, 400 | 405 | 413 | 414 | 501) {
                return Ok(None);
            }
            let Page { total, resources, .. } = self.page_of::<Object>(&answer)?;
            let rows = resources.len();
            let known = contacts.len();
            let fresh = resources.into_iter().filter_map(Contact::read);
            contacts.extend(fresh.filter(|contact| seen.insert(contact.id.clone())));
            if rows > 0 && contacts.len() == known {
                return Err(self.incomplete("a page held only contacts of earlier pages"));
            }
            if rows == 0 || total.is_none_or(|total| contacts.len() as u64 >= total) {
                return Ok(Some(contacts));
            }
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.wire().budget().concurrency()
    }
}

/// Whether a contact is that owner's, for that person, whatever is marked on it.
pub(super) fn is_of(contact: &Contact, id: &ExternalId) -> bool {
    is_owned_by(contact.external_id.as_deref(), id)
}

fn is_owned_by(external_id: Option<&str>, id: &ExternalId) -> bool {
    let found = external_id.and_then(ExternalId::parse);
    found.is_some_and(|found| found.owner == id.owner && found.person == id.person)
}
