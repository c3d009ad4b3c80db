//! OAuth 2.0 client credentials (RFC 6749 section 4.4): one token, kept until shortly before it expires.

use std::fmt;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::{Secret, http};

/// A token is renewed so long before it expires.
const EARLY: Duration = Duration::from_secs(30);
/// How long a token is kept whose life is not told (RFC 6749 section 5.1 only recommends `expires_in`).
const UNTOLD: Duration = Duration::from_mins(5);
/// Longest that a token is kept, whatever its issuer says of its life.
const LONGEST: Duration = Duration::from_hours(24);
/// Longest answer that is read.
const ANSWER: usize = 64 * 1024;

/// Why no token was had.
#[derive(Debug, Error)]
pub enum TokenError {
    /// The issuer does not answer, or not now: worth trying again.
    #[error("{host} issues no token: {reason}")]
    Unavailable {
        /// Host of the token URL.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The issuer refuses the client.
    #[error("{host} refuses the client credentials (HTTP {status}): check client id, client secret and scopes")]
    Denied {
        /// Host of the token URL.
        host: String,
        /// HTTP status.
        status: u16,
    },
}

/// A client that asks for tokens in its own name.
pub struct ClientCredentials {
    client: reqwest::Client,
    token_url: Url,
    client_id: String,
    client_secret: Secret,
    scope: Option<String>,
    held: Mutex<Option<Held>>,
}

struct Held {
    token: Secret,
    until: Instant,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: Option<u64>,
}

enum Refused {
    Client(u16),
    Other(TokenError),
}

impl ClientCredentials {
    /// Asks nothing yet.
    pub fn new(
        client: reqwest::Client,
        token_url: Url,
        client_id: String,
        client_secret: Secret,
        scopes: &[String],
    ) -> Self {
        let scope = (!scopes.is_empty()).then(|| scopes.join(" "));
        Self { client, token_url, client_id, client_secret, scope, held: Mutex::new(None) }
    }

    /// A token that is good for a while yet.
    pub async fn token(&self) -> Result<Secret, TokenError> {
        let mut held = self.held.lock().await;
        if let Some(Held { token, until }) = held.as_ref()
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let fresh = self.ask().await?;
        let token = fresh.token.clone();
        *held = Some(fresh);
        Ok(token)
    }

    /// Forgets a token that was refused, unless a newer one is held already.
    pub async fn forget(&self, refused: &Secret) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.token == *refused) {
            *held = None;
        }
    }

    /// Credentials go into the header, as every server must take them (RFC 6749 section 2.3.1); some take them only
    /// in the body, so that is tried before the client counts as refused.
    async fn ask(&self) -> Result<Held, TokenError> {
        let answer = match self.ask_with(true).await {
            Err(Refused::Client(_)) => self.ask_with(false).await,
            answer => answer,
        };
        answer.map_err(|refused| match refused {
            Refused::Client(status) => TokenError::Denied { host: http::host(&self.token_url), status },
            Refused::Other(error) => error,
        })
    }

    async fn ask_with(&self, header: bool) -> Result<Held, Refused> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let mut request = self.client.post(self.token_url.clone());
        if header {
            let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            request = request.basic_auth(encode(&self.client_id), Some(encode(self.client_secret.reveal())));
        } else {
            form.extend([("client_id", self.client_id.as_str()), ("client_secret", self.client_secret.reveal())]);
        }
        let asked = Instant::now();
        let response = request.form(&form).send().await.map_err(|error| self.unavailable(http::describe(&error)))?;
        match response.status().as_u16() {
            200 => {}
            status @ (400 | 401 | 403) => return Err(Refused::Client(status)),
            status => return Err(self.unavailable(format!("it answered HTTP {status}"))),
        }
        let body = http::read_body(response, ANSWER).await.map_err(|error| self.unavailable(error.to_string()))?;
        let issued: Issued = serde_json::from_slice(&body)
            .map_err(|_json| self.unavailable("its answer is no token: check the token URL"))?;
        let life = issued.expires_in.map_or(UNTOLD, Duration::from_secs);
        Ok(Held { token: Secret::new(issued.access_token), until: asked + life.min(LONGEST).saturating_sub(EARLY) })
    }

    fn unavailable(&self, reason: impl Into<String>) -> Refused {
        Refused::Other(TokenError::Unavailable { host: http::host(&self.token_url), reason: reason.into() })
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials").field("host", &http::host(&self.token_url)).finish_non_exhaustive()
    }
}
