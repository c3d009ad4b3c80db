//! The control plane, the workspace and the connections.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use contactsync::api::{ContactSyncConnection, KDeskWorkspace, RunResult, RunTrigger};
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Api, ListParams, PostParams};
use serde_json::json;
use tempfile::TempDir;

use crate::support::cluster::Cluster;
use crate::support::processes::Served;

pub struct Office {
    pub cluster: Cluster,
    pub namespace: String,
    folder: TempDir,
    _desk: Served,
}

impl Office {
    pub async fn open() -> Self {
        let cluster = Cluster::private().await;
        let namespace = cluster.namespace("bench").await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("files").join(&namespace)).unwrap();
        let desk = Served::start(&folder.path().join("kdesk.db"));
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kdesk"}, "stringData": {"token": "none"}});
        let secret: Secret = serde_json::from_value(secret).unwrap();
        let client = cluster.client().await;
        Api::namespaced(client.clone(), &namespace).create(&PostParams::default(), &secret).await.unwrap();
        let workspace: KDeskWorkspace = serde_json::from_value(json!({
            "apiVersion": "kdesk.seraphex.net/v1alpha1",
            "kind": "KDeskWorkspace",
            "metadata": {"name": "acme"},
            "spec": {
                "endpoint": desk.base(),
                "auth": {"type": "BearerToken", "bearerToken": {"secretRef": {"name": "kdesk", "key": "token"}}},
                "contactSync": "Enabled",
                "limits": {"requestsPerSecond": 1000, "concurrency": 8},
            },
        }))
        .unwrap();
        Api::namespaced(client, &namespace).create(&PostParams::default(), &workspace).await.unwrap();
        Self { cluster, namespace, folder, _desk: desk }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Enabled connections, each with a file of its own, all due at `tick`.
    pub async fn connections(&self, count: usize, people: usize, tick: Timestamp) {
        let time = tick.to_zoned(TimeZone::UTC);
        let cron = format!("{} {} * * *", time.minute(), time.hour());
        let api: Api<ContactSyncConnection> = self.api().await;
        let api = &api;
        stream::iter(0..count)
            .for_each_concurrent(8, |n| {
                self.file(n, people);
                let connection = connection(n, &cron);
                async move { drop(api.create(&PostParams::default(), &connection).await.unwrap()) }
            })
            .await;
    }

    fn file(&self, n: usize, people: usize) {
        let mut csv = String::from("id,displayName,mail,title,groups\n");
        for person in 0..people {
            writeln!(csv, "p{person},Person {n} {person},p{person}.{n}@acme.example,Engineer,Staff").unwrap();
        }
        std::fs::write(self.files().join(&self.namespace).join(format!("{n}.csv")), csv).unwrap();
    }

    /// Waits until the newest run of each ended so. The answers are looked at from the API server's cache.
    pub async fn until(&self, count: usize, trigger: RunTrigger, result: RunResult) {
        let api: Api<ContactSyncConnection> = self.api().await;
        loop {
            let list = api.list(&ListParams::default().match_any()).await.unwrap();
            let done = list.iter().filter(|connection| {
                let run = connection.status.as_ref().and_then(|status| status.last_run.as_ref());
                run.is_some_and(|run| run.trigger == trigger && run.result == result)
            });
            if done.count() == count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
    }

    async fn api(&self) -> Api<ContactSyncConnection> {
        Api::namespaced(self.cluster.client().await, &self.namespace)
    }
}

fn connection(n: usize, cron: &str) -> ContactSyncConnection {
    serde_json::from_value(json!({
        "apiVersion": "kdesk.seraphex.net/v1alpha1",
        "kind": "ContactSyncConnection",
        "metadata": {"name": format!("connection-{n:05}")},
        "spec": {
            "state": "Enabled",
            "workspaceRef": {"name": "acme"},
            "source": {"type": "File", "file": {"path": format!("{n}.csv"), "format": "CSV", "idField": "id", "groupsField": "groups"}},
            "emailDomains": ["acme.example"],
            "scope": {"mode": "List", "list": {"groups": [{"name": "Staff"}]}},
            "mapping": {"preset": "Standard"},
            "schedule": {"cron": cron},
            "leavers": {"policy": "Deactivate"},
            "deletionPolicy": "Keep",
        },
    }))
    .unwrap()
}
