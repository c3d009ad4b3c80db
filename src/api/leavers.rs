//! What happens to the contacts of people who left, and the hold that stops a broken directory from removing everybody.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happens to the contact of a person who left the scope.
#[derive(Clone, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.policy != 'Delete' || has(self.hold)")
    .message("policy Delete needs hold, so that a broken directory cannot empty the desk")
    .field_path(".hold"))]
pub struct Leavers {
    /// Keep leaves the contact as it is, Deactivate turns it off, Delete deletes it (an adopted contact is released instead).
    pub policy: LeaverPolicy,
    /// How many removals within 24 hours are too many to be believed; absent: more than 10 percent and more than 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// How long a person who moved out of scope stays active, so that another connection may take over; absent: 24h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 32), regex(pattern = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"))]
    pub handover: Option<kube::core::Duration>,
    /// Approves held removals: the hash of the plan that was reviewed, as status or the run log name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 71), regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    pub approved_plan: Option<String>,
}

/// What to do with a leaver's contact.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum LeaverPolicy {
    /// Leave it as it is.
    Keep,
    /// Turn it off: the person can no longer sign in to the portal.
    Deactivate,
    /// Delete it; an adopted contact is released instead.
    Delete,
}

/// More removals than both limits within 24 hours are held until they are approved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, KubeSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("has(self.abovePercent) || has(self.aboveCount)", "hold needs abovePercent, aboveCount or both (both: hold only when both are exceeded)"))]
pub struct Hold {
    /// Percent of the owned active contacts; absent: only aboveCount counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub above_percent: Option<i32>,
    /// Number of contacts; absent: only abovePercent counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub above_count: Option<i32>,
}

/// What deleting the resource does to its contacts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub enum DeletionPolicy {
    /// They stay, owned by nobody.
    Keep,
    /// They are turned off.
    Deactivate,
    /// They are deleted; adopted ones are released.
    Delete,
}
