//! LDAPv3 on the wire (RFC 4511), as far as reading people needs it: simple bind, `StartTLS`, paged searches.
//!
//! Knows bytes, not people: what codes and entries mean is told by the modules above. One request's answers are read by
//! whoever waits for them, straight from the connection's buffer; there is no task and no channel in between.

pub(super) mod ber;
mod connection;
pub(super) mod filter;
mod message;

pub(super) use connection::{Broken, Wire, over_tls};
pub(super) use message::{Answer, Cookie, Outcome, Scope, SearchRequest};
