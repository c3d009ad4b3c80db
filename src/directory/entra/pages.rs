//! Listings, read page by page to their end (learn.microsoft.com/graph/paging).
//!
//! Every listing is asked for with `$count=true` and `ConsistencyLevel: eventual`: filters and casts often need both
//! (learn.microsoft.com/graph/aad-advanced-queries), and the first page then says how many there are. That count is the
//! second proof that nothing was lost on the way: the first, that no link is left, is also what a page looks like whose
//! link was lost. Fewer different ones than were counted fails the read; more is no harm, they came while it was read.
//! The price is the index behind such queries, which lags: whom it does not have yet comes with a later run, and whom it
//! lost is found when leavers are asked for by id, which does not go through it.
//!
//! A listing whose place is lost, or that is short, begins anew, once: people go in the middle of a read.

use http::{HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::Graph;
use super::fault::{Fault, Question, Refusal, refused};
use crate::directory::Error;
use crate::directory::seen::Seen;
use crate::directory::web::Links;
use crate::net::api::{Answer, Request};
use crate::person::PersonId;

/// The bytes of an id: ids of Entra are GUIDs.
pub(super) type Key = [u8; 16];

/// One record of a listing.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) key: Key,
    pub(super) id: PersonId,
    pub(super) record: Map<String, Value>,
}

/// A step of a listing.
#[derive(Debug)]
pub(super) enum Step {
    /// The next page.
    Page(Vec<Item>),
    /// The listing begins anew: what came before comes again.
    Anew,
}

#[derive(Deserialize)]
struct Page {
    value: Vec<Map<String, Value>>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
    #[serde(rename = "@odata.count")]
    count: Option<u64>,
}

/// A listing that is being read.
pub(super) struct Pages<'a> {
    graph: &'a Graph,
    question: Question<'a>,
    first: Url,
    next: Option<Url>,
    links: Links,
    met: Seen,
    counted: Option<u64>,
    ended: bool,
    begun_anew: bool,
}

/// The text of a GUID in the one form that Graph writes, and its bytes.
pub(super) fn guid(text: &str) -> Option<(PersonId, Key)> {
    let guid = Uuid::try_parse(text).ok()?;
    Some((PersonId::new(guid.hyphenated().to_string())?, guid.into_bytes()))
}

/// A GET that may use the index. The header must go with every page, or the link that it gave has expired.
pub(super) fn get(url: Url) -> Request {
    Request::get(url).header(HeaderName::from_static("consistencylevel"), HeaderValue::from_static("eventual"))
}

impl<'a> Pages<'a> {
    /// Begins a listing at `steps`, with these properties of each, narrowed by a filter.
    pub(super) fn new(
        graph: &'a Graph,
        question: Question<'a>,
        steps: &[&str],
        select: &str,
        filter: Option<&str>,
    ) -> Self {
        let mut query = vec![("$select", select), ("$top", &graph.page_size), ("$count", "true")];
        query.extend(filter.map(|filter| ("$filter", filter)));
        let first = graph.web.url(steps, &query);
        let next = Some(first.clone());
        let links = Links::of(&graph.web);
        let (met, counted) = (Seen::default(), None);
        Self { graph, question, first, next, links, met, counted, ended: false, begun_anew: false }
    }

    /// The next step; `None` when the listing was read to its end, and proven.
    pub(super) async fn next(&mut self) -> Result<Option<Step>, Error> {
        if self.ended {
            return Ok(None);
        }
        let Some(url) = self.next.take() else {
            return match self.missing() {
                None => {
                    self.ended = true;
                    Ok(None)
                }
                Some(error) => self.begin_anew(error).map(Some),
            };
        };
        let answer = self.graph.web.ask(&get(url)).await?;
        match self.page(&answer) {
            Ok(page) => Ok(Some(Step::Page(page))),
            Err(Fault::Expired(error)) => self.begin_anew(error).map(Some),
            Err(Fault::Error(error)) => Err(error),
        }
    }

    fn page(&mut self, answer: &Answer) -> Result<Vec<Item>, Fault> {
        let web = &self.graph.web;
        if answer.status != 200 {
            return Err(refused(web, self.question, answer.status, &Refusal::of(&answer.body)));
        }
        let page: Page = web.parse(answer).map_err(Fault::Error)?;
        self.counted = self.counted.or(page.count);
        self.next = page.next.map(|link| self.links.follow(web, &link)).transpose().map_err(Fault::Error)?;
        let mut items = Vec::with_capacity(page.value.len());
        for record in page.value {
            let (id, key) = record
                .get("id")
                .and_then(Value::as_str)
                .and_then(guid)
                .ok_or_else(|| Fault::Error(web.incomplete("a record has no id that is a GUID")))?;
            self.met.insert(&id);
            items.push(Item { key, id, record });
        }
        Ok(items)
    }

    fn missing(&self) -> Option<Error> {
        let met = u64::try_from(self.met.len()).unwrap_or(u64::MAX);
        self.counted.filter(|counted| met < *counted).map(|counted| {
            self.graph.web.incomplete(format!("it counts {counted} and lists {met}, twice: the next run tries again"))
        })
    }

    fn begin_anew(&mut self, error: Error) -> Result<Step, Error> {
        if self.begun_anew {
            return Err(error);
        }
        self.begun_anew = true;
        self.next = Some(self.first.clone());
        self.links = Links::of(&self.graph.web);
        (self.met, self.counted) = (Seen::default(), None);
        Ok(Step::Anew)
    }
}
