//! Listing resources to a proven end (L16): by index (RFC 7644 section 3.4.2.4) as many distinct ids as a constant
//! `totalResults`, by cursor (RFC 9865) until no `nextCursor` comes. What does not fit together is listed once more.

use std::collections::HashSet;

use super::server::{Kind, Server, code, id_of, is_refusal};
use crate::directory::Error;
use crate::directory::seen::Seen;
use crate::net::api::Answer;
use crate::person::PersonId;
use crate::scim::json::{self, Object};
use crate::scim::page::Page;

/// How often a listing that does not fit is tried.
const TRIES: usize = 2;
/// How many pages by cursor may bring nothing new, one after the other: an empty page is none too many (RFC 9865), but
/// a listing must end.
const MOST_IDLE: usize = 100;

/// The attributes that are asked for, besides the id, which always comes.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// As the parameter has them.
    pub(super) parameter: String,
    /// The keys of a record that they lie under.
    pub(super) keys: Vec<String>,
}

impl Asked {
    /// Whether a record has anything of it.
    pub(super) fn is_in(&self, record: &Object) -> bool {
        self.keys.is_empty() || self.keys.iter().any(|key| json::get(record, key).is_some())
    }
}

/// Why one try ended without proof.
enum Short {
    /// It did not fit together: worth one more try.
    Unproven(String),
    /// The server does not understand the attributes that were asked for.
    Attributes,
    Failed(Error),
}

impl From<Error> for Short {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Where the next page is.
enum Place {
    Index(u64),
    Cursor(String),
    End,
}

/// One listing. The pages of a try that failed were handed on, and those of the next hold the same resources again.
pub(super) struct Listing<'a> {
    server: &'a Server,
    kind: Kind,
    filter: Option<String>,
    /// Whether the filter is the manifest's.
    theirs: bool,
    /// The server does not take a filter of ours.
    refused: bool,
    asked: Option<&'a Asked>,
    tries: usize,
    /// Of this try:
    place: Option<Place>,
    met: Seen,
    by_cursor: bool,
    told: Option<u64>,
    idle: usize,
    cursors: HashSet<String>,
}

impl<'a> Listing<'a> {
    /// Of all resources of a kind, with these attributes, or all of them.
    pub(super) fn of(server: &'a Server, kind: Kind, asked: Option<&'a Asked>) -> Self {
        Self {
            server,
            kind,
            filter: None,
            theirs: false,
            refused: false,
            asked,
            tries: 1,
            place: None,
            met: Seen::default(),
            by_cursor: false,
            told: None,
            idle: 0,
            cursors: HashSet::new(),
        }
    }

    /// Of those that the manifest's filter takes in.
    pub(super) fn narrowed(self, filter: Option<&str>) -> Self {
        Self { filter: filter.map(str::to_owned), theirs: true, ..self }
    }

    /// How many were listed, once it is whole.
    pub(super) fn count(&self) -> usize {
        self.met.len()
    }

    /// The next page; `None` once the listing is proven whole.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Object>>, Error> {
        loop {
            match self.step().await {
                Ok(page) => return Ok(page),
                Err(Short::Failed(error)) => return Err(error),
                Err(Short::Attributes) => {
                    self.server.choose_no_more();
                    self.begin();
                }
                Err(Short::Unproven(reason)) if self.tries >= TRIES => {
                    let what = self.kind.path();
                    return Err(self
                        .server
                        .web
                        .incomplete(format!("listing its {what} twice gave no whole: {reason}")));
                }
                Err(Short::Unproven(_)) => {
                    self.tries += 1;
                    self.begin();
                }
            }
        }
    }

    fn begin(&mut self) {
        (self.place, self.told, self.idle) = (None, None, 0);
        self.met = Seen::default();
        self.cursors.clear();
    }

    async fn step(&mut self) -> Result<Option<Vec<Object>>, Short> {
        let place = match self.place.take() {
            Some(Place::End) => {
                self.place = Some(Place::End);
                return self.concluded().map(|()| None);
            }
            Some(place) => place,
            None if self.server.lists().await?.cursor => Place::Cursor(String::new()),
            None => Place::Index(1),
        };
        self.by_cursor = matches!(place, Place::Cursor(_));
        let page = self.page(&place).await?;
        let fresh = self.note(&page.resources)?;
        self.place = Some(match place {
            Place::Index(start) => self.index_after(start, &page, fresh)?,
            Place::Cursor(_) | Place::End => self.cursor_after(&page, fresh)?,
        });
        Ok(Some(page.resources))
    }

    fn index_after(&mut self, start: u64, page: &Page<Object>, fresh: u64) -> Result<Place, Short> {
        let told = page.total.ok_or_else(|| Short::Unproven("an answer tells no totalResults".to_owned()))?;
        if *self.told.get_or_insert(told) != told {
            return Err(Short::Unproven("totalResults changed from page to page".to_owned()));
        }
        let rows = page.resources.len() as u64;
        if rows > 0 && fresh == 0 {
            return Err(Short::Unproven("a page held only resources of earlier pages".to_owned()));
        }
        let next = start + rows;
        Ok(if rows > 0 && next <= told { Place::Index(next) } else { Place::End })
    }

    fn cursor_after(&mut self, page: &Page<Object>, fresh: u64) -> Result<Place, Short> {
        // Later pages may tell more, people are made meanwhile; but fewer than were told at first are too few. A total may
        // also be left out (RFC 9865).
        self.told = self.told.or(page.total);
        let Some(next) = page.next.clone() else { return Ok(Place::End) };
        self.idle = if fresh == 0 { self.idle + 1 } else { 0 };
        if !self.cursors.insert(next.clone()) {
            return Err(Short::Unproven("it gave the same cursor twice".to_owned()));
        }
        if self.idle > MOST_IDLE {
            return Err(Short::Unproven("page after page brings nothing new".to_owned()));
        }
        Ok(Place::Cursor(next))
    }

    /// Whether what was listed is what was told.
    fn concluded(&self) -> Result<(), Short> {
        let (told, listed) = (self.told, self.met.len() as u64);
        let short = if self.by_cursor { told > Some(listed) } else { told.is_some_and(|told| told != listed) };
        if short {
            let told = told.unwrap_or_default();
            return Err(Short::Unproven(format!("totalResults tells {told}, {listed} were listed")));
        }
        // Of nothing there is no proof but to ask again.
        if listed == 0 && self.tries < TRIES && self.filter.is_none() {
            return Err(Short::Unproven(String::new()));
        }
        Ok(())
    }

    /// Notes the ids of a page. Gives how many were new.
    fn note(&mut self, page: &[Object]) -> Result<u64, Short> {
        let mut fresh = 0;
        for record in page {
            let id = id_of(record).and_then(PersonId::new);
            let id = id.ok_or_else(|| Short::Unproven("a resource came without id".to_owned()))?;
            fresh += u64::from(self.met.insert(&id));
        }
        // Some servers give nothing but the id when they do not understand one of the attributes.
        let is_bare = |asked: &Asked| !page.iter().any(|record| asked.is_in(record));
        if self.met.len() == page.len() && !page.is_empty() && self.chosen().is_some_and(is_bare) {
            return Err(Short::Attributes);
        }
        Ok(fresh)
    }

    fn chosen(&self) -> Option<&'a Asked> {
        self.asked.filter(|_| self.server.may_choose())
    }

    async fn page(&mut self, place: &Place) -> Result<Page<Object>, Short> {
        let count = self.server.page().await?.to_string();
        let start = if let Place::Index(start) = place { start.to_string() } else { String::new() };
        let mut query = match place {
            Place::Cursor(cursor) => vec![("cursor", cursor.as_str())],
            Place::Index(_) | Place::End => vec![("startIndex", start.as_str())],
        };
        query.push(("count", &count));
        query.extend(self.chosen().map(|asked| ("attributes", asked.parameter.as_str())));
        query.extend(self.filter.as_deref().map(|filter| ("filter", filter)));
        let answer = self.server.get(&[self.kind.path()], &query).await?;
        self.read(&answer)
    }

    fn read(&mut self, answer: &Answer) -> Result<Page<Object>, Short> {
        let scim_type = code(answer);
        let is = |what: &str| scim_type.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(what));
        match answer.status {
            200 => Ok(self.server.web.parse(answer)?),
            400 | 410 if is("expiredCursor") || is("invalidCursor") => {
                Err(Short::Unproven("its cursor expired".to_owned()))
            }
            // A filter of ours can be done without.
            _ if self.filter.is_some() && !self.theirs && is_refusal(answer) => {
                self.refused = true;
                Err(Short::Failed(self.server.refused_filter(answer)))
            }
            400 if self.chosen().is_some() && !is("invalidFilter") => Err(Short::Attributes),
            _ if self.filter.is_some() && is_refusal(answer) => Err(Short::Failed(self.server.refused_filter(answer))),
            _ => Err(Short::Failed(self.server.refused(answer, self.kind))),
        }
    }
}

/// Everything that a filter of ours finds; `None` where the server does not take the filter, or does not filter at all.
/// What it finds is for who asks to check: the server may understand the filter in its own way.
pub(super) async fn filtered(
    server: &Server,
    kind: Kind,
    filter: String,
    asked: Option<&Asked>,
) -> Result<Option<Vec<Object>>, Error> {
    if server.lists().await?.filter == Some(false) {
        return Ok(None);
    }
    let mut listing = Listing { filter: Some(filter), ..Listing::of(server, kind, asked) };
    let mut found = Vec::new();
    loop {
        match listing.next().await {
            Ok(Some(page)) => found.extend(page),
            Ok(None) => return Ok(Some(found)),
            Err(_) if listing.refused => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}
