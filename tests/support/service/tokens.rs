//! Tokens that a vendor's server issues and asks for.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaPublicKeyComponents};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::{Ask, Reply};

/// The private key that tests sign with, in PEM: known to everybody, good for nothing else.
pub const SIGNING_KEY: &str = include_str!("../keys/rsa.pem");
/// A certificate of it, in PEM.
pub const PUBLIC_CERTIFICATE: &str = include_str!("../keys/rsa.crt");

/// The tokens that an issuer gave.
#[derive(Debug)]
pub struct Tokens {
    /// How long a token is good for.
    pub life: Duration,
    issued: Vec<(String, Instant)>,
    /// How many were issued.
    pub count: usize,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { life: Duration::from_hours(1), issued: Vec::new(), count: 0 }
    }
}

impl Tokens {
    /// A new token.
    pub fn issue(&mut self) -> Reply {
        self.count += 1;
        let token = format!("token-{}", self.count);
        self.issued.push((token.clone(), Instant::now() + self.life));
        Reply::json(200, &json!({"access_token": token, "token_type": "Bearer", "expires_in": self.life.as_secs()}))
    }

    /// Whether a request bears one that is good.
    pub fn admit(&self, ask: &Ask) -> bool {
        let sent = ask.header("authorization").strip_prefix("Bearer ");
        sent.is_some_and(|sent| self.issued.iter().any(|(token, until)| token == sent && Instant::now() < *until))
    }

    /// Takes all back.
    pub fn revoke(&mut self) {
        self.issued.clear();
    }
}

/// Header and claims of a token that [`SIGNING_KEY`] signed with RS256 or PS256; panics at one that it did not sign.
pub fn claims_of(jwt: &str) -> (Value, Value) {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(SIGNING_KEY.as_bytes()).unwrap() else { panic!() };
    let key = ring::signature::RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
    let public = RsaPublicKeyComponents::<Vec<u8>>::from(key.public());
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    let pss = header["alg"] == "PS256";
    let padding = if pss { &RSA_PSS_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA256 };
    public.verify(padding, signed.as_bytes(), &decode(signature)).unwrap();
    (header, serde_json::from_slice(&decode(claims)).unwrap())
}
