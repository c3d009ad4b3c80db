//! `ContactSyncConnection`: source, scope, mapping and schedule of one sync.

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ConnectionStatus, DeletionPolicy, Leavers, Mapping, Schedule, Scope, Source, WorkspaceRef};

/// Brings the people of a company's directory into a KDesk workspace as contacts, one way.
#[derive(Clone, CustomResource, Debug, Deserialize, KubeSchema, PartialEq, Serialize)]
#[kube(
    group = "kdesk.seraphex.net",
    version = "v1alpha1",
    kind = "ContactSyncConnection",
    plural = "contactsyncconnections",
    shortname = "csc",
    category = "contactsync",
    namespaced,
    status = "ConnectionStatus",
    derive = "PartialEq",
    doc = "Brings the people of a company's directory into a KDesk workspace as contacts, one way.",
    selectable = ".spec.state",
    selectable = ".spec.source.type",
    selectable = ".spec.workspaceRef.name",
    selectable = ".status.lastRun.result",
    printcolumn(name = "Source", type_ = "string", json_path = ".spec.source.type"),
    printcolumn(name = "State", type_ = "string", json_path = ".spec.state"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Last Run", type_ = "date", json_path = ".status.lastRun.endTime"),
    printcolumn(name = "Next Run", type_ = "string", json_path = ".status.nextRunTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Contacts", type_ = "integer", json_path = ".status.contacts", priority = 1),
    printcolumn(name = "Result", type_ = "string", json_path = ".status.lastRun.result", priority = 1),
    printcolumn(name = "Message", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].message"#, priority = 1),
    validation = Rule::new("self.metadata.name.size() <= 63")
        .message("metadata.name must be at most 63 characters: it becomes a label value"),
    validation = Rule::new("!(has(oldSelf.status) && has(oldSelf.status.binding)) || self.spec.source.type == oldSelf.spec.source.type")
        .message("spec.source.type cannot change while this connection owns contacts: person ids of one directory mean nothing in another. Create a new connection, or delete this one's contacts first")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.source.type"),
    validation = Rule::new("!(has(oldSelf.status) && has(oldSelf.status.binding)) || self.spec.workspaceRef == oldSelf.spec.workspaceRef")
        .message("spec.workspaceRef cannot change while this connection owns contacts there. Create a new connection for the other workspace")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.workspaceRef"),
    validation = Rule::new("!(has(oldSelf.status) && has(oldSelf.status.binding)) || (has(self.spec.ownershipKey) ? self.spec.ownershipKey : '') == (has(oldSelf.spec.ownershipKey) ? oldSelf.spec.ownershipKey : '')")
        .message("spec.ownershipKey cannot change while this connection owns contacts")
        .reason(Reason::FieldValueForbidden)
        .field_path(".spec.ownershipKey")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.emailDomains) || !(has(self.mapping.access) && has(self.mapping.access.portalAccess))")
        .message("mapping portal access needs spec.emailDomains: the domains this directory may speak for, so that nobody is let in under a stranger's address")
        .field_path(".emailDomains"),
    validation = Rule::new("has(self.emailDomains) || !has(self.conflicts) || self.conflicts != 'Adopt'")
        .message("conflicts: Adopt needs spec.emailDomains: the domains this directory may speak for, so that no stranger's contact is taken over")
        .field_path(".emailDomains")
)]
pub struct ContactSyncConnectionSpec {
    /// What people call this connection; absent: its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub display_name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub description: Option<String>,
    /// Enabled runs; Draft is planned and never writes. Required, so that nobody is surprised.
    pub state: ConnectionState,
    /// The workspace whose contacts are kept in step.
    pub workspace_ref: WorkspaceRef,
    /// The directory that people are read from.
    pub source: Source,
    /// The domains this directory may speak for. Where given, a person whose email lies outside them is refused.
    /// Required to map portal access or to adopt contacts. A subdomain is its own domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 100),
        inner(
            length(min = 1, max = 253),
            regex(
                pattern = r"^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$"
            )
        )
    )]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub email_domains: Option<Vec<String>>,
    /// Which of the directory's people become contacts.
    pub scope: Scope,
    /// What each contact field is filled with.
    pub mapping: Mapping,
    /// When to run; absent: only on request and when this resource changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// What to do with a contact that nobody owns and that has a person's email already; absent means Skip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflicts: Option<ConflictPolicy>,
    /// What happens to the contact of a person who left the scope.
    pub leavers: Leavers,
    /// What deleting this resource does to its contacts. Keep releases them: they stay, owned by nobody.
    pub deletion_policy: DeletionPolicy,
    /// The name under which contacts are owned on the desk; absent: cluster name, namespace and name, joined by slashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$"))]
    pub ownership_key: Option<String>,
    /// Ownership keys whose contacts become this connection's: how contacts survive a rename or a move in Git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 8),
        inner(length(min = 1, max = 128), regex(pattern = r"^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$"))
    )]
    #[schemars(extend("x-kubernetes-list-type" = "set"))]
    pub take_over_from: Option<Vec<String>>,
    /// Write field values into the run log. Off unless set: a run log holds field names and person ids only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_values: Option<bool>,
}

/// Whether a connection writes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum ConnectionState {
    /// Runs on schedule, on request and when it changes.
    Enabled,
    /// Is planned and never writes.
    Draft,
}

/// What to do with a contact that nobody owns and that has a person's email already.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum ConflictPolicy {
    /// Take it over, when exactly one contact has the email as its primary one.
    Adopt,
    /// Leave it alone and report a conflict.
    #[default]
    Skip,
}
