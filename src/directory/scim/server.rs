//! One SCIM service: the requests that are made of it, and what its refusals mean.

use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderValue;
use http::header::ACCEPT;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::directory::Error;
use crate::directory::web::{Web, wrong};
use crate::net::api::{Answer, Request};
use crate::scim::json::{self, Object};
use crate::scim::lists::Lists;

const ACCEPTED: HeaderValue = HeaderValue::from_static("application/scim+json, application/json;q=0.9");
const ENDPOINT: &str = "source.scim.endpoint";
/// The field of the manifest that a refused filter is blamed on.
pub(super) const FILTER: &str = "scope.pattern.filter";

/// What is listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Users,
    Groups,
}

impl Kind {
    /// Its endpoint (RFC 7644 section 3.2).
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Groups => "Groups",
        }
    }
}

/// A SCIM service.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) web: Web,
    page_size: usize,
    lists: OnceCell<Lists>,
    /// It does not understand `attributes` as it is asked, so records are asked for whole.
    whole_records: AtomicBool,
}

impl Server {
    pub(super) fn new(web: Web, page_size: usize) -> Self {
        Self { web, page_size, lists: OnceCell::new(), whole_records: AtomicBool::new(false) }
    }

    pub(super) async fn get(&self, steps: &[&str], query: &[(&str, &str)]) -> Result<Answer, Error> {
        self.web.ask(&self.request(steps, query)).await
    }

    fn request(&self, steps: &[&str], query: &[(&str, &str)]) -> Request {
        let mut url = self.web.url(steps, query);
        // Forms write a blank as +, which is a plus to servers that read RFC 3986 to the letter.
        if let Some(plain) = url.query().map(|query| query.replace('+', "%20")) {
            url.set_query(Some(&plain));
        }
        Request::get(url).header(ACCEPT, ACCEPTED)
    }

    /// What it says of listing. A server need not say: then the plain means are used.
    pub(super) async fn lists(&self) -> Result<Lists, Error> {
        let lists = self.lists.get_or_try_init(|| async {
            let answer = self.web.try_ask(&self.request(&["ServiceProviderConfig"], &[])).await?;
            match answer.status {
                200 if answer.is_html() => Ok(Lists::default()),
                200 => Ok(Lists::read(&self.web.parse(&answer)?)),
                401 => Err(self.web.denied("HTTP 401: check the credentials")),
                400 | 403 | 404 | 405 | 501 => Ok(Lists::default()),
                _ => Err(self.web.unexpected(&answer)),
            }
        });
        lists.await.copied()
    }

    /// How many resources to ask for at once.
    pub(super) async fn page(&self) -> Result<usize, Error> {
        Ok(self.lists().await?.most.unwrap_or(self.page_size).min(self.page_size))
    }

    /// Whether a request may name the attributes that it wants.
    pub(super) fn may_choose(&self) -> bool {
        !self.whole_records.load(Ordering::Relaxed)
    }

    /// From now on records are asked for whole.
    pub(super) fn choose_no_more(&self) {
        self.whole_records.store(true, Ordering::Relaxed);
    }

    /// One resource, or `None` where there is none: only a 404 says so (L3).
    pub(super) async fn resource(
        &self,
        kind: Kind,
        id: &str,
        attributes: Option<&str>,
    ) -> Result<Option<Object>, Error> {
        let wanted = attributes.filter(|_| self.may_choose()).map(|names| ("attributes", names));
        let steps = [kind.path(), id];
        let mut answer = self.get(&steps, wanted.as_slice()).await?;
        if answer.status == 400 && wanted.is_some() {
            answer = self.get(&steps, &[]).await?;
        }
        match answer.status {
            200 => {
                let record: Object = self.web.parse(&answer)?;
                // An id that is no segment of a path leads elsewhere: to the list.
                match id_of(&record) {
                    Some(found) if found == id => Ok(Some(record)),
                    _ => Err(self.web.incomplete("a resource that was asked for by id came with another id, or none")),
                }
            }
            404 => Ok(None),
            _ => Err(self.refused(&answer, kind)),
        }
    }

    /// What a status means that is no answer.
    pub(super) fn refused(&self, answer: &Answer, kind: Kind) -> Error {
        let (what, code) = (kind.path(), code(answer).map(|code| format!(", {code}")).unwrap_or_default());
        match answer.status {
            403 => self.web.denied(format!("HTTP 403{code}: give the credentials the right to read {what}")),
            404 => self.web.unavailable(format!(
                "it answers HTTP 404 where {what} are: check the path of {ENDPOINT}, such as /scim/v2"
            )),
            status => self.web.unavailable(format!("it answered HTTP {status}{code} where {what} are")),
        }
    }

    /// What it means that a filter of the manifest is refused.
    pub(super) fn refused_filter(&self, answer: &Answer) -> Error {
        let code = code(answer).map(|code| format!(", {code}")).unwrap_or_default();
        wrong(
            FILTER,
            format!(
                "{} refuses it (HTTP {}{code}): write a filter of RFC 7644 section 3.4.2.2 on attributes that it can filter on, or use scope.pattern.expression",
                self.web.host(),
                answer.status
            ),
        )
    }
}

/// The id of a resource. Some servers write numbers.
pub(super) fn id_of(record: &Object) -> Option<String> {
    text_of(json::get(record, "id")?)
}

/// Text, or a number as text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}

/// The `scimType` of an error (RFC 7644 table 9); what is no error has none.
pub(super) fn code(answer: &Answer) -> Option<String> {
    if answer.status < 400 {
        return None;
    }
    json::scim_type(&serde_json::from_slice(answer.error_body()).ok()?)
}

/// Whether an answer says that the request was not understood: a filter, a parameter, an address that is not served.
pub(super) fn is_refusal(answer: &Answer) -> bool {
    matches!(answer.status, 400 | 405 | 413 | 414 | 501)
}

#[cfg(test)]
mod tests {
    use crate::directory::web::{Web, Wiring};
    use crate::net::api::Auth;
    use crate::net::{Reach, Watch};

    use super::*;

    #[test]
    fn filters_are_written_as_every_server_reads_them() {
        let wiring = Wiring::new(None, Reach::default(), Watch::default());
        let base = "https://idp.example/scim/v2/".parse().unwrap();
        let web = Web::new(wiring.client("source.scim").unwrap(), base, Auth::None, &wiring);
        let request = Server::new(web, 200).request(&["Users"], &[("filter", r#"a eq "1+1 & more""#)]);
        let query = "filter=a%20eq%20%221%2B1%20%26%20more%22";
        assert_eq!(request.url.as_str(), format!("https://idp.example/scim/v2/Users?{query}"));
    }
}
