//! What the controller writes back: status of both kinds, and the report of a run. Counts and reasons only, never a
//! person's data.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known about a connection.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready; Syncing while a run is on; Reconciling and Stalled only while True; RemovalsHeld, ClearsHeld, FieldNotConverging.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// What owned contacts are bound to. Written before the first contact is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
    /// The last requestedAt token of this connection that led to a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub last_handled_requested_at: Option<String>,
    /// The last requestedAt token of the workspace that led to a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub last_handled_workspace_requested_at: Option<String>,
    /// When the next scheduled run is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub next_run_time: Option<Timestamp>,
    /// When a run last succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_success_time: Option<Timestamp>,
    /// Contacts owned now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub contacts: Option<i64>,
    /// The newest run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunReport>,
    /// The newest runs, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub recent_runs: Vec<RunReport>,
    /// What a Draft would do, or what the held changes would do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanStatus>,
}

/// What owned contacts are bound to.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The workspace object.
    #[serde(rename = "workspaceUID")]
    #[schemars(length(min = 1, max = 64))]
    pub workspace_uid: String,
    /// The key that contacts are owned under.
    #[schemars(length(min = 1, max = 128))]
    pub ownership_key: String,
    /// The kind of directory that person ids come from.
    #[schemars(length(min = 1, max = 32))]
    pub source_type: String,
}

/// One pass of one connection.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The run's id.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Why it ran.
    pub trigger: RunTrigger,
    /// The generation of the spec that it ran with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When it began.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub start_time: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub end_time: Option<Timestamp>,
    /// How it ended.
    pub result: RunResult,
    /// One sentence, without anybody's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 0, max = 512))]
    pub message: Option<String>,
    /// What it counted; zero counts are left out.
    #[serde(default, skip_serializing_if = "RunCounts::is_empty")]
    pub counts: RunCounts,
    /// Where its log is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub log_ref: Option<String>,
}

/// Why a run began.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum RunTrigger {
    /// It was time.
    Schedule,
    /// Somebody asked.
    Request,
    /// The connection changed.
    Change,
    /// The run before failed.
    Retry,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum RunResult {
    /// It is still going on.
    Running,
    /// Every record in scope is in the desk as mapped.
    Succeeded,
    /// It went through, but something was skipped, held or refused.
    Partial,
    /// It stopped; nobody was removed.
    Failed,
    /// It was cut off.
    Interrupted,
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What a run counted; zero counts are left out.
        #[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct RunCounts {
            $($(#[$doc])* #[serde(skip_serializing_if = "is_zero")] #[schemars(with = "Option<i64>", range(min = 0))] pub $name: u64,)*
        }

        impl RunCounts {
            /// Whether every count is zero.
            pub fn is_empty(&self) -> bool {
                $(self.$name == 0)&&*
            }

            /// Every count with the name that status gives it, zeros included, in the order of a run.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name)),*]
            }

            /// The counts in one line; zeros are left out, but for what was read.
            pub fn in_words(&self) -> String {
                let told = self.named().into_iter().filter(|(name, count)| *count > 0 || *name == "read" || *name == "in_scope");
                let words: Vec<String> = told.map(|(name, count)| format!("{} {count}", name.replace('_', " "))).collect();
                words.join(", ")
            }
        }
    };
}

counts! {
    /// People read from the directory.
    read,
    /// Of them, people in scope.
    in_scope,
    /// Contacts created.
    created,
    /// Contacts changed.
    updated,
    /// Contacts that were right already.
    unchanged,
    /// Contacts turned on again that this connection had turned off.
    reactivated,
    /// Contacts taken over that nobody owned.
    adopted,
    /// Contacts taken over from another connection.
    claimed,
    /// Contacts marked as left, still active until the handover is over.
    left,
    /// Contacts turned off.
    deactivated,
    /// Contacts deleted.
    deleted,
    /// Contacts that stay on the desk, owned by nobody any more.
    released,
    /// People whose contact another connection still owns.
    waiting,
    /// People who could not be mapped or decided.
    skipped,
    /// People whose email a contact has that is not this connection's.
    conflicts,
    /// Changes that the desk refused.
    failed,
    /// Changes that wait for approval.
    held,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A plan that waits for review.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanStatus {
    /// What leavers.approvedPlan must say to approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 71))]
    pub hash: Option<String>,
    /// What it would do.
    #[serde(default, skip_serializing_if = "RunCounts::is_empty")]
    pub counts: RunCounts,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub time: Option<Timestamp>,
}

/// What is known about a workspace.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceStatus {
    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready: the endpoint answers and the credentials are good.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The last requestedAt token that was handed to every connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128))]
    pub last_handled_requested_at: Option<String>,
    /// Connections that point here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub connections: Option<i32>,
}
