//! Where people are read from: a union named by `type`, one file for each. It offers what works, and nothing else.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SecretSource, Tls};

mod entra;
mod file;
mod google;
mod ldap;
mod okta;
mod scim;

pub use entra::{EntraAuth, EntraAuthType, EntraCertificate, EntraCloud, EntraEndpoints, EntraGuests, EntraSource};
pub use file::{CsvEncoding, CsvOptions, FileFormat, FileSource};
pub use google::{GoogleAuth, GoogleAuthType, GoogleEndpoints, GoogleSource, GoogleWorkloadIdentity};
pub use ldap::{LdapBind, LdapFlavor, LdapSource};
pub use okta::{OktaAuth, OktaAuthType, OktaPrivateKeyJwt, OktaSource};
pub use scim::ScimSource;

/// The directory that people are read from: `type`, and the one member that it names.
// The larger members are boxed: a controller holds thousands of these, and most have none of them.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("[has(self.ldap) ? 'ldap' : '', has(self.entra) ? 'entra' : '', has(self.google) ? 'google' : '', has(self.scim) ? 'scim' : '', has(self.okta) ? 'okta' : '', has(self.file) ? 'file' : ''].filter(f, f != '') == [self.type.lowerAscii()]")
    .message(Message::Expression("'type is ' + self.type + ', so set ' + self.type.lowerAscii() + ' and no other source'".into())))]
pub struct Source {
    /// Which kind of directory it is.
    #[serde(rename = "type")]
    pub type_: SourceType,
    /// An LDAP server, with type LDAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ldap: Option<LdapSource>,
    /// Microsoft Entra ID, with type Entra.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entra: Option<Box<EntraSource>>,
    /// Google Workspace or Cloud Identity, with type Google.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google: Option<Box<GoogleSource>>,
    /// An identity provider that serves SCIM 2.0, with type SCIM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scim: Option<Box<ScimSource>>,
    /// Okta, with type Okta.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub okta: Option<Box<OktaSource>>,
    /// A file, with type File.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileSource>,
}

/// The kinds of directory.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum SourceType {
    /// An LDAP server, Active Directory included.
    #[serde(rename = "LDAP")]
    Ldap,
    /// Microsoft Entra ID, once Azure Active Directory.
    Entra,
    /// Google Workspace or Cloud Identity.
    Google,
    /// An identity provider that serves Users and Groups over SCIM 2.0 (RFC 7644).
    #[serde(rename = "SCIM")]
    Scim,
    /// Okta.
    Okta,
    /// A CSV, JSON Lines or LDIF file.
    File,
}

impl SourceType {
    /// The word that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ldap => "LDAP",
            Self::Entra => "Entra",
            Self::Google => "Google",
            Self::Scim => "SCIM",
            Self::Okta => "Okta",
            Self::File => "File",
        }
    }
}

/// What a source names that lies elsewhere.
#[derive(Clone, Debug)]
pub struct SourceRefs<'a> {
    /// The member that holds it, such as `ldap`.
    pub member: &'static str,
    /// Credentials, by their field below the member.
    pub credentials: Vec<(&'static str, &'a SecretSource)>,
    /// How the server's certificate is checked.
    pub tls: Option<&'a Tls>,
}

impl Source {
    /// What its members name: of those that are there, whichever `type` names.
    pub fn references(&self) -> Vec<SourceRefs<'_>> {
        let Self { type_: _, ldap, entra, google, scim, okta, file: _ } = self;
        let of = |member, credentials, tls| SourceRefs { member, credentials, tls };
        let all = [
            ldap.as_ref().map(|ldap| of("ldap", ldap.credentials(), ldap.tls.as_ref())),
            entra.as_ref().map(|entra| of("entra", entra.credentials(), entra.tls.as_ref())),
            google.as_ref().map(|google| of("google", google.credentials(), google.tls.as_ref())),
            scim.as_ref().map(|scim| of("scim", scim.credentials(), scim.tls.as_ref())),
            okta.as_ref().map(|okta| of("okta", okta.credentials(), okta.tls.as_ref())),
        ];
        all.into_iter().flatten().collect()
    }
}

/// Says which accounts are disabled: those with one of the values in the attribute.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DisabledWhen {
    /// The directory's attribute.
    #[schemars(length(min = 1, max = 128))]
    pub attribute: String,
    /// Values that mean disabled; compared without regard to case.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 256)))]
    pub values: Vec<String>,
}
