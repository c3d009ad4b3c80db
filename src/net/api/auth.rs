//! How requests are signed in.

use crate::net::Secret;
use crate::net::oauth::Tokens;

/// How requests are signed in.
pub enum Auth {
    /// Not at all.
    None,
    /// With a token that is sent as is, after its scheme, such as `Bearer` (RFC 6750).
    Token {
        /// Scheme.
        scheme: &'static str,
        /// Token.
        token: Secret,
    },
    /// With tokens that an issuer gives.
    OAuth2(Tokens),
}

impl Auth {
    /// A token that a manifest names. What no header can hold is refused; the reason says what to check.
    pub fn token(scheme: &'static str, token: Secret) -> Result<Self, &'static str> {
        if token.reveal().is_empty() || !token.reveal().chars().all(|c| c.is_ascii_graphic()) {
            return Err("the token is empty or holds a blank or line break: check the Secret's value");
        }
        Ok(Self::Token { scheme, token })
    }
}
