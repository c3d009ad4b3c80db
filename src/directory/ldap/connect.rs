//! A connection to the server: always TLS, then the bind, then a look at what kind of server it is.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::fault::{self, Fault};
use super::search::{Search, read_entry};
use super::server::{Server, wrong};
use super::wire::{Scope, TlsWire, Wire, over_tls};
use crate::directory::Error;

/// For TCP and TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// For the bind.
const BIND_TIMEOUT: Duration = Duration::from_secs(30);
/// What `supportedCapabilities` of an Active Directory holds (MS-ADTS 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &[u8] = b"1.2.840.113556.1.4.800";

/// One connection. A read uses one from its first page to its last; it is never replaced on the way (L2).
pub(super) struct Connection<'a> {
    pub(super) wire: TlsWire,
    pub(super) server: &'a Server,
}

impl Drop for Connection<'_> {
    fn drop(&mut self) {
        self.wire.unbind();
    }
}

/// Connects, binds, and checks that the manifest's flavor fits the server.
pub(super) async fn connect(server: &Server) -> Result<Connection<'_>, Error> {
    let late = |_elapsed| {
        server.watch.unanswered();
        fault::unavailable(server, format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs()))
    };
    let wire = timeout(CONNECT_TIMEOUT, dial(server)).await.map_err(late)??;
    let mut connection = Connection { wire, server };
    if let Some((dn, password)) = &server.bind {
        let answer = timeout(BIND_TIMEOUT, connection.wire.bind(dn, password.reveal())).await;
        match &answer {
            Ok(Ok(outcome)) => server.watch.answered(outcome.code),
            Ok(Err(_)) | Err(_) => server.watch.unanswered(),
        }
        let answer = answer.map_err(|_elapsed| fault::unavailable(server, "no answer to the bind in time"))?;
        fault::bind(server, &answer.map_err(|error| fault::broken(server, &error))?)?;
    }
    check_flavor(&mut connection).await?;
    Ok(connection)
}

/// TCP, then TLS, which an ldap:// URL asks for first. A server that refuses it is not spoken to: not even the bind goes
/// out in clear.
async fn dial(server: &Server) -> Result<TlsWire, Error> {
    let mut tcp = dial_tcp(server).await.map_err(|error| {
        server.watch.unanswered();
        fault::unavailable(server, error.to_string())
    })?;
    if server.url.scheme() == "ldap" {
        let started = Wire::new(tcp).start_tls().await.map_err(|error| {
            server.watch.unanswered();
            fault::broken(server, &error)
        });
        tcp = match started? {
            Ok(tcp) => tcp,
            Err(refused) => {
                let code = refused.code;
                server.watch.answered(code);
                return Err(fault::unavailable(
                    server,
                    format!(
                        "it refuses StartTLS (code {code}): only TLS is spoken; use an ldaps:// URL or give it a certificate"
                    ),
                ));
            }
        };
    }
    let host = server.url.host_str().unwrap_or_default().to_owned();
    let name = ServerName::try_from(host)
        .map_err(|_no_name| wrong("source.ldap.url", "names a host that no certificate can be for"))?;
    over_tls(tcp, Arc::clone(&server.tls), name).await.map_err(|error| no_tls(server, &error))
}

/// Without Nagle's algorithm, which costs 40 ms a page.
async fn dial_tcp(server: &Server) -> io::Result<TcpStream> {
    let found = tokio::net::lookup_host(&server.label).await?;
    let callable = server.reach.callable(found);
    if callable.is_empty() {
        return Err(io::Error::other("it has no address that may be called"));
    }
    let tcp = TcpStream::connect(callable.as_slice()).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn no_tls(server: &Server, error: &io::Error) -> Error {
    server.watch.unanswered();
    let reason = if error.kind() == io::ErrorKind::InvalidData {
        format!(
            "TLS fails: {error}; is its authority the one in source.ldap.tls.ca, and the host in source.ldap.url in its certificate?"
        )
    } else {
        format!("no TLS connection: {error}")
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
    let root = read_entry(server, &root)?;
    let is = root.values("supportedCapabilities").any(|value| value == ACTIVE_DIRECTORY);
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
