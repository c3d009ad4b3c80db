//! LDAP on the wire (RFC 4511), as far as reading people needs it: simple bind, `StartTLS`, paged searches.
//!
//! Knows bytes, not people: what codes and entries mean is told by the modules above. One request's answers are read by
//! whoever waits for them, straight from the connection's buffer; there is no task and no channel in between.

mod answer;
pub(super) mod ber;
mod connection;
pub(super) mod filter;
mod request;

pub(super) use answer::{Answer, Cookie, Outcome};
#[cfg(fuzzing)]
pub(super) use answer::{cookie_in, read as read_answer};
pub(super) use connection::{Broken, TlsWire, Wire, over_tls};
pub(super) use request::{Scope, SearchRequest};

/// The control of paged results (RFC 2696).
const PAGED_RESULTS: &[u8] = b"1.2.840.113556.1.4.319";
