//! Which desk, and how to talk to it.

use std::time::Duration;

use url::Url;

use crate::net::{Credentials, Reach, RetryPolicy};

/// A desk as a workspace's manifest names it, its secrets resolved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Settings {
    /// SCIM base URL.
    pub endpoint: Url,
    /// How to sign in.
    pub auth: Credentials,
    /// A PEM bundle of authorities; `None`: those of the system.
    pub ca: Option<Vec<u8>>,
    /// Requests a second, as the manifest limits them; what counts is the [`crate::net::Budget`] made of it.
    pub requests_per_second: u32,
    /// Requests in flight together; likewise.
    pub concurrency: usize,
    /// Longest time for one request; [`Settings::TIMEOUT`] is usual.
    pub timeout: Duration,
}

impl Settings {
    /// The usual time for one request.
    pub const TIMEOUT: Duration = Duration::from_mins(1);
}

/// What the operator, not the manifest, decides.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// How long failing requests are tried again.
    pub retry: RetryPolicy,
    /// How long a desk may fail to give its first answer: somebody may be waiting to hear that the endpoint is wrong.
    pub greeting: Duration,
    /// Where requests may go.
    pub reach: Reach,
    /// Longest answer that is read, in bytes, decoded.
    pub max_answer: usize,
    /// How long a batch waits for more changes before it is sent.
    pub linger: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            greeting: Duration::from_secs(10),
            reach: Reach::default(),
            max_answer: 16 * 1024 * 1024,
            linger: Duration::from_millis(30),
        }
    }
}
