//! The words users write: the kinds of `kdesk.seraphex.net/v1alpha1` as Rust types with their schema and CEL rules.
//!
//! One file per part of a manifest. Doc comments become the descriptions that `kubectl explain` shows, so they are
//! written for users. The types hold what was written and nothing else: meaning (a compiled scope, a parsed schedule)
//! is made elsewhere. Rules that the schema states are checked offline by [`crate::manifest`].
#![warn(missing_docs)]
#![allow(clippy::doc_markdown, reason = "doc comments become what kubectl explain shows, which is plain text")]
#![allow(
    clippy::duplicated_attributes,
    reason = "each print column is an attribute of the derive, and columns share types"
)]
#![allow(
    unreachable_pub,
    reason = "the schema derive repeats each struct inside a function, where pub cannot be reached"
)]

mod auth;
mod connection;
mod crd;
mod leavers;
mod log_request;
mod mapping;
mod reference;
mod schedule;
mod scope;
mod source;
mod status;
mod workspace;

pub use auth::{Auth, AuthType, OAuth2};
pub use connection::{ConflictPolicy, ConnectionState, ContactSyncConnection, ContactSyncConnectionSpec};
pub use crd::{CrdError, check_crds, connection_crd, crd_yaml, crds, log_request_crd, workspace_crd, write_crds};
pub use leavers::{DeletionPolicy, Hold, LeaverPolicy, Leavers};
pub use log_request::{ContactSyncLogRequest, ContactSyncLogRequestSpec};
pub use mapping::{
    Access, Address, Communication, FlagField, Identity, LabeledField, Mapping, NotificationField, Preset, TextField,
    WhenAbsent,
};
pub use reference::{CaSource, KeyRef, SecretSource, ServiceAccountRef, Tls, WorkspaceRef};
pub use schedule::Schedule;
pub use scope::{DisabledAccounts, Exclude, GroupRef, ListScope, Match, Membership, PatternScope, Scope, ScopeMode};
pub use source::{
    CsvEncoding, CsvOptions, DisabledWhen, EntraAuth, EntraAuthType, EntraCertificate, EntraCloud, EntraEndpoints,
    EntraGuests, EntraSource, FileFormat, FileSource, GoogleAuth, GoogleAuthType, GoogleEndpoints, GoogleSource,
    GoogleWorkloadIdentity, LdapBind, LdapFlavor, LdapSource, OktaAuth, OktaAuthType, OktaPrivateKeyJwt, OktaSource,
    ScimSource, Source, SourceRefs, SourceType,
};
pub use status::{Binding, ConnectionStatus, PlanStatus, RunCounts, RunReport, RunResult, RunTrigger, WorkspaceStatus};
pub use workspace::{AllowedNamespaces, ContactSync, KDeskWorkspace, KDeskWorkspaceSpec, Limits, NamespacesFrom};

/// The API group of all kinds.
pub const GROUP: &str = "kdesk.seraphex.net";
/// The one version served.
pub const VERSION: &str = "v1alpha1";
/// `apiVersion` as manifests write it.
pub const API_VERSION: &str = "kdesk.seraphex.net/v1alpha1";
