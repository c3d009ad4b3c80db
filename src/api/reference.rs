//! How one object points at another: a workspace, a key of a Secret or ConfigMap, a certificate authority.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Holds for URLs of servers that manifests name.
pub(in crate::api) const ENDPOINT: &str = "isURL(self) && url(self).getHostname() != '' && (self.startsWith('https://') || self.startsWith('http://') && (url(self).getHostname() in ['localhost', '127.0.0.1', '::1', '[::1]'] || url(self).getHostname().endsWith('.svc') || url(self).getHostname().endsWith('.svc.cluster.local')))";
/// What is said where it does not.
pub(in crate::api) const ENDPOINT_MESSAGE: &str =
    "must be an https:// URL (plain http only to this machine or to a service in the cluster)";

/// The workspace that a connection writes to.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceRef {
    /// Name of a KDeskWorkspace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Its namespace, where the workspace's allowedNamespaces permits; absent: the connection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// One key of a Secret or ConfigMap in the same namespace as the object that names it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyRef {
    /// Name of the object.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"))]
    pub name: String,
    /// Key within its data.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[A-Za-z0-9._-]+$"))]
    pub key: String,
}

/// A service account in the same namespace as the object that names it. Its token is asked for at each run.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountRef {
    /// Name of the ServiceAccount.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"))]
    pub name: String,
    /// Who the token is made out to; absent: what the directory usually asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub audience: Option<String>,
}

/// A credential, always read from a Secret and never written in the manifest.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretSource {
    /// Where the credential is kept. It is read anew at each run, so rotating it just works.
    pub secret_ref: KeyRef,
}

/// How the server's certificate is checked.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// The authority that signed the server's certificate; absent: the authorities the system trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<CaSource>,
}

/// A PEM bundle of certificate authorities.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.secretRef) != has(self.configMapRef)", "a CA is read from exactly one of secretRef and configMapRef"))]
pub struct CaSource {
    /// The bundle in a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<KeyRef>,
    /// The bundle in a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_map_ref: Option<KeyRef>,
}
