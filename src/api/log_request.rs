//! `ContactSyncLogRequest`: leave to read one run's log, for five minutes, for whoever holds the ticket.

use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

/// Asks for the log of a run. Valid for 5 minutes; made and deleted by `contactsync logs`, never kept in Git.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "kdesk.seraphex.net",
    version = "v1alpha1",
    kind = "ContactSyncLogRequest",
    plural = "contactsynclogrequests",
    shortname = "cslr",
    category = "contactsync",
    namespaced,
    derive = "PartialEq",
    doc = "Asks for the log of a run. Valid for 5 minutes; made and deleted by `contactsync logs`, never kept in Git.",
    printcolumn(name = "Connection", type_ = "string", json_path = ".spec.connection"),
    printcolumn(name = "Run", type_ = "string", json_path = ".spec.run"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("self.spec == oldSelf.spec")
        .message("spec cannot change: delete this request and make another one")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec")
)]
#[serde(rename_all = "camelCase")]
pub struct ContactSyncLogRequestSpec {
    /// The connection whose run it is, in this namespace. It need not be there any more.
    #[schemars(length(min = 1, max = 63))]
    #[schemars(regex(pattern = "^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"))]
    pub connection: String,
    /// The run's id, as status.recentRuns shows it; absent: the newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64))]
    #[schemars(regex(pattern = "^[a-z0-9-]+$"))]
    pub run: Option<String>,
    /// SHA-256 of the ticket, in hexadecimal digits. The ticket itself is 32 random bytes that only the requester has.
    #[serde(rename = "ticketSHA256")]
    #[schemars(length(min = 64, max = 64))]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub ticket_sha256: String,
}
