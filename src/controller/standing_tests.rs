use super::*;

fn connection(namespace: &str, name: &str, change: &serde_json::Value) -> ContactSyncConnection {
    let mut object = serde_json::json!({
        "apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "ContactSyncConnection",
        "metadata": {"namespace": namespace, "name": name, "uid": name, "creationTimestamp": "2026-11-23T10:00:00Z"},
        "spec": {
            "state": "Enabled",
            "workspaceRef": {"name": "acme", "namespace": "support"},
            "source": {"type": "File", "file": {"path": "people.csv", "format": "CSV", "idField": "id"}},
            "scope": {"mode": "List", "list": {"groups": [{"name": "Staff"}]}},
            "mapping": {"preset": "Standard"},
            "leavers": {"policy": "Keep"},
            "deletionPolicy": "Keep",
        },
    });
    for (part, members) in change.as_object().unwrap() {
        object[part].as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    }
    serde_json::from_value(object).unwrap()
}

fn workspace(change: &serde_json::Value) -> KDeskWorkspace {
    let mut spec = serde_json::json!({
        "endpoint": "https://acme.example/scim/v2",
        "auth": {"type": "BearerToken", "bearerToken": {"secretRef": {"name": "kdesk", "key": "token"}}},
        "contactSync": "Enabled",
    });
    spec.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    serde_json::from_value(serde_json::json!({
        "apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "KDeskWorkspace",
        "metadata": {"namespace": "support", "name": "acme"}, "spec": spec,
    }))
    .unwrap()
}

/// Why the first connection does not run; empty: it does.
fn why(all: &[&ContactSyncConnection], found: Found<'_>) -> (&'static str, String) {
    let mut roster = Roster::default();
    for connection in all {
        roster.put(Member::of(connection, "default").unwrap());
    }
    let view = View { connection: all[0], workspace: found, labels: None, roster: &roster, cluster: "default" };
    look(&view).err().map_or(("", String::new()), |block| (block.reason, block.message))
}

fn plain(name: &str) -> ContactSyncConnection {
    connection("support", name, &serde_json::json!({}))
}

#[test]
fn nothing_stands_in_the_way_of_one_that_is_right() {
    let acme = workspace(&serde_json::json!({}));
    assert_eq!(why(&[&plain("emea")], Found::Workspace(&acme)).0, "");
    let off = workspace(&serde_json::json!({"contactSync": "Disabled"}));
    assert_eq!(why(&[&plain("emea")], Found::Workspace(&off)).0, "ContactSyncDisabled");
}

#[test]
fn l07_a_key_of_another_namespace_stalls_who_names_it_and_nobody_else() {
    let acme = workspace(&serde_json::json!({"allowedNamespaces": {"from": "All"}}));
    let own = plain("emea");
    let named = |spec: serde_json::Value| {
        let mut early = connection("guests", "thief", &serde_json::json!({"spec": spec}));
        early.metadata.creation_timestamp = Some(serde_json::from_value("2026-11-23T09:00:00Z".into()).unwrap());
        early
    };
    for (field, spec) in [
        ("spec.ownershipKey", serde_json::json!({"ownershipKey": "default/support/emea"})),
        ("spec.takeOverFrom", serde_json::json!({"takeOverFrom": ["default/support/emea"]})),
        ("spec.takeOverFrom", serde_json::json!({"takeOverFrom": ["people"]})),
    ] {
        let thief = named(spec);
        let (reason, message) = why(&[&thief, &own], Found::Workspace(&acme));
        assert_eq!(reason, "OwnershipKeyNotAllowed");
        assert!(message.starts_with(&format!("{field}: ")) && message.contains("default/guests/<name>"), "{message}");
        assert_eq!(why(&[&own, &thief], Found::Workspace(&acme)).0, "", "the elder thief is in nobody's way");
        let member = Member::of(&own, "default").unwrap();
        let mut roster = Roster::default();
        roster.put(Member::of(&thief, "default").unwrap());
        assert!(roster.heirs(&member).is_empty() && roster.holder(&member.key).is_none());
    }
    let moved = named(serde_json::json!({"takeOverFrom": ["default/guests/old"]}));
    assert_eq!(why(&[&moved, &own], Found::Workspace(&acme)).0, "");
}

#[test]
fn a_workspace_that_admits_nobody_reads_as_one_that_is_not_there() {
    let guest = connection("guests", "emea", &serde_json::json!({}));
    let acme = workspace(&serde_json::json!({}));
    let refused = why(&[&guest], Found::Workspace(&acme));
    assert_eq!(refused.0, "WorkspaceNotFound");
    assert_eq!(refused, why(&[&guest], Found::Nothing));
    assert_eq!(refused, why(&[&guest], Found::Unreadable), "nor does one that cannot be read");
    assert_eq!(why(&[&plain("emea")], Found::Unreadable).0, "WorkspaceUnreadable");
    let labels =
        serde_json::json!({"allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"a": "b"}}}});
    assert_eq!(
        why(&[&guest], Found::Workspace(&workspace(&labels))),
        refused,
        "labels that are not known admit nobody"
    );
    let all = workspace(&serde_json::json!({"allowedNamespaces": {"from": "All"}}));
    assert_eq!(why(&[&guest], Found::Workspace(&all)).0, "");
}

#[test]
fn l07_of_two_with_one_key_the_younger_stalls_and_is_not_told_whose_it_is_elsewhere() {
    let acme = workspace(&serde_json::json!({"allowedNamespaces": {"from": "All"}}));
    let younger = serde_json::json!({
        "metadata": {"creationTimestamp": "2026-11-23T11:00:00Z"}, "spec": {"ownershipKey": "acme/guests/people"},
    });
    let elder = connection("support", "emea", &serde_json::json!({"spec": {"ownershipKey": "acme/guests/people"}}));
    let (near, far) = (connection("support", "a", &younger), connection("guests", "a", &younger));
    assert_eq!(why(&[&elder, &near, &far], Found::Workspace(&acme)).0, "");
    let (reason, message) = why(&[&near, &elder], Found::Workspace(&acme));
    assert!(reason == "OwnershipKeyTaken" && message.contains("the connection support/emea"), "{message}");
    let (reason, message) = why(&[&far, &elder], Found::Workspace(&acme));
    assert!(reason == "OwnershipKeyTaken" && message.contains("an older connection"), "{message}");
}

#[test]
fn l07_a_takeover_waits_until_the_owner_is_gone() {
    let acme = workspace(&serde_json::json!({}));
    let new = connection("support", "new", &serde_json::json!({"spec": {"takeOverFrom": ["default/support/old"]}}));
    assert_eq!(why(&[&new, &plain("old")], Found::Workspace(&acme)).0, "WaitingForTakeOver");
    assert_eq!(why(&[&new], Found::Workspace(&acme)).0, "");
}

#[test]
fn one_that_is_being_deleted_waits_for_its_desk_alone() {
    let acme = workspace(&serde_json::json!({}));
    let spec = serde_json::json!({"takeOverFrom": ["default/support/old"], "schedule": {"cron": "x"}});
    let living = connection("support", "new", &serde_json::json!({"spec": spec}));
    assert_eq!(why(&[&living, &plain("old")], Found::Workspace(&acme)).0, "InvalidSchedule");
    let deleted = serde_json::json!({"metadata": {"deletionTimestamp": "2026-11-23T12:00:00Z"}, "spec": spec});
    let deleted = connection("support", "new", &deleted);
    assert_eq!(why(&[&deleted, &plain("old")], Found::Workspace(&acme)).0, "");
    assert_eq!(why(&[&deleted], Found::Nothing).0, "WorkspaceNotFound");
}

#[test]
fn l08_an_owner_is_gone_only_where_it_would_be_seen() {
    let mut roster = Roster::default();
    roster.put(Member::of(&plain("emea"), "default").unwrap());
    let moved = connection("support", "apac", &serde_json::json!({"spec": {"ownershipKey": "default/support/old"}}));
    roster.put(Member::of(&moved, "default").unwrap());
    let gone = |key: &str| is_gone(key, &roster, "default", |namespace| namespace == "support");
    assert!(gone("default/support/left"));
    assert!(!gone("default/support/emea"), "it lives");
    assert!(!gone("default/support/old"), "another one has its key");
    assert!(!gone("default/support/apac"), "it lives, under another key");
    assert!(!gone("default/other/left"), "that namespace is not watched");
    assert!(!gone("staging/support/left"), "another installation's");
    assert!(!gone("acme"), "a key that somebody wrote out");
    assert!(!gone("default/support/left/more"));
}

#[test]
fn every_reason_that_blocks_is_known_as_one() {
    let acme = workspace(&serde_json::json!({}));
    let status = |reason: &str| {
        let mut status = ConnectionStatus::default();
        let now = "2026-11-23T10:00:00Z".parse().unwrap();
        conditions::Conditions::new(&mut status.conditions, 1, now).set(
            conditions::READY,
            conditions::Is::False,
            reason,
            "",
        );
        status
    };
    let taker = connection("support", "b", &serde_json::json!({"spec": {"takeOverFrom": ["default/support/a"]}}));
    let timed = connection("support", "b", &serde_json::json!({"spec": {"schedule": {"cron": "x"}}}));
    let twin = connection("support", "b", &serde_json::json!({"spec": {"ownershipKey": "default/support/a"}}));
    let off = workspace(&serde_json::json!({"contactSync": "Disabled"}));
    for reason in [
        why(&[&taker, &plain("a")], Found::Workspace(&acme)).0,
        why(&[&timed], Found::Workspace(&acme)).0,
        why(&[&twin, &plain("a")], Found::Workspace(&acme)).0,
        why(&[&plain("a")], Found::Workspace(&off)).0,
        why(&[&plain("a")], Found::Nothing).0,
        why(&[&plain("a")], Found::Unreadable).0,
    ] {
        assert!(was_blocked(&status(reason)), "{reason:?}");
    }
    assert!(!was_blocked(&status("DeskUnavailable")) && !was_blocked(&ConnectionStatus::default()));
}

#[test]
fn l07_a_key_that_somebody_owns_contacts_under_cannot_be_taken_by_an_older_connection() {
    let acme = workspace(&serde_json::json!({}));
    let mut owner = connection("support", "emea", &serde_json::json!({"spec": {"ownershipKey": "people"}}));
    owner.status = serde_json::from_value(
        serde_json::json!({"binding": {"workspaceUID": "a", "ownershipKey": "people", "sourceType": "File"}}),
    )
    .unwrap();
    let mut old = connection(
        "guests",
        "old",
        &serde_json::json!({"spec": {"ownershipKey": "people", "workspaceRef": {"name": "own"}}}),
    );
    old.metadata.creation_timestamp = Some(serde_json::from_value("2026-11-23T09:00:00Z".into()).unwrap());
    assert_eq!(why(&[&owner, &old], Found::Workspace(&acme)).0, "");
    assert_eq!(why(&[&old, &owner], Found::Workspace(&acme)).0, "OwnershipKeyTaken");
}
