//! Client credentials with a secret (RFC 6749 section 4.4).

use async_trait::async_trait;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Grant, Token, TokenEndpoint, TokenError};
use crate::net::Secret;

/// A client that proves itself with a secret and asks in its own name.
pub struct ClientSecret {
    /// Where.
    pub endpoint: TokenEndpoint,
    /// Client id.
    pub client_id: String,
    /// Client secret.
    pub client_secret: Secret,
    /// Scopes to ask for, parted by blanks.
    pub scope: Option<String>,
}

#[async_trait]
impl Grant for ClientSecret {
    /// Credentials go into the header, as every server must take them (RFC 6749 section 2.3.1); some take them only
    /// in the body, so that is tried before the client counts as refused.
    async fn ask(&self) -> Result<Token, TokenError> {
        let mut form = vec![("grant_type", "client_credentials")];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let basic = (encode(&self.client_id), encode(self.client_secret.reveal()));
        match self.endpoint.ask(&form, Some(basic)).await {
            Err(TokenError::Denied { .. }) => {
                form.extend([("client_id", self.client_id.as_str()), ("client_secret", self.client_secret.reveal())]);
                self.endpoint.ask(&form, None).await
            }
            answer => answer,
        }
    }
}
