//! What can go wrong with one request, and with which.

use std::time::Duration;

use axum::http::Method;

/// How a request is answered instead.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This answer, nothing done.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// The connection ends, nothing done.
    CutBefore,
    /// It is done, and the connection ends.
    CutAfter,
    /// It is done, and half of the answer comes.
    HalfJson,
    /// It is done, and answered so much later.
    Late(Duration),
    /// Nothing is done, and nothing answered, for so long; then the connection ends.
    Stall(Duration),
    /// More than anybody reads.
    Huge,
    /// 100 MiB, made as they are read; [`super::MisbehavingDesk::streamed`] tells how much was.
    Endless,
    /// JSON of 100,000 levels, nothing done.
    Deep,
    /// It is answered as if it were done, and nothing is.
    Swallowed,
    /// It is done, and said to have failed with this status; in Bulk every operation.
    DoneButSaid(u16),
    /// Results of a Bulk request in reverse, without `bulkId` where there is a location that tells.
    Reordered,
    /// A Bulk operation is done, its result left out.
    MissingResult(usize),
    /// A Bulk operation fails with this status.
    FailedOperation(usize, u16),
    /// Every Bulk operation fails with this status.
    EveryOperation(u16),
    /// The answer's `totalResults` is this.
    Total(u64),
    /// An empty list, whatever there is.
    Nothing,
    /// A page without its first contact, as when somebody deletes one meanwhile; the total stays.
    Shifted,
    /// A filter is ignored: the whole listing comes.
    FilterIgnored,
    /// A filter finds nothing.
    FilterEmpty,
    /// A filter is refused (400 `invalidFilter`).
    FilterUnknown,
    /// Somebody else changes the contact just before.
    ChangedBefore,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }

    /// A status with a header.
    pub fn with(status: u16, header: &'static str, value: &str) -> Self {
        Self::Answer(status, vec![(header, value.to_owned())], String::new())
    }

    /// A web page, as proxies and sign-in portals answer.
    pub fn web_page(status: u16) -> Self {
        let page = "<html><body>Signed in as ann@acme.example</body></html>";
        Self::Answer(status, vec![("content-type", "text/html; charset=utf-8".to_owned())], page.to_owned())
    }
}

/// Which requests meet a fault.
pub(super) struct Rule {
    /// `None`: any.
    pub(super) method: Option<Method>,
    /// What the path below the endpoint begins with.
    pub(super) path: &'static str,
    pub(super) skip: usize,
    pub(super) times: usize,
    pub(super) fault: Fault,
}

impl Rule {
    pub(super) fn fits(&self, method: &Method, path: &str) -> bool {
        self.times > 0 && self.method.as_ref().is_none_or(|wanted| wanted == method) && path.starts_with(self.path)
    }
}
