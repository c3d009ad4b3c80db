//! The tenant's token endpoint, and what it asks of assertions.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{CLIENT, Graph, SECRET, TENANT, WORKLOAD_TOKEN};
use crate::support::service::{Ask, PUBLIC_CERTIFICATE, Reply, claims_of};

fn refused(status: u16, error: &str, code: u32) -> Reply {
    let description = format!("AADSTS{code}: something about app 'ann@acme.example'. Trace ID: x");
    Reply::json(status, &json!({"error": error, "error_description": description, "error_codes": [code]}))
}

/// What a header must say: the hash of the certificate.
pub fn thumbprint() -> String {
    let der = CertificateDer::from_pem_slice(PUBLIC_CERTIFICATE.as_bytes()).unwrap();
    URL_SAFE_NO_PAD.encode(Sha256::digest(&der))
}

impl Graph {
    pub(super) fn token(&mut self, base: &Url, ask: &Ask) -> Reply {
        if ask.method != "POST" {
            return refused(400, "invalid_request", 900_561);
        }
        let path = format!("/{TENANT}/oauth2/v2.0/token");
        if ask.path != path {
            return refused(400, "invalid_request", 90002);
        }
        let form = ask.form();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        if field("grant_type") != "client_credentials" || field("scope") != base.join(".default").unwrap().as_str() {
            return refused(400, "invalid_scope", 70011);
        }
        let basic = ask.header("authorization").strip_prefix("Basic ").map(|basic| {
            let pair = String::from_utf8(STANDARD.decode(basic).unwrap()).unwrap();
            let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
            let (client, secret) = pair.split_once(':').unwrap();
            (decode(client), decode(secret))
        });
        let (client, secret) = basic.unwrap_or_else(|| (field("client_id").into(), field("client_secret").into()));
        if client != CLIENT {
            return refused(400, "unauthorized_client", 700_016);
        }
        let assertion = field("client_assertion");
        if !self.trusted {
            return refused(401, "invalid_client", 7_000_222);
        }
        if assertion.is_empty() {
            return if secret == SECRET { self.tokens.issue() } else { refused(401, "invalid_client", 7_000_215) };
        }
        assert_eq!(field("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
        if assertion == WORKLOAD_TOKEN {
            return self.tokens.issue();
        }
        if assertion.split('.').count() != 3 || assertion.contains("workload") {
            return refused(401, "invalid_client", 70021);
        }
        let (header, claims) = claims_of(assertion);
        if header["alg"] != "PS256" || header["typ"] != "JWT" || header["x5t#S256"] != thumbprint() {
            return refused(401, "invalid_client", 700_027);
        }
        let (nbf, exp) = (claims["nbf"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        let now = contactsync::clock::system()().as_second();
        let good = claims["aud"] == base.join(&path).unwrap().as_str()
            && claims["iss"] == CLIENT
            && claims["sub"] == CLIENT
            && nbf <= now + 1
            && exp > now
            && exp - nbf <= 600
            && self.assertions.insert(claims["jti"].as_str().unwrap().to_owned());
        if good { self.tokens.issue() } else { refused(401, "invalid_client", 700_024) }
    }
}
