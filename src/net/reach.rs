//! Where requests may go. A manifest says which server; whether it may be called at all is the operator's word, so that
//! nobody who may write a manifest can send this program to places that only it can see.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;
use url::{Host, Url};

/// Where clouds answer their own machines besides link-local addresses: AWS over IPv6 (machines, and pods of EKS), Google
/// and Oracle over IPv6, Azure's wire server, Alibaba.
const METADATA: [IpAddr; 6] = [
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
];
/// Before the IPv4 address in an IPv6 address that a NAT64 translates (RFC 6052 section 2.1; RFC 8215, its first prefix
/// of 96 bits), or that is compatible with IPv4 (RFC 4291 section 2.5.5.1).
const BEFORE_V4: [[u8; 12]; 3] =
    [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0x64, 0xff, 0x9b, 0, 1, 0, 0, 0, 0, 0, 0], [0; 12]];

/// Why an address is not called.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ReachError {
    /// Neither https nor http.
    #[error("it must be an https:// URL")]
    Scheme,
    /// No host.
    #[error("it names no host")]
    NoHost,
    /// Plain http to where it may not go.
    #[error(
        "plain http is for services in the cluster (*.svc), where the operator allows it, and for this machine: use https"
    )]
    Plain,
    /// Where clouds keep their machines' credentials.
    #[error("it is a link-local or metadata address, which is never called")]
    LinkLocal,
    /// This machine.
    #[error("it is this machine's own address, which the operator does not allow (--allow-loopback)")]
    Loopback,
    /// A host that the operator did not list.
    #[error("the operator does not allow this host (--allowed-host)")]
    Host,
    /// User name or password within the URL.
    #[error("it holds a user name or a password: credentials belong in a Secret")]
    Credentials,
}

/// The operator's limits. Clones share them.
#[derive(Clone, Debug)]
pub struct Reach {
    plain: Plain,
    loopback: bool,
    hosts: Option<Arc<[HostPattern]>>,
}

/// Where plain http may go, besides to this machine where that may be called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Plain {
    Nowhere,
    Services,
    Anywhere,
}

impl Default for Reach {
    /// For a person at a terminal: https anywhere, plain http to this machine.
    fn default() -> Self {
        Self { plain: Plain::Nowhere, loopback: true, hosts: None }
    }
}

impl Reach {
    /// The same, for a pipeline that runs what others wrote: no host but these may be called, unless there are none.
    pub fn personal(hosts: Vec<HostPattern>) -> Self {
        Self { hosts: (!hosts.is_empty()).then(|| hosts.into()), ..Self::default() }
    }

    /// For a controller: what people of the cluster may point at. `services`: plain http may go to services in the
    /// cluster; `loopback`: this machine may be called; `hosts`: no others may, unless there are none.
    pub fn limited(services: bool, loopback: bool, hosts: Vec<HostPattern>) -> Self {
        let plain = if services { Plain::Services } else { Plain::Nowhere };
        Self { plain, loopback, hosts: (!hosts.is_empty()).then(|| hosts.into()) }
    }

    /// For what the operator names: only link-local addresses are out.
    pub(crate) fn operators() -> Self {
        Self { plain: Plain::Anywhere, loopback: true, hosts: None }
    }

    /// Whether a URL over http or https may be called.
    pub fn check_url(&self, url: &Url) -> Result<(), ReachError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ReachError::Credentials);
        }
        let host = url.host().ok_or(ReachError::NoHost)?;
        self.check_host(&host)?;
        match url.scheme() {
            "https" => Ok(()),
            "http" if is_loopback(url) || self.plain == Plain::Anywhere => Ok(()),
            "http" if self.plain == Plain::Services && is_service(&host) => Ok(()),
            "http" => Err(ReachError::Plain),
            _ => Err(ReachError::Scheme),
        }
    }

    /// Whether a host may be called, whatever the protocol. A name that passes may still lead to an address that does
    /// not: [`Reach::callable`].
    pub fn check_host<S: AsRef<str>>(&self, host: &Host<S>) -> Result<(), ReachError> {
        if let Host::Domain(name) = host
            && !self.loopback
            && is_localhost(name.as_ref())
        {
            return Err(ReachError::Loopback);
        }
        if let Some(address) = address(host) {
            self.check_address(address)?;
        }
        match &self.hosts {
            Some(allowed) if !allowed.iter().any(|pattern| pattern.admits(&host.to_string())) => Err(ReachError::Host),
            _ => Ok(()),
        }
    }

    /// The addresses, of those that a name led to, that may be called.
    pub(crate) fn callable(&self, found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        found.filter(|address| self.check_address(address.ip()).is_ok()).collect()
    }

    fn check_address(&self, address: IpAddr) -> Result<(), ReachError> {
        let address = embedded(address);
        let link_local = match address {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        if link_local || METADATA.contains(&address) {
            return Err(ReachError::LinkLocal);
        }
        // To connect to the unspecified address is to connect to this machine.
        if !self.loopback && (address.is_loopback() || address.is_unspecified()) {
            return Err(ReachError::Loopback);
        }
        Ok(())
    }
}

/// Whether a URL names this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => is_localhost(name),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// RFC 6761 section 6.3.
fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name == "localhost" || name.ends_with(".localhost")
}

fn is_service(host: &Host<&str>) -> bool {
    let Host::Domain(name) = host else { return false };
    // They are in lower case already.
    [".svc", ".svc.cluster.local"].iter().any(|suffix| name.ends_with(suffix))
}

fn address<S>(host: &Host<S>) -> Option<IpAddr> {
    match host {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some((*address).into()),
        Host::Ipv6(address) => Some((*address).into()),
    }
}

/// The address that an IPv6 address stands for, where it stands for another.
fn embedded(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    // 6to4 (RFC 3056).
    if let [0x20, 0x02, a, b, c, d, ..] = v6.octets() {
        return Ipv4Addr::new(a, b, c, d).into();
    }
    match v6.octets().split_last_chunk::<4>() {
        // ::1 and :: are this machine, and nothing of IPv4.
        Some((prefix, v4)) if BEFORE_V4.iter().any(|known| prefix == known) && !matches!(v4, [0, 0, 0, 0 | 1]) => {
            Ipv4Addr::from(*v4).into()
        }
        _ => address,
    }
}

/// A host that may be called: `kdesk.example`, or `*.kdesk.example` for all below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPattern {
    host: String,
    below: bool,
}

/// It is no host pattern.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("it must be a host such as kdesk.example, or *.kdesk.example for all hosts below it; no scheme, port or path")]
pub struct NoHostPattern;

impl HostPattern {
    fn admits(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        if self.below {
            host.strip_suffix(&self.host).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
        } else {
            host == self.host
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.below { "*." } else { "" }, self.host)
    }
}

impl FromStr for HostPattern {
    type Err = NoHostPattern;

    fn from_str(text: &str) -> Result<Self, NoHostPattern> {
        let (below, rest) = text.trim().strip_prefix("*.").map_or((false, text.trim()), |rest| (true, rest));
        let host = match Host::parse(rest) {
            Ok(Host::Domain(name)) if !name.is_empty() && !name.contains('*') => name,
            // An address has nothing below it.
            Ok(host @ (Host::Ipv4(_) | Host::Ipv6(_))) if !below => host.to_string(),
            _ => return Err(NoHostPattern),
        };
        Ok(Self { host: host.trim_end_matches('.').to_owned(), below })
    }
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
