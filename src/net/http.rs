//! The one place that builds HTTP clients: TLS, timeouts, no redirects, addresses that are never called, bounded answers.

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use rustls::CertificateError;
use thiserror::Error;
use url::Url;

use super::{Reach, tls};

/// Longest time to reach a server.
const CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("contactsync/", env!("CARGO_PKG_VERSION"));

/// What a client is built from.
#[derive(Clone, Copy, Debug)]
pub struct HttpSettings<'a> {
    /// A PEM bundle of authorities; `None`: those of the system.
    pub ca: Option<&'a [u8]>,
    /// Longest time for one request, its answer included; also the longest silence within an answer.
    pub timeout: Duration,
    /// Where names may lead.
    pub reach: &'a Reach,
}

/// Why no client can be built.
#[derive(Debug, Error)]
pub enum ClientError {
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] tls::Error),
    /// The HTTP library refuses.
    #[error("no HTTP client can be built: {0}")]
    Build(#[source] reqwest::Error),
}

/// Why an answer's body was not read.
#[derive(Debug, Error)]
pub enum BodyError {
    /// It is larger than it may be.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// Longest body that is read, decoded.
        limit: usize,
    },
    /// It broke off.
    #[error("the answer broke off")]
    Broken(#[source] reqwest::Error),
}

/// Builds a client. It follows no redirects: an answer that names another place is the caller's to report.
pub fn client(settings: HttpSettings<'_>) -> Result<reqwest::Client, ClientError> {
    let mut tls = tls::client_config(settings.ca)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    #[expect(clippy::disallowed_methods, reason = "the one place")]
    let builder = reqwest::Client::builder();
    builder
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .connect_timeout(CONNECT.min(settings.timeout))
        .read_timeout(settings.timeout)
        .timeout(settings.timeout)
        .dns_resolver(Arc::new(Callable(settings.reach.clone())))
        .user_agent(USER_AGENT)
        .gzip(true)
        .build()
        .map_err(ClientError::Build)
}

/// Host and port for messages.
pub fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "(no host)".to_owned(),
    }
}

/// Reads a body, decoded, up to `limit` bytes; what is longer is refused without being held.
pub async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or_default();
    if announced > limit {
        return Err(BodyError::TooLarge { limit });
    }
    let mut body = Vec::with_capacity(announced);
    while let Some(chunk) = response.chunk().await.map_err(BodyError::Broken)? {
        if body.len() + chunk.len() > limit {
            return Err(BodyError::TooLarge { limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong with a request, in words that hold no URL and no data.
pub fn describe(error: &reqwest::Error) -> &'static str {
    if let Some(flaw) = certificate_flaw(error) {
        flaw
    } else if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "no connection could be made: check the address, the network and the certificate"
    } else if error.is_builder() {
        "the request could not be built: check the credentials for stray characters"
    } else {
        "the connection broke off"
    }
}

/// What is wrong with a server's certificate, if that is what went wrong.
pub fn certificate_flaw(error: &reqwest::Error) -> Option<&'static str> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(flaw)) = error.downcast_ref() {
            return Some(match flaw {
                // Two authorities of one name differ in their keys only.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    "its certificate is signed by an authority that is not trusted: name that authority in tls.ca"
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "its certificate has expired: renew it, or set this machine's clock"
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    "its certificate is for another host: use the host that the certificate names"
                }
                _ => "its certificate cannot be trusted: look at it, and at tls.ca",
            });
        }
        // What an io::Error wraps is not its source, but has the same source.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as _).or_else(|| error.source());
    }
    None
}

/// The system's names, without the addresses that are not called.
struct Callable(Reach);

impl Resolve for Callable {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let callable = reach.callable(tokio::net::lookup_host((name.as_str(), 0)).await?);
            Ok(Box::new(callable.into_iter()) as Addrs)
        })
    }
}
