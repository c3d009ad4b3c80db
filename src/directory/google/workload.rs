//! Signs without a key: the cluster's token is exchanged for one of the workload identity pool (RFC 8693), with which the
//! service account is asked to sign (cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signJwt).
//! A token of the service account itself would not do: only a signed JWT can name the administrator whom it acts as.

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use crate::api::GoogleWorkloadIdentity;
use crate::net::Secret;
use crate::net::http::{describe, host, read_body};
use crate::net::oauth::{Grant, Token, TokenEndpoint, TokenError, Tokens};

/// Longest answer that is read.
const ANSWER: usize = 64 * 1024;
const CLOUD_PLATFORM: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A service account that the pool lets this cluster sign as.
pub(super) struct Workload {
    client: reqwest::Client,
    pool: Tokens,
    url: Url,
    account: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    signed_jwt: String,
}

impl Workload {
    /// Asks nothing yet.
    pub(super) fn new(
        client: &reqwest::Client,
        sts: &Url,
        iam: &Url,
        identity: &GoogleWorkloadIdentity,
        token: Secret,
    ) -> Self {
        let account = identity.service_account.clone();
        let endpoint = TokenEndpoint::new(client.clone(), below(sts, &["v1", "token"]));
        let pool = Tokens::new(Exchange { endpoint, provider: identity.provider.clone(), token });
        let url = below(iam, &["v1", "projects", "-", "serviceAccounts", &format!("{account}:signJwt")]);
        Self { client: client.clone(), pool, url, account }
    }

    /// The service account's address.
    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// Signs claims, which are JSON.
    pub(super) async fn sign(&self, claims: &str) -> Result<Secret, TokenError> {
        let token = self.pool.token().await?;
        match self.sign_with(&token, claims).await {
            // One that was taken back before its time.
            Err(TokenError::Denied { status: 401, .. }) => {
                self.pool.forget(&token).await;
                self.sign_with(&self.pool.token().await?, claims).await
            }
            signed => signed,
        }
    }

    async fn sign_with(&self, token: &Secret, claims: &str) -> Result<Secret, TokenError> {
        let request = self.client.post(self.url.clone()).bearer_auth(token.reveal());
        let body = json!({"payload": claims}).to_string();
        let sent = request.header(CONTENT_TYPE, "application/json").body(body).send().await;
        let response = sent.map_err(|error| self.unavailable(describe(&error)))?;
        let status = response.status().as_u16();
        let body = read_body(response, ANSWER).await.map_err(|error| self.unavailable(error.to_string()))?;
        match status {
            200 => {
                let signed: Signed = serde_json::from_slice(&body)
                    .map_err(|_json| self.unavailable("its answer is no signed JWT: check endpoints.iamCredentials"))?;
                Ok(Secret::new(signed.signed_jwt))
            }
            400 | 401 | 403 | 404 => {
                let mend = "check auth.workloadIdentity.serviceAccount, grant the pool's principal the role \
                            roles/iam.serviceAccountTokenCreator on it, and enable the IAM Service Account Credentials API";
                Err(TokenError::Denied { host: host(&self.url), status, code: None, mend: mend.to_owned() })
            }
            _ => Err(self.unavailable(format!("it answered HTTP {status}"))),
        }
    }

    fn unavailable(&self, reason: impl Into<String>) -> TokenError {
        TokenError::Unavailable { host: host(&self.url), reason: reason.into() }
    }
}

/// Steps below a base, each one segment of the path.
fn below(base: &Url, steps: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(steps);
    }
    url
}

/// The cluster's token for one of the pool (cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token).
struct Exchange {
    endpoint: TokenEndpoint,
    provider: String,
    token: Secret,
}

#[async_trait]
impl Grant for Exchange {
    async fn ask(&self) -> Result<Token, TokenError> {
        let form = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("audience", &self.provider),
            ("scope", CLOUD_PLATFORM),
            ("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
            ("subject_token", self.token.reveal()),
        ];
        self.endpoint.ask(&form, None).await.map_err(|error| match error {
            TokenError::Denied { host, status, code, .. } => {
                let mend = "the workload identity pool does not take the cluster's token: check \
                            auth.workloadIdentity.provider, and the issuer, audience and condition of that provider";
                TokenError::Denied { host, status, code, mend: mend.to_owned() }
            }
            error @ TokenError::Unavailable { .. } => error,
        })
    }
}
