//! How to sign in to a service that a manifest names, its secrets read.

use url::Url;

use super::api::Auth;
use super::oauth::{ClientSecret, TokenEndpoint, Tokens};
use super::{Reach, Secret};

/// How to sign in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Credentials {
    /// Not at all: the embedded desk.
    None,
    /// A token sent as is (RFC 6750).
    BearerToken(Secret),
    /// Client credentials (RFC 6749 section 4.4).
    OAuth2 {
        /// Where tokens are issued.
        token_url: Url,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: Secret,
        /// Scopes to ask for.
        scopes: Vec<String>,
    },
}

impl Credentials {
    /// Signs requests of `client` in. An error is the field below the credentials' own, and what is wrong with it.
    pub fn auth(self, client: &reqwest::Client, reach: &Reach) -> Result<Auth, (&'static str, String)> {
        match self {
            Self::None => Ok(Auth::None),
            Self::BearerToken(token) => {
                Auth::token("Bearer", token).map_err(|reason| ("bearerToken", reason.to_owned()))
            }
            Self::OAuth2 { token_url, client_id, client_secret, scopes } => {
                reach.check_url(&token_url).map_err(|error| ("oauth2.tokenURL", error.to_string()))?;
                let endpoint = TokenEndpoint::new(client.clone(), token_url);
                let scope = (!scopes.is_empty()).then(|| scopes.join(" "));
                Ok(Auth::OAuth2(Tokens::new(ClientSecret { endpoint, client_id, client_secret, scope })))
            }
        }
    }
}
