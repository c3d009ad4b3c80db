//! Where people are read from: a union named by `type`. It offers what works, and nothing else.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KeyRef, SecretSource, Tls};

/// The directory that people are read from: `type`, and the one member that it names.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
#[x_kube(validation = Rule::new("[has(self.ldap) ? 'ldap' : '', has(self.file) ? 'file' : ''].filter(f, f != '') == [{'LDAP': 'ldap', 'File': 'file'}[self.type]]")
    .message(Message::Expression("'type is ' + self.type + ', so set ' + {'LDAP': 'ldap', 'File': 'file'}[self.type] + ' and no other source'".into())))]
pub struct Source {
    /// Which kind of directory it is.
    #[serde(rename = "type")]
    pub type_: SourceType,
    /// An LDAP server, with type LDAP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ldap: Option<LdapSource>,
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
    /// A CSV, JSON Lines or LDIF file.
    File,
}

impl SourceType {
    /// The word that manifests use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ldap => "LDAP",
            Self::File => "File",
        }
    }
}

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

/// A file of people, read whole at each run.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("has(self.path) != has(self.configMapRef)", "a file source has exactly one of path and configMapRef"),
    validation = Rule::new("!has(self.path) || !self.path.contains('..')").message("path must not contain '..'").field_path(".path"),
    validation = Rule::new("!has(self.csv) || self.format == 'CSV'").message("csv describes a CSV file: set format: CSV, or leave csv out").field_path(".csv"),
    validation = Rule::new("!has(self.groupsField) || self.format != 'LDIF'").message("an LDIF file has its groups as entries: leave groupsField out").field_path(".groupsField")
)]
pub struct FileSource {
    /// The file: below the folder of the manifest, or in a cluster below the operator's file root and the namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub path: Option<String>,
    /// The file as a key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<KeyRef>,
    /// How the file is written.
    pub format: FileFormat,
    /// The field that holds a person's immutable id: a number that HR gives once, never a name or an email.
    #[schemars(length(min = 1, max = 128))]
    pub id_field: String,
    /// The field that lists a person's groups (a list in JSON; separated in CSV, see csv.listSeparator).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub groups_field: Option<String>,
    /// The field that a scope's segment is compared with, such as an OU path; LDIF has the DN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub segment_field: Option<String>,
    /// Which records count as disabled; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_when: Option<DisabledWhen>,
    /// How a CSV file is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csv: Option<CsvOptions>,
    /// Fewer records than this fail the run: a file cut short must not look like people who left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub min_records: Option<i64>,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum FileFormat {
    /// Comma-separated values (RFC 4180) with a header line.
    #[serde(rename = "CSV")]
    Csv,
    /// One JSON object a line.
    #[serde(rename = "JSONL")]
    Jsonl,
    /// LDAP Data Interchange Format (RFC 2849), content records only.
    #[serde(rename = "LDIF")]
    Ldif,
}

/// How a CSV file is written.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CsvOptions {
    /// What stands between fields: one character, such as ; or a tab; absent: a comma.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1))]
    pub delimiter: Option<String>,
    /// What stands between the values of one field that holds a list, such as groups; absent: a semicolon, or with
    /// delimiter ; a vertical bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1))]
    pub list_separator: Option<String>,
    /// The file's character encoding; absent: UTF-8. A byte order mark is understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CsvEncoding")]
    pub encoding: Option<CsvEncoding>,
}

/// A character encoding.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum CsvEncoding {
    /// UTF-8; a byte that is not UTF-8 fails the read.
    #[default]
    #[serde(rename = "UTF-8")]
    Utf8,
    /// ISO 8859-1, and what Windows puts in its gaps (windows-1252).
    #[serde(rename = "Latin-1")]
    Latin1,
}
