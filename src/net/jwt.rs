//! Signs JSON Web Tokens (RFC 7515, RFC 7519) with a private key from a manifest: RS256, PS256 or ES256 (RFC 7518
//! section 3.1).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Serialize;
use serde_json::{Map, Value};
use thiserror::Error;

use super::Secret;

/// Why a key cannot sign. No message quotes the key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SigningKeyError {
    /// Not PEM.
    #[error("it holds no PEM private key: it must hold a -----BEGIN PRIVATE KEY----- block, its line breaks kept")]
    Pem,
    /// A key of another kind.
    #[error(
        "its private key cannot be used: it must be an RSA key of 2048 to 4096 bits, or an EC key on P-256 in PKCS#8"
    )]
    Kind,
    /// This machine has no randomness, or the key is broken.
    #[error("nothing could be signed with it")]
    Sign,
}

/// A private key that signs.
pub struct SigningKey(Key);

enum Key {
    Rsa(Box<RsaKeyPair>),
    /// The same, padded with PSS; the salt is as long as the hash, as RFC 7518 section 3.5 has it.
    Pss(Box<RsaKeyPair>),
    P256(Box<EcdsaKeyPair>),
}

impl SigningKey {
    /// Reads the first private key of a PEM: PKCS#8, or PKCS#1 for RSA.
    pub fn from_pem(pem: &[u8]) -> Result<Self, SigningKeyError> {
        // The parser's own words quote what was read.
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_quotes| SigningKeyError::Pem)?;
        let key = match &der {
            PrivateKeyDer::Pkcs1(der) => {
                RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(|key| Key::Rsa(Box::new(key)))
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = RsaKeyPair::from_pkcs8(der).ok().map(|key| Key::Rsa(Box::new(key)));
                let p256 = || EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &SystemRandom::new());
                rsa.or_else(|| p256().ok().map(|key| Key::P256(Box::new(key))))
            }
            _ => None,
        };
        key.map(Self).ok_or(SigningKeyError::Kind)
    }

    /// The same, signing PS256 in place of RS256: for issuers that ask for it.
    #[must_use]
    pub fn padded_with_pss(self) -> Self {
        match self.0 {
            Key::Rsa(key) => Self(Key::Pss(key)),
            other => Self(other),
        }
    }

    /// Its algorithm (RFC 7518 section 3.1).
    pub fn algorithm(&self) -> &'static str {
        match self.0 {
            Key::Rsa(_) => "RS256",
            Key::Pss(_) => "PS256",
            Key::P256(_) => "ES256",
        }
    }

    /// A signed token: `header` says what it should beside `alg` and `typ`.
    pub fn sign(&self, header: &[(&str, &str)], claims: &impl Serialize) -> Result<Secret, SigningKeyError> {
        let mut all =
            Map::from_iter([("alg".to_owned(), Value::from(self.algorithm())), ("typ".to_owned(), Value::from("JWT"))]);
        all.extend(header.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
        let claims = serde_json::to_vec(claims).map_err(|_json| SigningKeyError::Sign)?;
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let signed = format!("{}.{}", encode(Value::Object(all).to_string().as_bytes()), encode(&claims));
        let signature = self.signature(signed.as_bytes())?;
        Ok(Secret::new(format!("{signed}.{}", encode(&signature))))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
        let random = SystemRandom::new();
        let unspecified = |_: ring::error::Unspecified| SigningKeyError::Sign;
        match &self.0 {
            Key::Rsa(key) | Key::Pss(key) => {
                let padding: &'static dyn RsaEncoding =
                    if matches!(self.0, Key::Pss(_)) { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &random, message, &mut signature).map_err(unspecified)?;
                Ok(signature)
            }
            Key::P256(key) => Ok(key.sign(&random, message).map_err(unspecified)?.as_ref().to_vec()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.algorithm()).finish()
    }
}

#[cfg(test)]
mod tests {
    use ring::signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    };
    use ring::signature::{KeyPair as _, RsaKeyPair};
    use serde_json::json;

    use super::*;

    const RSA: &str = include_str!("../../tests/support/keys/rsa.pem");

    fn checked(token: &Secret, algorithm: &'static dyn VerificationAlgorithm, public: &[u8]) -> (Value, Value) {
        let (signed, signature) = token.reveal().rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        UnparsedPublicKey::new(algorithm, public).verify(signed.as_bytes(), &decode(signature)).unwrap();
        (serde_json::from_slice(&decode(header)).unwrap(), serde_json::from_slice(&decode(claims)).unwrap())
    }

    #[test]
    fn an_rsa_key_signs_rs256() {
        let token =
            SigningKey::from_pem(RSA.as_bytes()).unwrap().sign(&[("kid", "k1")], &json!({"sub": "ann"})).unwrap();
        let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(RSA.as_bytes()).unwrap() else { panic!() };
        let public = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let (header, claims) = checked(&token, &RSA_PKCS1_2048_8192_SHA256, public.public_key().as_ref());
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(claims, json!({"sub": "ann"}));
    }

    #[test]
    fn an_rsa_key_signs_ps256_where_an_issuer_asks_for_it() {
        let key = SigningKey::from_pem(RSA.as_bytes()).unwrap().padded_with_pss();
        let PrivateKeyDer::Pkcs8(der) = PrivateKeyDer::from_pem_slice(RSA.as_bytes()).unwrap() else { panic!() };
        let public = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        let token = key.sign(&[], &json!({})).unwrap();
        assert_eq!(checked(&token, &RSA_PSS_2048_8192_SHA256, public.public_key().as_ref()).0["alg"], "PS256");
    }

    #[test]
    fn an_ec_key_signs_es256_in_the_form_of_jws() {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let token = SigningKey::from_pem(key.serialize_pem().as_bytes()).unwrap().sign(&[], &json!({})).unwrap();
        assert_eq!(checked(&token, &ECDSA_P256_SHA256_FIXED, key.public_key_raw()).0["alg"], "ES256");
    }

    #[test]
    fn l20_what_is_wrong_with_a_key_does_not_quote_it() {
        let key = |text: &str| SigningKey::from_pem(text.as_bytes()).unwrap_err();
        assert_eq!(key("hunter2"), SigningKeyError::Pem);
        assert_eq!(key("-----BEGIN PRIVATE KEY-----\nhunter2\n"), SigningKeyError::Pem);
        let certificate = include_str!("../../tests/support/keys/rsa.crt");
        assert_eq!(key(certificate), SigningKeyError::Pem);
        let ed25519 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap().serialize_pem();
        assert_eq!(key(&ed25519), SigningKeyError::Kind);
    }
}
