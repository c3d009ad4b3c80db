//! What every wire needs: TLS, secrets that do not print, HTTP clients, retries, OAuth tokens and the rate budget.

pub mod budget;
pub mod http;
pub mod oauth;
pub mod reach;
pub mod retry;
mod secret;
pub mod tls;
mod watch;

pub use budget::{Budget, Gate};
pub use reach::Reach;
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use watch::Watch;
