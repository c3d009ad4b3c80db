//! A token endpoint (RFC 6749 section 3.2): asks it, and reads what it answers.

use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::{Token, TokenError};
use crate::net::{Secret, http};

/// Longest answer that is read.
const ANSWER: usize = 64 * 1024;

/// Where tokens are issued.
#[derive(Clone, Debug)]
pub struct TokenEndpoint {
    client: reqwest::Client,
    url: Url,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl TokenEndpoint {
    /// Asks nothing yet. Whether the URL may be called is for who makes this to check.
    pub fn new(client: reqwest::Client, url: Url) -> Self {
        Self { client, url }
    }

    /// Where it is: what assertions are made out to.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Sends a form, signed in as somebody (user and password, RFC 6749 section 2.3.1) where that is given.
    pub async fn ask(&self, form: &[(&str, &str)], basic: Option<(String, String)>) -> Result<Token, TokenError> {
        let mut request = self.client.post(self.url.clone()).header(::http::header::ACCEPT, "application/json");
        if let Some((user, password)) = basic {
            request = request.basic_auth(user, Some(password));
        }
        let response = request.form(form).send().await.map_err(|error| self.unavailable(http::describe(&error)))?;
        let status = response.status().as_u16();
        let body = http::read_body(response, ANSWER).await.map_err(|error| self.unavailable(error.to_string()))?;
        match status {
            200 => {}
            400 | 401 | 403 => return Err(self.denied(status, &body)),
            404 | 405 => {
                let reason = format!("it answered HTTP {status} where tokens are: check its address in the manifest");
                return Err(self.unavailable(reason));
            }
            _ => return Err(self.unavailable(format!("it answered HTTP {status}"))),
        }
        let issued: Issued = serde_json::from_slice(&body).map_err(|_json| {
            self.unavailable(
                "its answer is no token: check its address in the manifest, and whether a proxy stands between",
            )
        })?;
        Ok(Token { secret: Secret::new(issued.access_token), life: issued.expires_in.map(Duration::from_secs) })
    }

    fn unavailable(&self, reason: impl Into<String>) -> TokenError {
        TokenError::Unavailable { host: http::host(&self.url), reason: reason.into() }
    }

    /// Issuers describe refusals in words that may name an account: only their codes pass (L20).
    fn denied(&self, status: u16, body: &[u8]) -> TokenError {
        let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
        let code = entra_code(&refusal.error_description).or_else(|| word(&refusal.error));
        let mend = mend(code.as_deref(), &refusal.error).to_owned();
        TokenError::Denied { host: http::host(&self.url), status, code, mend }
    }
}

/// `AADSTS` and digits, with which Entra begins its descriptions.
fn entra_code(description: &str) -> Option<String> {
    let digits = description.strip_prefix("AADSTS")?;
    let digits: String = digits.chars().take_while(char::is_ascii_digit).take(12).collect();
    (!digits.is_empty()).then(|| format!("AADSTS{digits}"))
}

/// An error code is one word; anything else could be anything.
fn word(text: &str) -> Option<String> {
    let is_word = (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_word.then(|| text.to_owned())
}

/// What to check: by Entra's code (learn.microsoft.com/entra/identity-platform/reference-error-codes), else by that of
/// RFC 6749 section 5.2.
fn mend(code: Option<&str>, error: &str) -> &'static str {
    match (code, error) {
        (Some("AADSTS7000215"), _) => "the client secret is wrong: use the secret's value, not its id",
        (Some("AADSTS7000222"), _) => "the client secret has expired: make a new one",
        (Some("AADSTS700016"), _) => "the tenant has no such application: check client id and tenant id",
        (Some("AADSTS90002"), _) => "there is no such tenant: check the tenant id and the cloud",
        (Some("AADSTS700027"), _) => {
            "the certificate is not one of the application's: upload it there, and check that key and certificate fit"
        }
        (Some("AADSTS70021" | "AADSTS700213" | "AADSTS700211" | "AADSTS700212"), _) => {
            "the application trusts no such token: check issuer, subject and audience of its federated credential"
        }
        (Some("AADSTS700024"), _) => {
            "the assertion is not valid at this time: check this machine's clock; the token of a service account expired if the cluster gives it a shorter life than the run takes"
        }
        (_, "invalid_grant") => "check the assertion's subject, the account's rights, and this machine's clock",
        (_, "unauthorized_client") => {
            "the client may not have these scopes, or not in this way: grant them to its client id"
        }
        (_, "invalid_scope") => "check the scopes",
        (_, _) => "check client id, client secret and scopes",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(body: &str) -> String {
        let url = Url::parse("https://login.example/token").unwrap();
        let client = http::client(http::HttpSettings {
            ca: None,
            timeout: Duration::from_secs(1),
            reach: &crate::net::Reach::default(),
        });
        TokenEndpoint::new(client.unwrap(), url).denied(401, body.as_bytes()).to_string()
    }

    #[test]
    fn l20_a_refusal_tells_codes_and_no_words_of_the_issuer() {
        let text = denied(
            r#"{"error": "invalid_client", "error_description": "AADSTS7000222: The provided client secret keys for app 'ann@acme.example' are expired."}"#,
        );
        assert_eq!(
            text,
            "login.example refuses the client credentials (HTTP 401, AADSTS7000222): the client secret has expired: make a new one"
        );
        let text = denied(
            r#"{"error": "invalid_client", "error_description": "AADSTS700024: Client assertion is not within its valid time range."}"#,
        );
        assert!(text.contains("this machine's clock"), "{text}");
        let text = denied(r#"{"error": "ann@acme.example", "error_description": "AADSTS"}"#);
        assert_eq!(
            text,
            "login.example refuses the client credentials (HTTP 401): check client id, client secret and scopes"
        );
        assert!(denied("<html>").ends_with("check client id, client secret and scopes"));
    }
}
