//! A namespace, and an endpoint of run logs in this process, whose clock and store are the test's.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contactsync::api::{ContactSyncLogRequest, ContactSyncLogRequestSpec};
use contactsync::contact::OwnershipKey;
use contactsync::controller::logs::{ANSWER, Endpoint, TICKET, serve};
use contactsync::runlog::{Entry, RunId, RunStore, Summary, open_folder};
use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use kube::api::{Api, ListParams, PostParams};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::support::cluster::Cluster;

/// Any other 32 bytes.
pub(super) const OTHER: [u8; 32] = [9; 32];
pub(super) const TICKET_OF_ALL: [u8; 32] = [7; 32];

pub(super) struct Scene {
    pub(super) cluster: &'static Cluster,
    pub(super) namespace: String,
    pub(super) store: RunStore,
    folder: TempDir,
}

/// What was answered.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) word: String,
    pub(super) body: String,
}

impl Scene {
    pub(super) async fn open(name: &str) -> Self {
        let cluster = Cluster::shared().await;
        let folder = tempfile::tempdir().unwrap();
        let store = open_folder(folder.path()).unwrap();
        Self { cluster, namespace: cluster.namespace(name).await, store, folder }
    }

    /// A run of `connection` on record under `key`, with a log of this text.
    pub(super) async fn run(&self, key: &str, connection: &str, run: &str, text: &str) {
        let key = OwnershipKey::new(key).unwrap();
        let summary = format!(
            r#"{{"id": "{run}", "connection": "{connection}", "trigger": "Schedule", "startTime": "2026-11-23T09:33:54Z", "result": "Succeeded"}}"#
        );
        let summary: Summary = serde_json::from_str(&summary).unwrap();
        self.store.put_summary(&key, &summary).await.unwrap();
        let mut log = self.store.log(&key, &RunId::parse(run).unwrap());
        log.write(summary.start_time, &Entry::of("created", text)).await.unwrap();
        log.close().await.unwrap();
    }

    /// A run that is going on: its log is not there.
    pub(super) fn drop_log(&self, key: &str, run: &str) {
        let folder: PathBuf = self.folder.path().join(key.replace('/', "_")).join("runs");
        std::fs::remove_file(folder.join(format!("{run}.jsonl"))).unwrap();
    }

    /// An endpoint whose clock is off by so much.
    pub(super) async fn endpoint(&self, off: SignedDuration) -> At {
        self.endpoint_of(off, vec![]).await
    }

    /// One that watches these namespaces.
    pub(super) async fn endpoint_of(&self, off: SignedDuration, namespaces: Vec<String>) -> At {
        let client = self.cluster.client().await;
        let clock = Arc::new(move || later(off));
        let endpoint = Endpoint::new(client, self.store.clone(), clock, "default".into(), namespaces);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, endpoint.router(), CancellationToken::new()));
        At { address, _serving: AbortOnDropHandle::new(serving) }
    }

    /// Asks for a log, with the ticket of all; the request's name.
    pub(super) async fn ask(&self, connection: &str, run: Option<&str>) -> String {
        self.ask_in(&self.namespace, connection, run).await
    }

    pub(super) async fn ask_in(&self, namespace: &str, connection: &str, run: Option<&str>) -> String {
        let spec = ContactSyncLogRequestSpec {
            connection: connection.to_owned(),
            run: run.map(ToOwned::to_owned),
            ticket_sha256: hex::encode(Sha256::digest(TICKET_OF_ALL)),
        };
        let mut request = ContactSyncLogRequest::new("", spec);
        request.metadata.name = None;
        request.metadata.generate_name = Some("log-".into());
        let api: Api<ContactSyncLogRequest> = Api::namespaced(self.cluster.client().await, namespace);
        api.create(&PostParams::default(), &request).await.unwrap().name_any()
    }

    /// The requests that are there.
    pub(super) async fn requests(&self) -> Vec<String> {
        let api: Api<ContactSyncLogRequest> = Api::namespaced(self.cluster.client().await, &self.namespace);
        api.list(&ListParams::default()).await.unwrap().iter().map(ResourceExt::name_any).collect()
    }
}

/// What time it is, and so much more.
pub(super) fn later(off: SignedDuration) -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "the API server stamps objects by this machine's clock")]
    Timestamp::now().checked_add(off).unwrap()
}

pub(super) struct At {
    pub(super) address: SocketAddr,
    _serving: AbortOnDropHandle<std::io::Result<()>>,
}

impl At {
    pub(super) async fn get(&self, namespace: &str, request: &str, ticket: Option<[u8; 32]>) -> Told {
        let header = ticket.map(|ticket| URL_SAFE_NO_PAD.encode(ticket));
        told(self.send(&format!("/v1/namespaces/{namespace}/logrequests/{request}"), header.as_deref()).await).await
    }

    pub(super) async fn send(&self, path: &str, ticket: Option<&str>) -> reqwest::Response {
        #[expect(clippy::disallowed_methods, reason = "plain http to this machine")]
        let mut request = reqwest::Client::new().get(format!("http://{}{path}", self.address));
        if let Some(ticket) = ticket {
            request = request.header(TICKET, ticket);
        }
        request.send().await.unwrap()
    }
}

pub(super) async fn told(response: reqwest::Response) -> Told {
    let word = response.headers().get(ANSWER).map(|word| word.to_str().unwrap().to_owned()).unwrap_or_default();
    Told { status: response.status().as_u16(), word, body: response.text().await.unwrap() }
}
