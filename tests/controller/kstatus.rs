//! How kstatus reads a connection, as Flux and Argo CD do, and what must hold of its status at every moment.

use contactsync::api::ContactSyncConnection;

/// What kstatus makes of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Health {
    Current,
    InProgress,
    Failed,
    Terminating,
}

/// kstatus's rules for custom resources (sigs.k8s.io/cli-utils, pkg/kstatus/status/core.go and generic.go).
pub(crate) fn health(connection: &ContactSyncConnection) -> Health {
    let Some(status) = &connection.status else { return Health::Current };
    let is = |kind: &str, value: &str| {
        status.conditions.iter().any(|condition| condition.type_ == kind && condition.status == value)
    };
    if connection.metadata.deletion_timestamp.is_some() {
        Health::Terminating
    } else if status.observed_generation != connection.metadata.generation || is("Reconciling", "True") {
        Health::InProgress
    } else if is("Stalled", "True") {
        Health::Failed
    } else if is("Ready", "False") || is("Ready", "Unknown") {
        Health::InProgress
    } else {
        Health::Current
    }
}

/// What holds of every status that anybody may ever see.
pub(super) fn lawful(connection: &ContactSyncConnection) {
    let Some(status) = &connection.status else { return };
    let generation = connection.metadata.generation;
    let said = serde_json::to_string(status).unwrap();
    assert!(status.observed_generation <= generation, "{said}");
    for condition in &status.conditions {
        let same = status.conditions.iter().filter(|other| other.type_ == condition.type_).count();
        assert_eq!(same, 1, "{said}");
        assert!(condition.observed_generation <= generation, "{said}");
        if !matches!(condition.type_.as_str(), "Ready" | "Syncing") {
            assert_eq!(condition.status, "True", "{} is there only while it is True: {said}", condition.type_);
        }
    }
    let has = |kind: &str| status.conditions.iter().any(|condition| condition.type_ == kind);
    assert!(!(has("Stalled") && has("Reconciling")), "{said}");
    assert!(status.observed_generation == Some(-1) || has("Ready") || status.observed_generation.is_none(), "{said}");
    if has("RemovalsHeld") {
        assert!(status.plan.as_ref().is_some_and(|plan| plan.hash.is_some()), "held, and no plan to approve: {said}");
    }
    tells_nobodys_data(&said);
}

/// The people of these tests are "Person 7", person.7@acme.example (L20).
pub(super) fn tells_nobodys_data(said: &str) {
    for word in ["Person ", "person.", "@acme", "+46"] {
        assert!(!said.contains(word), "{word:?} in {said}");
    }
}
