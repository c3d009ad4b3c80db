//! A connection to the server: always TLS, then the bind, then a look at what kind of server it is.

use std::sync::Arc;
use std::time::Duration;

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, StdStream};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::fault::{self, Fault};
use super::search::Search;
use super::server::{Server, wrong};
use crate::directory::Error;

/// For TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// For the bind.
const BIND_TIMEOUT: Duration = Duration::from_secs(30);
/// What `supportedCapabilities` of an Active Directory holds (MS-ADTS 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &[u8] = b"1.2.840.113556.1.4.800";

/// One connection. A read uses one from its first page to its last; it is never replaced on the way (L2).
/// A clone is another handle on the same connection, for looking something up while a search is under way.
#[derive(Clone)]
pub(super) struct Connection<'a> {
    pub(super) ldap: Ldap,
    pub(super) server: &'a Server,
    _driver: Arc<AbortOnDropHandle<()>>,
}

/// Connects, binds, and checks that the manifest's flavor fits the server.
pub(super) async fn connect(server: &Server) -> Result<Connection<'_>, Error> {
    let settings = LdapConnSettings::new()
        .set_std_stream(StdStream::Tcp(dial(server).await?))
        .set_conn_timeout(CONNECT_TIMEOUT)
        .set_config(server.tls.clone())
        // For ldap:// only. A server that refuses it is not spoken to: not even the bind goes out in clear.
        .set_starttls(true);
    let (driver, mut ldap) = LdapConnAsync::from_url_with_settings(settings, &server.url)
        .await
        .map_err(|error| unreachable(server, &error))?;
    let driver = tokio::spawn(async move {
        if let Err(error) = driver.drive().await {
            tracing::debug!(%error, "the LDAP connection ended");
        }
    });
    if let Some((dn, password)) = &server.bind {
        let answer = timeout(BIND_TIMEOUT, ldap.simple_bind(dn, password.reveal())).await;
        let answer = answer.map_err(|_elapsed| fault::unavailable(server, "no answer to the bind in time"))?;
        let answer = answer.map_err(|error| fault::unavailable(server, error.to_string()))?;
        fault::bind(server, &answer)?;
    }
    let mut connection = Connection { ldap, server, _driver: Arc::new(AbortOnDropHandle::new(driver)) };
    check_flavor(&mut connection).await?;
    Ok(connection)
}

/// Connects by ourselves: ldap3 leaves Nagle's algorithm on, which costs 40 ms a page.
async fn dial(server: &Server) -> Result<std::net::TcpStream, Error> {
    let failed = |error: std::io::Error| fault::unavailable(server, error.to_string());
    let dialled = timeout(CONNECT_TIMEOUT, TcpStream::connect(&server.label)).await;
    let late =
        |_elapsed| fault::unavailable(server, format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs()));
    let stream = dialled.map_err(late)?.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    stream.into_std().map_err(failed)
}

fn unreachable(server: &Server, error: &LdapError) -> Error {
    let reason = match error {
        LdapError::LdapResult { result } => {
            format!(
                "it refuses StartTLS (code {}): only TLS is spoken; use an ldaps:// URL or give it a certificate",
                result.rc
            )
        }
        LdapError::Timeout { .. } => format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs()),
        LdapError::Io { source } if source.kind() == std::io::ErrorKind::InvalidData => {
            format!(
                "TLS fails: {source}; is its authority the one in source.ldap.tls.ca, and the host in source.ldap.url in its certificate?"
            )
        }
        error => error.to_string(),
    };
    fault::unavailable(server, reason)
}

/// A wrong flavor would read the wrong ids and believe disabled accounts to be active. A server that hides its root
/// entry is taken at the manifest's word.
async fn check_flavor(connection: &mut Connection<'_>) -> Result<(), Error> {
    let server = connection.server;
    let search = Search {
        base: "",
        scope: Scope::Base,
        filter: "(objectClass=*)",
        attributes: vec!["objectClass".into(), "supportedCapabilities".into()],
        page_size: None,
    };
    let root = match connection.entries(search).await {
        Ok(mut entries) => entries.pop(),
        Err(Fault::NoSuchObject) => None,
        Err(Fault::Error(error)) => return Err(error),
    };
    let Some(root) = root else { return Ok(()) };
    let is = root.values("supportedCapabilities").iter().any(|value| value == ACTIVE_DIRECTORY);
    let said = server.is_active_directory();
    // Without capabilities to be seen, an entry that shows its classes is proof enough that it has none.
    match (is, said) {
        (true, false) => {
            Err(wrong("source.ldap.flavor", "the server is an Active Directory: set flavor: ActiveDirectory"))
        }
        (false, true) if !root.attributes.is_empty() => {
            Err(wrong("source.ldap.flavor", "the server is no Active Directory: set flavor: OpenLDAP"))
        }
        _ => Ok(()),
    }
}
