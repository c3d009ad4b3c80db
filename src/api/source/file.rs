//! A file of people.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DisabledWhen;
use crate::api::KeyRef;

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
