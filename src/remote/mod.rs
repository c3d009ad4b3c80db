//! Reading from a cluster, with whatever credentials a kubeconfig holds: a run's log, and a connection as it stands there.
//!
//! ```text
//! read -> request (ContactSyncLogRequest)
//! read -> fetch (through the API server's proxy, or a port-forward)
//! ```
//!
//! The ticket never leaves this process but in the one request for the log; the API server is told its hash.

mod connection;
mod error;
mod fetch;
mod read;
mod request;

pub use connection::connection;
pub use error::Error;
pub use fetch::Way;
pub use read::{Wanted, read};
