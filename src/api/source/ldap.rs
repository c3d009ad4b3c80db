//! An LDAP server, Active Directory included.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DisabledWhen;
use crate::api::{SecretSource, Tls};

/// An LDAP server (RFC 4511), always spoken to over TLS.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LdapSource {
    /// ldaps://host or ldaps://host:port; or ldap:// likewise, which is upgraded with StartTLS before anything is sent.
    #[schemars(length(min = 1, max = 2048))]
    #[x_kube(validation = ("self.startsWith('ldaps://') || self.startsWith('ldap://')", "must be an ldaps:// or ldap:// URL (ldap:// is upgraded with StartTLS)"))]
    pub url: String,
    /// Where people and groups are searched, such as dc=acme,dc=example.
    #[serde(rename = "baseDN")]
    #[schemars(length(min = 1, max = 1024))]
    pub base_dn: String,
    /// Where groups are searched; absent: baseDN.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "groupBaseDN")]
    #[schemars(length(min = 1, max = 1024))]
    pub group_base_dn: Option<String>,
    /// What the server's schema is like; absent: OpenLDAP. It also picks the attributes of the Standard preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LdapFlavor")]
    pub flavor: Option<LdapFlavor>,
    /// Who reads; absent: anonymous.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bind: Option<LdapBind>,
    /// How the server's certificate is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Which entries are people, as an RFC 4515 filter; absent: (objectClass=inetOrgPerson), in Active Directory person and user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub person_filter: Option<String>,
    /// The attribute that holds an entry's immutable id; absent: entryUUID, in Active Directory objectGUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub id_attribute: Option<String>,
    /// Which accounts count as disabled; absent: none, in Active Directory those with userAccountControl bit 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_when: Option<DisabledWhen>,
    /// Entries per page (RFC 2696); absent: 1000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub page_size: Option<i32>,
}

/// The schema of an LDAP server.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum LdapFlavor {
    /// Microsoft Active Directory, and Samba as a domain controller.
    ActiveDirectory,
    /// inetOrgPerson and groupOfNames (RFC 4519, RFC 2798), with entryUUID (RFC 4530).
    #[default]
    #[serde(rename = "OpenLDAP")]
    OpenLdap,
}

/// A simple bind (RFC 4513 section 5.1.3).
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LdapBind {
    /// The reader's DN.
    #[schemars(length(min = 1, max = 1024))]
    pub dn: String,
    /// Its password.
    pub password: SecretSource,
}

impl LdapSource {
    /// Every credential that it names, by its field below this one.
    pub(super) fn credentials(&self) -> Vec<(&'static str, &SecretSource)> {
        self.bind.iter().map(|bind| ("bind.password", &bind.password)).collect()
    }
}
