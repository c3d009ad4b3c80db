//! Run logs for people outside the cluster: whoever may create a `ContactSyncLogRequest` in a namespace may read the logs
//! of that namespace's connections, and nobody else may.
//!
//! ```text
//! endpoint -> ticket (who asks), find (which log)          expire: requests that are too old
//! ```
//!
//! Every replica answers, whether it leads or not: all see the same store.

mod endpoint;
mod expire;
mod find;
mod serve;
mod ticket;

pub use endpoint::{ANSWER, Endpoint, TICKET};
pub use expire::expire;
pub use serve::serve;
pub use ticket::Ticket;
