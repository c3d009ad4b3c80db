//! Who counts requests is told of each one's end here, without the wires knowing what a metric is.

use std::fmt;
use std::sync::Arc;

/// Told how each request to one side ended: the answer's code (an HTTP status, an LDAP result code), or none where no
/// answer came. It is called from within the request, so it must be quick. Clones tell the same one.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<Tell>>);

type Tell = dyn Fn(Option<u32>) + Send + Sync;

impl Watch {
    /// Calls `tell` at the end of each request.
    pub fn new(tell: impl Fn(Option<u32>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    /// An answer came.
    pub(crate) fn answered(&self, code: u32) {
        self.tell(Some(code));
    }

    /// No answer came: no connection, too late, or cut off.
    pub(crate) fn unanswered(&self) {
        self.tell(None);
    }

    /// A request ended: with the code of its answer, or without one.
    pub fn tell(&self, code: Option<u32>) {
        if let Some(tell) = &self.0 {
            tell(code);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watch").field(&self.0.is_some()).finish()
    }
}
