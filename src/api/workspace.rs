//! `KDeskWorkspace`: the desk that contacts are written to, and who may point at it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::{ENDPOINT, ENDPOINT_MESSAGE};
use super::{Auth, Tls, WorkspaceStatus};

/// A KDesk workspace, or any SCIM 2.0 service desk, that contacts are written to.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "kdesk.seraphex.net",
    version = "v1alpha1",
    kind = "KDeskWorkspace",
    plural = "kdeskworkspaces",
    shortname = "kdw",
    category = "contactsync",
    namespaced,
    status = "WorkspaceStatus",
    derive = "PartialEq",
    doc = "A KDesk workspace, or any SCIM 2.0 service desk, that contacts are written to.",
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".spec.endpoint"),
    printcolumn(name = "Contact Sync", type_ = "string", json_path = ".spec.contactSync"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct KDeskWorkspaceSpec {
    /// The desk's SCIM 2.0 base URL, such as https://acme.kdesk.example/scim/v2.
    #[schemars(length(max = 2048))]
    #[x_kube(validation = Rule::new(ENDPOINT).message(ENDPOINT_MESSAGE))]
    pub endpoint: String,
    /// How to sign in there.
    pub auth: Auth,
    /// How the desk's certificate is checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Disabled stops contact sync for the whole workspace: no connection that points here runs.
    pub contact_sync: ContactSync,
    /// The namespaces whose connections may point here; absent: only the workspace's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_namespaces: Option<AllowedNamespaces>,
    /// How hard the desk may be worked; one budget for all connections that point here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

/// Whether contact sync is on for a workspace.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum ContactSync {
    /// Connections run.
    Enabled,
    /// None does.
    Disabled,
}

/// The namespaces whose connections may point here.
#[derive(Clone, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("(self.from == 'Selector') == has(self.selector)", "selector is set exactly when from is Selector"),
    validation = ("!has(self.selector) || has(self.selector.matchLabels) || has(self.selector.matchExpressions)", "an empty selector would admit every namespace: say from: All if that is meant")
)]
pub struct AllowedNamespaces {
    /// Same: the workspace's own. All: every one. Selector: those whose labels match.
    pub from: NamespacesFrom,
    /// Which labels a namespace must have, with from Selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "selector_schema")]
    pub selector: Option<LabelSelector>,
}

/// The ways to say which namespaces.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum NamespacesFrom {
    /// The workspace's own.
    Same,
    /// Every one.
    All,
    /// Those whose labels match.
    Selector,
}

/// The label selector with bounds, so that the API server can price the rules over it.
fn selector_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({
        "type": "object",
        "description": "Which labels a namespace must have, with from Selector.",
        "x-kubernetes-map-type": "atomic",
        "properties": {
            "matchLabels": {
                "type": "object", "minProperties": 1, "maxProperties": 16,
                "description": "Labels and their values; all must match.",
                "additionalProperties": {"type": "string", "maxLength": 63}
            },
            "matchExpressions": {
                "type": "array", "minItems": 1, "maxItems": 16,
                "description": "Requirements; all must hold.",
                "items": {
                    "type": "object",
                    "required": ["key", "operator"],
                    "properties": {
                        "key": {"type": "string", "maxLength": 316, "description": "The label."},
                        "operator": {"type": "string", "enum": ["In", "NotIn", "Exists", "DoesNotExist"], "description": "How it is compared."},
                        "values": {"type": "array", "maxItems": 64, "items": {"type": "string", "maxLength": 63}, "description": "With In and NotIn."}
                    }
                }
            }
        }
    })
}

/// How hard the desk may be worked.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Requests a second; absent: 20. A Bulk request counts as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1000))]
    pub requests_per_second: Option<i32>,
    /// Requests in flight together; absent: 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 64))]
    pub concurrency: Option<i32>,
}
