//! A real control plane: etcd and kube-apiserver on free ports of 127.0.0.1, with RBAC on and our resources known.
//!
//! No other part of Kubernetes runs: nothing collects garbage, a deleted namespace stays `Terminating`, the roles `view`,
//! `edit` and `admin` hold no rules (a controller of Kubernetes gathers them), and service accounts have no tokens but
//! those that a test asks for. The programs come from `testenv/control-plane.sh`.

mod access;
mod keeper;
mod kubectl;
mod ports;
mod programs;
mod ready;
mod server;
mod service;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ObjectMeta, PostParams};
use tempfile::TempDir;
use tokio::sync::OnceCell;

pub use access::{ADMIN, BY_CERTIFICATE, BY_PLUGIN};
pub use kubectl::Said;
pub use service::own_address;

use keeper::Keeper;
use programs::Programs;
use server::Server;

/// A control plane. Dropped, or its test process ended in whatever way, it is gone with all its files.
pub struct Cluster {
    // Dropped before the folder that the servers write to.
    api: Mutex<Option<Server>>,
    _etcd: Server,
    keeper: Keeper,
    programs: Programs,
    etcd_port: u16,
    api_port: u16,
    folder: TempDir,
}

impl Cluster {
    /// The one that all tests of this process share; the first to ask starts it. Work in a namespace of your own.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED.get_or_init(Self::private).await
    }

    /// One for this test alone, that may be stopped: it costs some seconds and 300 MB.
    pub async fn private() -> Self {
        let programs = Programs::find().await;
        let folder = tempfile::Builder::new().prefix("contactsync-cluster-").tempdir().unwrap();
        let keeper = Keeper::of(folder.path());
        access::prepare(folder.path());
        let etcd_port = ports::free();
        let etcd = server::etcd(&programs, folder.path(), etcd_port, &keeper);
        let api_port = ports::free();
        access::write_kubeconfigs(folder.path(), api_port);
        let cluster = Self { api: Mutex::new(None), _etcd: etcd, keeper, programs, etcd_port, api_port, folder };
        cluster.start_apiserver().await;
        cluster.apply_definitions().await;
        cluster
    }

    /// Starts the API server that was stopped, on the same port, and waits until it is ready.
    pub async fn start_apiserver(&self) {
        let server = server::apiserver(&self.programs, self.folder(), self.etcd_port, self.api_port, &self.keeper);
        let before = self.api.lock().unwrap().replace(server);
        assert!(before.is_none(), "the API server was running");
        self.ready().await;
    }

    /// Ends the API server with SIGKILL. What it stored stays.
    pub fn stop_apiserver(&self) {
        drop(self.api.lock().unwrap().take().expect("the API server was not running"));
    }

    /// A fresh namespace, and its name.
    pub async fn namespace(&self, prefix: &str) -> String {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let name = format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let metadata = ObjectMeta { name: Some(name.clone()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        Api::all(self.client().await).create(&PostParams::default(), &namespace).await.unwrap();
        name
    }

    /// A user's kubeconfig, for the program that is tested.
    pub fn kubeconfig_of(&self, user: &str) -> PathBuf {
        access::kubeconfig(self.folder(), user)
    }

    fn apiserver_ended(&self) -> bool {
        self.api.lock().unwrap().as_mut().is_none_or(Server::ended)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}
