//! How the application signs in (learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;
use uuid::Uuid;

use super::{EntraCredential, below};
use crate::api::EntraSource;
use crate::clock::{self, Clock};
use crate::directory::Error;
use crate::directory::web::wrong;
use crate::net::Secret;
use crate::net::http::host;
use crate::net::jwt::SigningKey;
use crate::net::oauth::{Assertion, ClientAssertion, ClientSecret, Fixed, TokenEndpoint, TokenError, Tokens};

const CERTIFICATE: &str = "source.entra.auth.certificate.certificate";
const PRIVATE_KEY: &str = "source.entra.auth.certificate.privateKey";

/// How long an assertion is good for, in seconds: five to ten minutes, as the vendor's page asks.
const LIFE: i64 = 300;

/// The tokens that the application has, whichever way it signs in.
pub(super) fn tokens(
    client: &reqwest::Client,
    source: &EntraSource,
    credential: EntraCredential,
    login: &Url,
    graph: &Url,
) -> Result<Tokens, Error> {
    let endpoint = TokenEndpoint::new(client.clone(), below(login, &[&source.tenant_id, "oauth2", "v2.0", "token"]));
    let scope = below(graph, &[".default"]).to_string();
    let client_id = source.client_id.clone();
    Ok(match credential {
        EntraCredential::ClientSecret(client_secret) => {
            Tokens::new(ClientSecret { endpoint, client_id, client_secret, scope: Some(scope) })
        }
        EntraCredential::Certificate { certificate, private_key } => {
            let audience = endpoint.url().clone();
            let assertion = Certificate::new(&certificate, &private_key, &client_id, audience)?;
            Tokens::new(ClientAssertion { endpoint, client_id, assertion, scope })
        }
        EntraCredential::Token(token) => {
            Tokens::new(ClientAssertion { endpoint, client_id, assertion: Fixed(token), scope })
        }
    })
}

/// Assertions that a certificate's key signs (learn.microsoft.com/entra/identity-platform/certificate-credentials).
struct Certificate {
    key: SigningKey,
    thumbprint: String,
    client_id: String,
    audience: Url,
    clock: Clock,
}

impl Certificate {
    fn new(certificate: &Secret, key: &Secret, client_id: &str, audience: Url) -> Result<Self, Error> {
        // The parser's own words quote what was read.
        let der = CertificateDer::from_pem_slice(certificate.reveal().as_bytes()).map_err(|_quotes| {
            wrong(CERTIFICATE, "it holds no PEM certificate: it must hold a -----BEGIN CERTIFICATE----- block")
        })?;
        let key = SigningKey::from_pem(key.reveal().as_bytes())
            .map_err(|error| wrong(PRIVATE_KEY, error.to_string()))?
            .padded_with_pss();
        if key.algorithm() != "PS256" {
            return Err(wrong(PRIVATE_KEY, "Entra takes certificates of RSA keys only: make a new pair"));
        }
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(&der));
        Ok(Self { key, thumbprint, client_id: client_id.to_owned(), audience, clock: clock::system() })
    }
}

#[async_trait]
impl Assertion for Certificate {
    async fn make(&self) -> Result<Secret, TokenError> {
        let now = (self.clock)().as_second();
        let claims = json!({
            "aud": self.audience,
            "iss": self.client_id,
            "sub": self.client_id,
            "jti": Uuid::new_v4(),
            "iat": now,
            "nbf": now,
            "exp": now + LIFE,
        });
        self.key.sign(&[("x5t#S256", &self.thumbprint)], &claims).map_err(|error| TokenError::Unavailable {
            host: host(&self.audience),
            reason: format!("{PRIVATE_KEY}: {error}"),
        })
    }
}
