//! What every wire needs: TLS, secrets that do not print. HTTP, its retries and the rate budget stand beside them.

mod secret;
pub mod tls;

pub use secret::Secret;
