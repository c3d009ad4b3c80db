//! Signs in: a JWT of the service account, in the administrator's name where one is given, for a token of one scope
//! (developers.google.com/identity/protocols/oauth2/service-account).
//!
//! Each scope has a token of its own: who reads no groups need not grant the scope for them.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use url::Url;

use super::GoogleCredential;
use super::workload::Workload;
use crate::api::GoogleSource;
use crate::clock::{self, Clock};
use crate::directory::web::wrong;
use crate::directory::{Error, Wiring};
use crate::net::Secret;
use crate::net::api::Auth;
use crate::net::jwt::SigningKey;
use crate::net::oauth::{Assertion, Fixed, Grant, JwtBearer, Token, TokenEndpoint, TokenError, Tokens};

/// Reads people: users.list and users.get.
pub(super) const USERS: &str = "https://www.googleapis.com/auth/admin.directory.user.readonly";
/// Reads groups and their members: groups.list, groups.get and members.list take it
/// (developers.google.com/workspace/admin/directory/reference/rest/v1/members/list).
pub(super) const GROUPS: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";

const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
const KEY: &str = "source.google.auth.serviceAccountKey";
/// Longest life of an assertion, in seconds.
const LIFE: i64 = 3600;

/// The service account, and the way to tokens of it.
pub(super) struct SignIn {
    endpoint: TokenEndpoint,
    signer: Signer,
    account: String,
    subject: Option<String>,
    clock: Clock,
}

enum Signer {
    Key { key: SigningKey, id: Option<String> },
    Workload(Workload),
}

/// A key file as the Google Cloud console gives it.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    client_email: String,
    #[serde(default)]
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<&'a str>,
    scope: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl SignIn {
    /// Checks credential and addresses; asks nothing yet.
    pub(super) fn new(
        source: &GoogleSource,
        credential: GoogleCredential,
        wiring: &Wiring,
        client: &reqwest::Client,
    ) -> Result<Self, Error> {
        let endpoints = source.endpoints.clone().unwrap_or_default();
        let token_url = endpoints.token_url.as_deref().map(|url| wiring.url("source.google.endpoints.tokenURL", url));
        let (signer, account, own_url) = match credential {
            GoogleCredential::Key(text) => {
                let (signer, file) = read_key(&text)?;
                (signer, file.client_email, file.token_uri.map(|url| wiring.url(KEY, &url)))
            }
            GoogleCredential::Token(token) => {
                let workload = workload(source, wiring, client, token)?;
                let account = workload.account().to_owned();
                (Signer::Workload(workload), account, None)
            }
        };
        let url = match token_url.or(own_url) {
            Some(url) => url?,
            None => wiring.url("source.google.endpoints.tokenURL", TOKEN_URL)?,
        };
        let endpoint = TokenEndpoint::new(client.clone(), url);
        Ok(Self { endpoint, signer, account, subject: source.subject.clone(), clock: clock::system() })
    }

    /// Signs requests in with a token of this scope.
    pub(super) fn auth(this: &Arc<Self>, scope: &'static str) -> Auth {
        Auth::OAuth2(Tokens::new(ForScope { sign_in: Arc::clone(this), scope }))
    }
}

fn read_key(text: &Secret) -> Result<(Signer, KeyFile), Error> {
    // The parser's own words may quote what was read.
    let file: KeyFile = serde_json::from_str(text.reveal())
        .map_err(|_json| wrong(KEY, "it is no JSON key file: store the file as the Google Cloud console gives it"))?;
    if file.kind != "service_account" {
        let reason = "its type is not service_account: make a JSON key of a service account, and store that file";
        return Err(wrong(KEY, reason));
    }
    if file.client_email.is_empty() {
        return Err(wrong(KEY, "it has no client_email: store the whole key file"));
    }
    let wrong_key = |reason: &str| wrong(KEY, format!("private_key: {reason}"));
    let key = SigningKey::from_pem(file.private_key.as_bytes()).map_err(|error| wrong_key(&error.to_string()))?;
    if key.algorithm() != "RS256" {
        return Err(wrong_key("it is no RSA key, and Google takes no other: make a new key of the service account"));
    }
    Ok((Signer::Key { key, id: file.private_key_id.clone() }, file))
}

fn workload(
    source: &GoogleSource,
    wiring: &Wiring,
    client: &reqwest::Client,
    token: Secret,
) -> Result<Workload, Error> {
    let field = "source.google.auth.workloadIdentity";
    let identity = source.auth.workload_identity.as_ref();
    let identity = identity.ok_or_else(|| wrong(field, "it is missing: auth.type is WorkloadIdentity"))?;
    let endpoints = source.endpoints.clone().unwrap_or_default();
    let url = |field: &str, given: Option<&str>, usual: &str| wiring.url(field, given.unwrap_or(usual));
    let sts = url("source.google.endpoints.sts", endpoints.sts.as_deref(), "https://sts.googleapis.com")?;
    let iam = endpoints.iam_credentials.as_deref();
    let iam = url("source.google.endpoints.iamCredentials", iam, "https://iamcredentials.googleapis.com")?;
    Ok(Workload::new(client, &sts, &iam, identity, token))
}

/// Asks for tokens of one scope. Refusals are told in the words of Google's consoles.
struct ForScope {
    sign_in: Arc<SignIn>,
    scope: &'static str,
}

#[async_trait]
impl Assertion for ForScope {
    async fn make(&self) -> Result<Secret, TokenError> {
        let SignIn { endpoint, signer, account, subject, clock } = &*self.sign_in;
        let iat = clock().as_second();
        let aud = endpoint.url().as_str();
        let claims = Claims {
            iss: account,
            sub: subject.as_deref(),
            scope: self.scope,
            aud,
            iat,
            exp: iat.saturating_add(LIFE),
        };
        match signer {
            Signer::Key { key, id } => {
                let header: Vec<(&str, &str)> = id.iter().map(|id| ("kid", id.as_str())).collect();
                key.sign(&header, &claims).map_err(|error| unsigned(endpoint.url(), &error.to_string()))
            }
            Signer::Workload(workload) => {
                let claims = serde_json::to_string(&claims)
                    .map_err(|_json| unsigned(endpoint.url(), "its claims cannot be written"))?;
                workload.sign(&claims).await
            }
        }
    }
}

fn unsigned(url: &Url, reason: &str) -> TokenError {
    TokenError::Unavailable { host: crate::net::http::host(url), reason: format!("no assertion was made: {reason}") }
}

#[async_trait]
impl Grant for ForScope {
    async fn ask(&self) -> Result<Token, TokenError> {
        let assertion = Fixed(self.make().await?);
        let bearer = JwtBearer { endpoint: self.sign_in.endpoint.clone(), assertion };
        bearer.ask().await.map_err(|error| match error {
            TokenError::Denied { host, status, code, mend } => {
                let mend = self.mend(code.as_deref()).unwrap_or(mend);
                TokenError::Denied { host, status, code, mend }
            }
            error @ TokenError::Unavailable { .. } => error,
        })
    }
}

impl ForScope {
    fn mend(&self, code: Option<&str>) -> Option<String> {
        match code? {
            "unauthorized_client" | "access_denied" | "invalid_scope" => Some(format!(
                "grant the scope {} to the service account's client id, in the Admin console under Security > Access \
                 and data control > API controls > Domain-wide delegation",
                self.scope
            )),
            "invalid_grant" => Some(
                "check that source.google.subject is an active administrator of this customer, that the service \
                 account and its key were not deleted, and this machine's clock"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
