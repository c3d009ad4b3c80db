//! Changes that a run held back, and the hash by which somebody approves them (L5).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How long an approval may refer to a plan.
pub(super) const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What would be done to one person's contact.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum HeldKind {
    /// Turn it off or delete it.
    Remove,
    /// Take portal access away.
    RevokeAccess,
    /// Change the sign-in key.
    ChangeKey,
    /// Give portal access to a contact that exists.
    GrantAccess,
}

/// One held change.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HeldChange {
    /// What would be done.
    pub kind: HeldKind,
    /// To whose contact.
    pub person: String,
}

/// Held changes that wait for approval.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// When it was made.
    pub created: Timestamp,
    /// The changes, each once, sorted.
    pub changes: BTreeSet<HeldChange>,
}

impl Plan {
    /// A plan of these changes.
    pub fn new(created: Timestamp, changes: BTreeSet<HeldChange>) -> Self {
        Self { created, changes }
    }

    /// What `leavers.approvedPlan` must say: `sha256:` and 64 digits. It covers who, what and when the plan was made, so
    /// that an approval left in Git never fits the same people leaving again another time.
    pub fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(self.created.as_second().to_be_bytes());
        for change in &self.changes {
            let kind: u8 = match change.kind {
                HeldKind::Remove => 0,
                HeldKind::RevokeAccess => 1,
                HeldKind::ChangeKey => 2,
                HeldKind::GrantAccess => 3,
            };
            hasher.update([kind]);
            hasher.update((change.person.len() as u64).to_be_bytes());
            hasher.update(change.person.as_bytes());
        }
        format!("sha256:{}", hex::encode(hasher.finalize()))
    }

    /// Whether it is too old to be approved.
    pub fn expired(&self, now: Timestamp) -> bool {
        now.duration_since(self.created) > LIFETIME
    }
}
