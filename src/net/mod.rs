//! What every wire needs: TLS, secrets that do not print, HTTP clients, requests that are tried again, OAuth tokens, signed
//! JWTs and the rate budget.

pub mod api;
pub mod budget;
mod credentials;
pub mod http;
pub mod jwt;
pub mod oauth;
pub mod reach;
pub mod retry;
mod secret;
pub mod tls;
mod watch;

pub use budget::{Budget, Gate};
pub use credentials::Credentials;
pub use reach::Reach;
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use watch::Watch;
