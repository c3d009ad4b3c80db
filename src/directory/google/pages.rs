//! Reads lists page by page. Google counts no list, so nothing tells a page that was lost from one that never was; what
//! can be checked is checked here.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::fault::Api;
use crate::directory::web::MOST_PAGES;
use crate::directory::{Error, ReadQuery};
use crate::net::api::{Answer, Request};

/// One record of a list.
pub(super) type Record = Map<String, Value>;

/// A list, as far as it was read.
pub(super) struct Listing<'a> {
    api: &'a Api,
    /// The query whose people it lists, for blame.
    of: Option<&'a ReadQuery>,
    steps: Vec<&'a str>,
    parameters: Vec<(&'static str, String)>,
    /// Most records of a page.
    size: usize,
    kind: &'static str,
    member: &'static str,
    token: Option<String>,
    tokens: HashSet<blake3::Hash>,
    anew: bool,
    ended: bool,
}

impl<'a> Listing<'a> {
    /// The list at `steps`, whose answers are of this kind and hold their records under `member`, so many on a page.
    pub(super) fn new(
        api: &'a Api,
        steps: &[&'a str],
        (kind, member): (&'static str, &'static str),
        size: u16,
        mut parameters: Vec<(&'static str, String)>,
    ) -> Self {
        parameters.push(("maxResults", size.to_string()));
        let steps = ["admin", "directory", "v1"].into_iter().chain(steps.iter().copied()).collect();
        let (tokens, size) = (HashSet::new(), size.into());
        Self { api, of: None, steps, parameters, size, kind, member, token: None, tokens, anew: false, ended: false }
    }

    /// The same, of the people of a query.
    pub(super) fn of(self, query: &'a ReadQuery) -> Self {
        Self { of: Some(query), ..self }
    }

    /// Whether it was begun anew, so that records may come twice.
    pub(super) fn began_anew(&self) -> bool {
        self.anew
    }

    /// The next page; `None` after the last.
    ///
    /// A page token is good for three days (developers.google.com/workspace/admin/directory/reference/rest/v1/users/list):
    /// where it is refused the list begins anew, once. A page that is empty, or full and yet the last, is asked for twice:
    /// such pages are few, and what a server leaves out by mistake mostly makes one.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Record>>, Error> {
        if self.ended {
            return Ok(None);
        }
        let mut page = self.page().await?;
        if page.as_ref().is_some_and(|page| self.doubts(page)) {
            page = self.page().await?.zip(page).map(|(again, page)| page.or_more(again));
        }
        let page = match page {
            Some(page) => page,
            None if self.anew => {
                return Err(self.api.web.incomplete("it refused a page token twice, which it had given itself"));
            }
            None => {
                (self.anew, self.token) = (true, None);
                self.tokens.clear();
                return Box::pin(self.next()).await;
            }
        };
        match &page.next {
            Some(token) if !self.tokens.insert(blake3::hash(token.as_bytes())) => {
                return Err(self.api.web.incomplete("a page token leads back to a page that was read"));
            }
            Some(_) if self.tokens.len() >= MOST_PAGES => {
                return Err(self.api.web.incomplete(format!("a list has more than {MOST_PAGES} pages")));
            }
            Some(_) => {}
            None => self.ended = true,
        }
        self.token = page.next;
        Ok(Some(page.records))
    }

    fn doubts(&self, page: &Page) -> bool {
        page.records.is_empty() || (page.next.is_none() && page.records.len() >= self.size)
    }

    /// Asks for the page at hand; `None` where its token is refused.
    async fn page(&self) -> Result<Option<Page>, Error> {
        let web = &self.api.web;
        let token = self.token.as_deref().map(|token| ("pageToken", token));
        let parameters: Vec<(&str, &str)> =
            self.parameters.iter().map(|(name, value)| (*name, value.as_str())).chain(token).collect();
        let answer = web.ask(&Request::get(web.url(&self.steps, &parameters))).await?;
        match answer.status {
            200 => self.read(&answer).map(Some),
            // The same request without a token was good: it is the token that is refused.
            400 | 410 if self.token.is_some() => Ok(None),
            _ => Err(self.of.map_or_else(|| self.api.fault(&answer), |query| self.api.fault_of(query, &answer))),
        }
    }

    fn read(&self, answer: &Answer) -> Result<Page, Error> {
        let web = &self.api.web;
        let mut body: Record = web.parse(answer)?;
        is_kind(self.api, &body, self.kind)?;
        let records = match body.remove(self.member) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(records)) => records,
            Some(_) => return Err(web.incomplete("an answer holds no list where one belongs")),
        };
        let records = records.into_iter().map(|record| match record {
            Value::Object(record) => Ok(record),
            _ => Err(web.incomplete("a list holds what is no record")),
        });
        let next = match body.remove("nextPageToken") {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) => (!token.is_empty()).then_some(token),
            Some(_) => return Err(web.incomplete("a page token is no text")),
        };
        Ok(Page { records: records.collect::<Result<_, _>>()?, next })
    }
}

struct Page {
    records: Vec<Record>,
    next: Option<String>,
}

impl Page {
    /// Of two answers to one request, what the fuller of them holds.
    fn or_more(self, other: Self) -> Self {
        let next = other.next.or(self.next);
        let records = if other.records.len() > self.records.len() { other.records } else { self.records };
        Self { records, next }
    }
}

/// Every answer says what it is. Without that, JSON of somebody else would be read as an empty list.
pub(super) fn is_kind(api: &Api, body: &Record, kind: &str) -> Result<(), Error> {
    if body.get("kind").and_then(Value::as_str) == Some(kind) {
        return Ok(());
    }
    Err(api
        .web
        .incomplete(format!("an answer is not {kind}: something else answers in the place of the Directory API")))
}
