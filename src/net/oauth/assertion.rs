//! Tokens for an assertion: who is trusted signs for who asks (RFC 7523, RFC 7521).

use async_trait::async_trait;

use super::{Grant, Token, TokenEndpoint, TokenError};
use crate::net::Secret;

/// Makes an assertion each time a token is asked for.
#[async_trait]
pub trait Assertion: Send + Sync {
    /// A JWT made out to the endpoint.
    async fn make(&self) -> Result<Secret, TokenError>;
}

/// One that somebody else made, such as a cluster for a service account: the same until it expires.
pub struct Fixed(pub Secret);

#[async_trait]
impl Assertion for Fixed {
    async fn make(&self) -> Result<Secret, TokenError> {
        Ok(self.0.clone())
    }
}

/// Client credentials with an assertion in place of a secret (RFC 7523 section 2.2).
pub struct ClientAssertion<A> {
    /// Where.
    pub endpoint: TokenEndpoint,
    /// Client id.
    pub client_id: String,
    /// What proves the client.
    pub assertion: A,
    /// Scopes to ask for, parted by blanks.
    pub scope: String,
}

#[async_trait]
impl<A: Assertion> Grant for ClientAssertion<A> {
    async fn ask(&self) -> Result<Token, TokenError> {
        let assertion = self.assertion.make().await?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("scope", &self.scope),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.reveal()),
        ];
        self.endpoint.ask(&form, None).await
    }
}

/// The assertion itself is what is granted for (RFC 7523 section 2.1).
pub struct JwtBearer<A> {
    /// Where.
    pub endpoint: TokenEndpoint,
    /// Who asks, for whom, and for which scopes.
    pub assertion: A,
}

#[async_trait]
impl<A: Assertion> Grant for JwtBearer<A> {
    async fn ask(&self) -> Result<Token, TokenError> {
        let assertion = self.assertion.make().await?;
        let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion.reveal())];
        self.endpoint.ask(&form, None).await
    }
}
