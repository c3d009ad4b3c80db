//! TLS as every connection uses it: rustls with the ring provider, the system's authorities or the one that a manifest names.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;

/// Why no TLS configuration could be made.
#[derive(Debug, Error)]
pub enum Error {
    /// The bundle holds no certificate.
    #[error("the CA bundle holds no PEM certificate: it must hold at least one -----BEGIN CERTIFICATE----- block")]
    Empty,
    /// The bundle cannot be read.
    #[error("the CA bundle is no PEM: check that its line breaks are kept, and that no block is cut short")]
    // Its own words quote what was read, which may be a private key.
    Pem,
    /// A certificate of the bundle cannot be used.
    #[error("the CA bundle holds a certificate that cannot be used: {0}")]
    Certificate(#[source] rustls::Error),
    /// This system trusts nobody.
    #[error("this system has no certificate authorities: install ca-certificates, or name a CA in the manifest")]
    NoSystemRoots,
    /// The provider knows no TLS version that is wanted.
    #[error("no TLS version can be used: {0}")]
    Versions(#[source] rustls::Error),
}

/// A client configuration that trusts the authorities of `ca` (a PEM bundle), or else those of the system.
pub fn client_config(ca: Option<&[u8]>) -> Result<ClientConfig, Error> {
    let roots = match ca {
        Some(pem) => bundle(pem)?,
        None => system_roots()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(Error::Versions)?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn bundle(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|_quotes| Error::Pem)?).map_err(Error::Certificate)?;
    }
    if roots.is_empty() { Err(Error::Empty) } else { Ok(roots) }
}

fn system_roots() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(Error::NoSystemRoots) } else { Ok(roots) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l20_what_is_wrong_with_a_bundle_does_not_quote_it() {
        for text in ["-----BEGIN PRIVATE KEY----- hunter2 -----END PRIVATE KEY-----", "-----BEGIN hunter2\n"] {
            let error = client_config(Some(text.as_bytes())).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the CA bundle is no PEM: check that its line breaks are kept, and that no block is cut short"
            );
        }
    }
}
