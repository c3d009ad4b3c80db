//! OAuth 2.0 tokens: one is kept until shortly before it expires ([`Tokens`]), in whichever way it is had ([`Grant`]).
//!
//! ```text
//! Tokens -> Grant: ClientSecret | ClientAssertion | JwtBearer -> TokenEndpoint
//!                                 ClientAssertion | JwtBearer -> Assertion (a signed JWT, or a token of somebody else)
//! ```

mod assertion;
mod client_secret;
mod endpoint;
mod tokens;

pub use assertion::{Assertion, ClientAssertion, Fixed, JwtBearer};
pub use client_secret::ClientSecret;
pub use endpoint::TokenEndpoint;
pub use tokens::{Grant, Token, TokenError, Tokens};
