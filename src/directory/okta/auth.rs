//! Signing in: an administrator's API token, or an application that signs for itself with a key
//! (developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp).

use async_trait::async_trait;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::client::SignIn;
use super::{OktaCredential, OktaSettings};
use crate::api::OktaPrivateKeyJwt;
use crate::clock::{self, Clock};
use crate::directory::{Error, web};
use crate::net::Secret;
use crate::net::api::Auth;
use crate::net::jwt::SigningKey;
use crate::net::oauth::{Grant, Token, TokenEndpoint, TokenError, Tokens};

const KEY: &str = "source.okta.auth.privateKeyJWT.privateKey";
const USERS: &str = "okta.users.read";
const USERS_AND_GROUPS: &str = "okta.users.read okta.groups.read";
/// How long an assertion is good for, in seconds. Okta takes an hour at most.
const LIFE: i64 = 300;

/// How requests are signed in.
pub(super) fn auth(settings: &OktaSettings, client: &reqwest::Client, org: &Url) -> Result<(Auth, SignIn), Error> {
    match &settings.credential {
        OktaCredential::ApiToken(token) => {
            let auth =
                Auth::token("SSWS", token.clone()).map_err(|reason| web::wrong("source.okta.auth.apiToken", reason))?;
            Ok((auth, SignIn::ApiToken))
        }
        OktaCredential::PrivateKey(pem) => {
            let missing = || web::wrong("source.okta.auth.privateKeyJWT", "it is missing, although type names it");
            let names = settings.source.auth.private_key_jwt.clone().ok_or_else(missing)?;
            let key =
                SigningKey::from_pem(pem.reveal().as_bytes()).map_err(|error| web::wrong(KEY, error.to_string()))?;
            let mut url = org.clone();
            url.set_path("/oauth2/v1/token");
            let endpoint = TokenEndpoint::new(client.clone(), url);
            let application = Application { endpoint, names, key, clock: clock::system() };
            Ok((Auth::OAuth2(Tokens::new(application)), SignIn::PrivateKey))
        }
    }
}

/// An application whose public key Okta knows. Its requests name no `client_id` beside the assertion, as Okta's own do
/// not: the assertion names it.
struct Application {
    endpoint: TokenEndpoint,
    names: OktaPrivateKeyJwt,
    key: SigningKey,
    clock: Clock,
}

#[async_trait]
impl Grant for Application {
    /// Groups are read only where a manifest names some, and an application need not be granted more than it uses: where
    /// both scopes are refused, users alone are asked for, and a request for a group then tells which scope is missing.
    async fn ask(&self) -> Result<Token, TokenError> {
        match self.ask_for(USERS_AND_GROUPS).await {
            Err(TokenError::Denied { code: Some(code), .. }) if is_about_scopes(&code) => self.ask_for(USERS).await,
            other => other,
        }
        .map_err(|error| mended(error, self.names.key_id.as_deref()))
    }
}

impl Application {
    async fn ask_for(&self, scope: &str) -> Result<Token, TokenError> {
        let assertion = self.assertion()?;
        let form = [
            ("grant_type", "client_credentials"),
            ("scope", scope),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion.reveal()),
        ];
        self.endpoint.ask(&form, None).await
    }

    /// developer.okta.com/docs/api/openapi/okta-oauth/guides/client-auth: a new `jti` each time, it is taken once.
    fn assertion(&self) -> Result<Secret, TokenError> {
        let now = (self.clock)().as_second();
        let client = &self.names.client_id;
        let claims = json!({
            "iss": client, "sub": client, "aud": self.endpoint.url().as_str(),
            "iat": now, "exp": now + LIFE, "jti": Uuid::new_v4().to_string(),
        });
        let header: Vec<(&str, &str)> = self.names.key_id.iter().map(|id| ("kid", id.as_str())).collect();
        self.key.sign(&header, &claims).map_err(|error| TokenError::Unavailable {
            host: self.endpoint.url().host_str().unwrap_or_default().to_owned(),
            reason: format!("{KEY}: {error}"),
        })
    }
}

fn is_about_scopes(code: &str) -> bool {
    matches!(code, "invalid_scope" | "consent_required" | "access_denied")
}

/// The same refusal with what to do about it at Okta (developer.okta.com/docs/reference/error-codes, OIDC and OAuth 2.0).
fn mended(error: TokenError, key_id: Option<&str>) -> TokenError {
    let TokenError::Denied { host, status, code, mend } = error else { return error };
    let mend = match code.as_deref() {
        Some("invalid_dpop_proof" | "use_dpop_nonce") => {
            "the application asks for DPoP, which is not supported: turn off \"Require Demonstrating Proof of \
             Possession (DPoP) header in token requests\" in its general settings"
        }
        Some("invalid_client") if key_id.is_some() => {
            "check clientID, that the application has the public half of this key, active, under keyID, and this \
             machine's clock"
        }
        Some("invalid_client") => {
            "check clientID, that the application has the public half of this key, active (name it by keyID where it has \
             several), and this machine's clock"
        }
        Some(code) if is_about_scopes(code) => {
            "grant the application the scopes okta.users.read and, for groups, okta.groups.read (Okta API Scopes)"
        }
        Some("unauthorized_client") => {
            "the application must be an API Services application, active, with \"Public key / Private key\" as its client \
             authentication"
        }
        _ => return TokenError::Denied { host, status, code, mend },
    };
    TokenError::Denied { host, status, code, mend: mend.to_owned() }
}
