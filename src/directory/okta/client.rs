//! Asks Okta, and reads its lists page by page: a page's `Link` with `rel="next"` is the only way to the next one, and a
//! list without one has ended (developer.okta.com/docs/api/openapi/okta-management/guides/overview).

use std::marker::PhantomData;

use http::HeaderValue;
use http::header::ACCEPT;
use serde::de::DeserializeOwned;
use url::Url;

use super::fault::{What, fault, is_gone};
use super::link;
use crate::directory::Error;
use crate::directory::web::{Links, Web};
use crate::net::api::{Answer, Request};

/// Who signs in, for messages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum SignIn {
    /// An administrator's API token.
    ApiToken,
    /// An application with a key.
    PrivateKey,
}

/// An organization's API.
#[derive(Debug)]
pub(super) struct Okta {
    pub(super) web: Web,
    pub(super) sign_in: SignIn,
    pub(super) page_size: i32,
}

impl Okta {
    fn url(&self, steps: &[&str], query: &[(&str, &str)]) -> Url {
        self.web.url(&[&["api", "v1"], steps].concat(), query)
    }

    async fn get(&self, url: Url) -> Result<Answer, Error> {
        let request = Request::get(url).header(ACCEPT, HeaderValue::from_static("application/json"));
        let answer = self.web.try_ask(&request).await?;
        if answer.is_html() {
            let reason = format!("it answers a web page (HTTP {}), not its API", answer.status);
            return Err(self.web.unavailable(reason));
        }
        Ok(answer)
    }

    /// One thing by its id; `None`: Okta says that there is none.
    pub(super) async fn one<T: DeserializeOwned>(
        &self,
        what: What<'_>,
        steps: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<T>, Error> {
        let answer = self.get(self.url(steps, query)).await?;
        match answer.status {
            200 => self.web.parse(&answer).map(Some),
            _ if is_gone(&answer) => Ok(None),
            _ => Err(fault(self, &answer, what, true)),
        }
    }

    /// A list, from its first page on.
    pub(super) fn list<'a, T: DeserializeOwned>(
        &'a self,
        what: What<'a>,
        steps: &[&str],
        query: &[(&str, &str)],
    ) -> Listing<'a, T> {
        let limit = self.page_size.to_string();
        let query: Vec<(&str, &str)> = [("limit", limit.as_str())].into_iter().chain(query.iter().copied()).collect();
        self.short_list(what, steps, &query)
    }

    /// A list whose pages are as large as Okta likes.
    pub(super) fn short_list<'a, T: DeserializeOwned>(
        &'a self,
        what: What<'a>,
        steps: &[&str],
        query: &[(&str, &str)],
    ) -> Listing<'a, T> {
        let next = Some(self.url(steps, query));
        Listing { okta: self, what, links: Links::of(&self.web), next, first: true, items: PhantomData }
    }
}

/// The pages of a list that are left.
#[derive(Debug)]
pub(super) struct Listing<'a, T> {
    okta: &'a Okta,
    what: What<'a>,
    links: Links,
    next: Option<Url>,
    first: bool,
    items: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Listing<'_, T> {
    /// The next page; `None` once Okta has said that there are no more.
    pub(super) async fn page(&mut self) -> Result<Option<Vec<T>>, Error> {
        let Some(url) = self.next.take() else { return Ok(None) };
        let web = &self.okta.web;
        let answer = self.okta.get(url).await?;
        if answer.status != 200 {
            return Err(fault(self.okta, &answer, self.what, self.first));
        }
        self.first = false;
        let page = web.parse(&answer)?;
        let next = link::next(&answer.headers).map_err(|link::Unreadable| {
            web.incomplete("a Link header, which may lead to the next page, cannot be read")
        })?;
        self.next = next.map(|link| self.links.follow(web, &link)).transpose()?;
        Ok(Some(page))
    }

    /// The error that the list was not read whole.
    pub(super) fn broken(&self, reason: &str) -> Error {
        self.okta.web.incomplete(reason)
    }

    /// Everything that is left.
    pub(super) async fn rest(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(page) = self.page().await? {
            all.extend(page);
        }
        Ok(all)
    }
}
