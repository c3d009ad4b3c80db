//! Another tenant's contacts, at a desk that both use: no connection gets at them by what its resource says.

use serde_json::json;

use crate::controller::office::{Office, condition};
use crate::support::eventually::eventually;
use crate::support::house::{Line, people};

pub(super) const WORDS: [&str; 9] = [
    "use-a-workspace-that-admits-others",
    "squat-the-key-of-another-namespace",
    "inherit-from-another-namespace",
    "inherit-a-key-without-namespace",
    "adopt-what-another-connection-owns",
    "delete-under-another-key",
    "keep-anothers-offboarding-from-happening",
    "follow-a-link-out-of-the-files",
    "read-a-file-from-the-root",
];

struct Stage {
    owner: Office,
    guest: Office,
}

impl Stage {
    /// Two namespaces whose people are the same; the desk is the owner's.
    async fn open() -> Self {
        let (owner, guest) = (Office::open("owner").await, Office::open("guest").await);
        let staff: Vec<Line> = people(4);
        owner.people(&staff);
        std::fs::create_dir(owner.house.folder().join(&guest.namespace)).unwrap();
        owner.house.other_file(&format!("{}/people.csv", guest.namespace), &staff);
        Self { owner, guest }
    }

    /// A connection of the guest's to the owner's workspace that would remove whatever it owns.
    async fn connection(&self, name: &str, change: &serde_json::Value) {
        let mut all = json!({"workspaceRef": {"name": "acme", "namespace": self.owner.namespace}, "deletionPolicy": "Delete",
            "leavers": {"policy": "Delete", "hold": {"abovePercent": 10, "aboveCount": 5}}});
        crate::controller::support::merge(&mut all, change);
        self.guest.connection(name, &all).await;
    }

    async fn gone(&self, name: &str) {
        self.guest.delete(name).await;
        self.guest.gone(name).await;
    }
}

#[tokio::test]
async fn a_guest_gets_at_nobody_elses_contacts() {
    let [closed, squat, inherit, bare, adopt, delete, keep, ..] = WORDS;
    let stage = Stage::open().await;
    let Stage { owner, guest } = &stage;
    let theirs = format!("default/{}/emea", owner.namespace);
    let _controller = owner.controller(&["--watch-namespace", &guest.namespace]);
    // Not admitted: the same answer as for a workspace that is not there.
    stage.connection(closed, &json!({})).await;
    guest.ready(closed, "False", "WorkspaceNotFound").await;
    guest.delete(closed).await;
    // Admitted, and there before the owner's connection.
    owner.workspace("acme", &json!({"allowedNamespaces": {"from": "All"}})).await;
    stage.connection(squat, &json!({"ownershipKey": theirs})).await;
    guest.ready(squat, "False", "OwnershipKeyNotAllowed").await;
    stage.connection(keep, &json!({"takeOverFrom": [theirs]})).await;
    stage.connection(inherit, &json!({"takeOverFrom": [theirs]})).await;
    stage.connection(bare, &json!({"takeOverFrom": ["people"]})).await;
    owner.connection("emea", &json!({"deletionPolicy": "Deactivate"})).await;
    owner.ready("emea", "True", "Succeeded").await;
    assert_eq!(owner.house.active().await.len(), 4);
    for word in [squat, keep, inherit, bare] {
        let status = guest.ready(word, "False", "OwnershipKeyNotAllowed").await;
        assert!(status.last_run.is_none() && condition(&status, "Stalled").is_some(), "{word}: {status:?}");
    }
    // A key that was allowed gives nothing that another owns.
    stage.connection(adopt, &json!({"conflicts": "Adopt"})).await;
    let status = guest.ready(adopt, "True", "PartiallySynced").await;
    assert_eq!(status.contacts.unwrap_or_default(), 0, "{status:?}");
    // Nor does it remove them when it goes.
    stage.gone(adopt).await;
    stage.gone(squat).await;
    stage.connection(delete, &json!({"ownershipKey": theirs})).await;
    guest.ready(delete, "False", "OwnershipKeyNotAllowed").await;
    stage.gone(delete).await;
    assert_eq!(owner.house.active().await.len(), 4);
    // What the owner deletes is offboarded, whoever says that it is theirs now.
    owner.delete("emea").await;
    owner.gone("emea").await;
    eventually("they are turned off", || async {
        let active = owner.house.active().await.len();
        if active == 0 { Ok(()) } else { Err(format!("{active}")) }
    })
    .await;
}

#[tokio::test]
async fn a_file_of_another_namespace_is_not_read() {
    let [.., link, root] = WORDS;
    let stage = Stage::open().await;
    let Stage { owner, guest } = &stage;
    owner.workspace("acme", &json!({"allowedNamespaces": {"from": "All"}})).await;
    let _controller = owner.controller(&["--watch-namespace", &guest.namespace]);
    let folder = owner.house.folder();
    let theirs = folder.join(&owner.namespace).join("people.csv");
    std::os::unix::fs::symlink(&theirs, folder.join(&guest.namespace).join("link.csv")).unwrap();
    for (word, path, reason) in
        [(link, "link.csv", "DirectoryUnavailable"), (root, theirs.to_str().unwrap(), "InvalidSpec")]
    {
        stage.connection(word, &json!({"source": {"file": {"path": path}}})).await;
        let status = guest.ready(word, "False", reason).await;
        assert!(condition(&status, "Ready").unwrap().2.contains(path), "{status:?}");
    }
    assert!(owner.house.active().await.is_empty());
}
