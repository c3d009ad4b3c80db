//! What a manifest says about a server, checked before anything is sent: where it is, who reads, what its schema is like.

use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use url::{Host, Url};

use super::dn::Dn;
use super::id::IdAttribute;
use super::{LdapSettings, filter};
use crate::api::{DisabledWhen, LdapFlavor};
use crate::directory::Error;
use crate::net::{self, Reach, Secret, Watch};

const DEFAULT_PAGE_SIZE: u32 = 1000;

/// A server as its manifest describes it.
pub(super) struct Server {
    pub(super) url: Url,
    /// Host and port, for messages.
    pub(super) label: String,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) bind: Option<(String, Secret)>,
    pub(super) flavor: LdapFlavor,
    pub(super) base_dn: String,
    pub(super) base: Dn,
    pub(super) group_base_dn: Option<String>,
    pub(super) group_base: Option<Dn>,
    pub(super) person_filter: String,
    /// Whether the person filter is the flavor's own.
    pub(super) default_people: bool,
    pub(super) id: IdAttribute,
    pub(super) group_id: IdAttribute,
    pub(super) disabled: DisabledRule,
    pub(super) page_size: u32,
    pub(super) timeout: Duration,
    pub(super) reach: Reach,
    pub(super) watch: Watch,
}

/// Which entries are disabled.
#[derive(Debug)]
pub(super) enum DisabledRule {
    /// None is.
    Never,
    /// Those with `userAccountControl` bit 2, ACCOUNTDISABLE (MS-ADTS 2.2.16).
    AccountControl,
    /// Those with one of these values.
    Values(DisabledWhen),
}

impl Server {
    /// Checks the settings. Nothing is sent yet.
    pub(super) fn new(settings: LdapSettings) -> Result<Self, Error> {
        let source = settings.source;
        let (url, label) = address(&source.url)?;
        allowed(&url, &settings.reach)?;
        let tls = net::tls::client_config(settings.ca.as_deref())
            .map_err(|error| wrong("source.ldap.tls.ca", error.to_string()))?;
        let bind = match source.bind {
            None => None,
            Some(bind) => Some((bind.dn, password(settings.password)?)),
        };
        let flavor = source.flavor.unwrap_or_default();
        let (people, id, group_id, disabled) = match flavor {
            LdapFlavor::ActiveDirectory => (
                "(&(objectCategory=person)(objectClass=user))",
                "objectGUID",
                "objectGUID",
                DisabledRule::AccountControl,
            ),
            LdapFlavor::OpenLdap => ("(objectClass=inetOrgPerson)", "entryUUID", "entryUUID", DisabledRule::Never),
        };
        let default_people = source.person_filter.is_none();
        let person_filter = filter::check(source.person_filter.as_deref().unwrap_or(people))
            .map_err(|reason| wrong("source.ldap.personFilter", reason))?
            .to_owned();
        Ok(Self {
            url,
            label,
            tls: Arc::new(tls),
            bind,
            flavor,
            base: name("source.ldap.baseDN", &source.base_dn)?,
            base_dn: source.base_dn,
            group_base: source.group_base_dn.as_deref().map(|dn| name("source.ldap.groupBaseDN", dn)).transpose()?,
            group_base_dn: source.group_base_dn,
            person_filter,
            default_people,
            id: IdAttribute::new(attribute("source.ldap.idAttribute", source.id_attribute.as_deref().unwrap_or(id))?),
            group_id: IdAttribute::new(group_id),
            disabled: match source.disabled_when {
                Some(rule) => {
                    attribute("source.ldap.disabledWhen.attribute", &rule.attribute)?;
                    DisabledRule::Values(rule)
                }
                None => disabled,
            },
            page_size: source
                .page_size
                .and_then(|size| u32::try_from(size).ok())
                .filter(|size| *size > 0)
                .unwrap_or(DEFAULT_PAGE_SIZE),
            timeout: settings.timeout,
            reach: settings.reach,
            watch: Watch::default(),
        })
    }

    /// Where groups are searched, and the field that says so.
    pub(super) fn groups_below(&self) -> (&str, &'static str) {
        match &self.group_base_dn {
            Some(dn) => (dn, "source.ldap.groupBaseDN"),
            None => (&self.base_dn, "source.ldap.baseDN"),
        }
    }

    /// Which entries are groups.
    pub(super) fn group_filter(&self) -> &'static str {
        match self.flavor {
            LdapFlavor::ActiveDirectory => "(objectClass=group)",
            LdapFlavor::OpenLdap => "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=group))",
        }
    }

    pub(super) fn is_active_directory(&self) -> bool {
        self.flavor == LdapFlavor::ActiveDirectory
    }

    /// The read was not whole.
    pub(super) fn incomplete(&self, reason: impl Into<String>) -> Error {
        Error::Incomplete { directory: self.label.clone(), reason: reason.into() }
    }
}

/// A field of the manifest is wrong.
pub(super) fn wrong(field: &str, reason: impl Into<String>) -> Error {
    Error::Settings { field: field.to_owned(), reason: reason.into() }
}

/// Reads a name that a manifest gives.
pub(super) fn name(field: &str, dn: &str) -> Result<Dn, Error> {
    let reason =
        "is no distinguished name: write it like ou=Sales,dc=acme,dc=example, with \\, for a comma inside a value";
    Dn::parse(dn).ok_or_else(|| wrong(field, reason))
}

/// An attribute description (RFC 4512 section 2.5) that a manifest gives: it goes into filters.
fn attribute<'a>(field: &str, name: &'a str) -> Result<&'a str, Error> {
    let known = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b';'));
    if name.is_empty() || !known {
        return Err(wrong(field, "is no attribute name: letters, digits and hyphens, such as employeeNumber"));
    }
    Ok(name)
}

/// A bind with a name but no password is an anonymous one that looks like success (RFC 4513 section 5.1.2).
fn password(password: Option<Secret>) -> Result<Secret, Error> {
    password
        .filter(|password| !password.reveal().is_empty())
        .ok_or_else(|| wrong("source.ldap.bind.password", "is empty: servers take that for an anonymous bind"))
}

/// Whether the operator lets the host be called. Url takes addresses in URLs of LDAP for names, so it is read again.
fn allowed(url: &Url, reach: &Reach) -> Result<(), Error> {
    let host = url.host_str().unwrap_or_default();
    let host = Host::parse(host).map_err(|error| wrong("source.ldap.url", format!("names no host: {error}")))?;
    reach.check_host(&host).map_err(|error| wrong("source.ldap.url", error.to_string()))
}

fn address(text: &str) -> Result<(Url, String), Error> {
    const FIELD: &str = "source.ldap.url";
    let shape = "must be ldaps://host[:port] or ldap://host[:port]";
    let url = Url::parse(text).map_err(|error| wrong(FIELD, format!("{shape}: {error}")))?;
    let port = match url.scheme() {
        "ldaps" => 636,
        "ldap" => 389,
        _ => return Err(wrong(FIELD, shape)),
    };
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(FIELD, format!("{shape}, and nothing else: baseDN and bind have fields of their own")));
    }
    match url.host() {
        Some(Host::Ipv6(_)) => Err(wrong(FIELD, "names an IPv6 address: use a host name that leads to it")),
        Some(host) if !host.to_string().is_empty() => {
            let label = format!("{host}:{}", url.port().unwrap_or(port));
            Ok((url, label))
        }
        _ => Err(wrong(FIELD, format!("{shape}: the host is missing"))),
    }
}
