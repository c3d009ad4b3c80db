//! The examples can be read as they stand: manifests are what the types say, and their files are what they name.

use std::path::{Path, PathBuf};

use contactsync::api::{ContactSyncConnection, FileSource, GroupRef, KDeskWorkspace, Membership};
use contactsync::directory::file::{self, FileContent, FileSettings, resolve_path};
use contactsync::directory::{Directory, GroupQuery};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::conformance::{asking, by_id};

fn documents(example: &str) -> (PathBuf, Vec<serde_json::Value>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
    let mut documents = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(path).unwrap();
            documents.extend(
                serde_yaml::Deserializer::from_str(&text).map(|one| serde_json::Value::deserialize(one).unwrap()),
            );
        }
    }
    (folder, documents)
}

fn connections(documents: &[serde_json::Value]) -> Vec<ContactSyncConnection> {
    let connections = documents.iter().filter(|one| one["kind"] == "ContactSyncConnection");
    connections.map(read_whole).collect()
}

#[test]
fn every_example_is_what_the_types_say() {
    let counts =
        [("quickstart", 1), ("entra", 2), ("google", 1), ("ldap", 2), ("okta", 1), ("overlap", 3), ("scim", 1)];
    for (example, count) in counts {
        let (_, documents) = documents(example);
        let connections = connections(&documents);
        assert_eq!(connections.len(), count, "{example}");
        let workspaces = documents.iter().filter(|one| one["kind"] == "KDeskWorkspace");
        let workspaces = workspaces.map(read_whole).collect::<Vec<KDeskWorkspace>>();
        assert_eq!(workspaces.len(), 1, "{example}");
        assert!(
            connections.iter().all(|one| Some(&one.spec.workspace_ref.name) == workspaces[0].metadata.name.as_ref())
        );
    }
}

/// Reads a manifest, and writes it again: a word that the types do not know would be lost on the way.
fn read_whole<T: DeserializeOwned + Serialize>(written: &serde_json::Value) -> T {
    let read: T = serde_json::from_value(written.clone()).unwrap();
    let mut again = serde_json::to_value(&read).unwrap();
    again.as_object_mut().unwrap().shift_remove("status");
    let sorted = |value| {
        let mut words = words(value);
        words.sort_unstable();
        words
    };
    assert_eq!(sorted(&again), sorted(written));
    read
}

/// Every key of a manifest, nested ones behind theirs.
fn words(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::Object(object) => {
            object.iter().flat_map(|(key, value)| std::iter::once(key.clone()).chain(words(value))).collect()
        }
        serde_json::Value::Array(values) => values.iter().flat_map(words).collect(),
        _ => Vec::new(),
    }
}

async fn count_in(folder: &Path, source: FileSource, groups: &[GroupRef]) -> (usize, Vec<usize>) {
    let name = source.path.clone().unwrap();
    let path = resolve_path(folder, &name).unwrap();
    let directory = file::open(FileSettings { source, content: FileContent::Path { path, name } }).unwrap();
    let groups = directory.resolve_groups(groups).await.unwrap();
    let groups = groups.into_iter().map(|group| GroupQuery { group, membership: Membership::Nested });
    let mut query = asking(&["mail", "displayName"]);
    query.groups = groups.collect();
    let people = by_id(&directory, &query).await;
    let members = |place| people.values().filter(|person| person.groups.contains(place)).count();
    (people.len(), (0..query.groups.len()).map(members).collect())
}

#[tokio::test]
async fn example_files_are_read_whole_and_have_the_groups_that_are_named() {
    for (example, people) in [("quickstart", vec![302]), ("overlap", vec![24, 24, 14])] {
        let (folder, documents) = documents(example);
        let connections = connections(&documents);
        for connection in &connections {
            let mut groups = connection.spec.scope.list.as_ref().unwrap().groups.clone().unwrap();
            let exclude = connection.spec.scope.exclude.as_ref();
            groups.extend(exclude.into_iter().flat_map(|exclude| exclude.groups.clone().unwrap_or_default()));
            let source = connection.spec.source.file.clone().unwrap();
            let (count, members) = count_in(&folder, source, &groups).await;
            assert!(people.contains(&count), "{example} has {count} people");
            assert!(members.iter().all(|members| *members > 3), "{members:?}");
        }
    }
}
