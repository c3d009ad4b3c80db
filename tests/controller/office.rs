//! A namespace with a desk, a directory file and controllers that watch it alone, under the rights that `deploy/` gives.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use contactsync::api::{ConnectionStatus, ContactSyncConnection, KDeskWorkspace};
use k8s_openapi::api::events::v1::Event;
use kube::api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::{Api, ResourceExt};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::kstatus::{lawful, tells_nobodys_data};
use super::support::merge;
use crate::support::cluster::Cluster;
use crate::support::eventually::eventually;
use crate::support::house::{House, Line};
use crate::support::processes::program;

/// A namespace with everything that a connection needs.
pub(super) struct Office {
    pub(super) cluster: &'static Cluster,
    pub(super) namespace: String,
    pub(super) house: House,
    pub(super) connections: Api<ContactSyncConnection>,
    pub(super) workspaces: Api<KDeskWorkspace>,
}

impl Office {
    /// A namespace of its own at the shared control plane, with the workspace `acme` and its Secret.
    pub(super) async fn open(name: &str) -> Self {
        Self::within(Cluster::shared().await, name).await
    }

    pub(super) async fn within(cluster: &'static Cluster, name: &str) -> Self {
        let namespace = cluster.namespace(name).await;
        let house = House::open().await;
        std::fs::create_dir(house.folder().join(&namespace)).unwrap();
        let client = cluster.client().await;
        let office = Self {
            cluster,
            connections: Api::namespaced(client.clone(), &namespace),
            workspaces: Api::namespaced(client, &namespace),
            namespace,
            house,
        };
        office.permit().await;
        office.secret("kdesk", &office.house.token).await;
        office.workspace("acme", &json!({})).await;
        office
    }

    /// The rights of the controller, in this namespace.
    async fn permit(&self) {
        self.roles().await;
        for role in ["contactsync-controller", "contactsync-leader", "contactsync-shards"] {
            self.bind("RoleBinding", role).await;
        }
    }

    /// The rights of a controller that watches every namespace.
    pub(super) async fn permit_everywhere(&self) {
        for role in ["contactsync-controller", "contactsync-namespaces"] {
            self.bind("ClusterRoleBinding", role).await;
        }
    }

    async fn roles(&self) {
        self.apply_all(include_str!("../../deploy/rbac.yaml")).await;
    }

    /// Applies every object of a manifest.
    pub(super) async fn apply_all(&self, manifest: &str) {
        for object in serde_yaml::Deserializer::from_str(manifest) {
            self.apply(&Value::deserialize(object).unwrap()).await;
        }
    }

    async fn bind(&self, kind: &str, role: &str) {
        let group = "rbac.authorization.k8s.io";
        self.apply(&json!({
            "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": role},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "User", "name": "controller"}],
        }))
        .await;
    }

    pub(super) async fn secret(&self, name: &str, token: &str) {
        let secret =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"token": token}});
        self.apply(&secret).await;
    }

    /// The workspace, its spec changed (a merge patch).
    pub(super) async fn workspace(&self, name: &str, change: &Value) {
        let mut spec = json!({
            "endpoint": self.house.base,
            "auth": {"type": "BearerToken", "bearerToken": {"secretRef": {"name": "kdesk", "key": "token"}}},
            "contactSync": "Enabled",
            "limits": {"requestsPerSecond": 1000},
        });
        merge(&mut spec, change);
        let object = json!({"apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "KDeskWorkspace", "metadata": {"name": name}, "spec": spec});
        self.apply(&object).await;
    }

    /// A connection that reads `people.csv`, its spec changed (a merge patch).
    pub(super) async fn connection(&self, name: &str, change: &Value) {
        self.apply(&manifest(name, change)).await;
    }

    /// Applies as Flux and Argo CD do: server-side, and a conflict is an error.
    pub(super) async fn apply(&self, object: &Value) {
        self.apply_in(&self.namespace, object).await;
    }

    pub(super) async fn apply_in(&self, namespace: &str, object: &Value) {
        let object: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        let kind = GroupVersionKind::try_from(object.types.clone().unwrap()).unwrap();
        let resource = ApiResource::from_gvk(&kind);
        let client = self.cluster.client().await;
        let api: Api<DynamicObject> = match kind.kind.strip_prefix("Cluster") {
            Some(_) => Api::all_with(client, &resource),
            None => Api::namespaced_with(client, namespace, &resource),
        };
        api.patch(&object.name_any(), &PatchParams::apply("gitops"), &Patch::Apply(&object)).await.unwrap();
    }

    /// Writes the people of the directory.
    pub(super) fn people(&self, lines: &[Line]) {
        self.house.other_file(&format!("{}/people.csv", self.namespace), lines);
    }

    /// Writes people into a file of their own.
    pub(super) fn people_of(&self, file: &str, lines: &[Line]) {
        self.house.other_file(&format!("{}/{file}", self.namespace), lines);
    }

    /// Starts a controller of this namespace.
    pub(super) fn controller(&self, more: &[&str]) -> Operator {
        let mut arguments = vec!["--watch-namespace", &self.namespace];
        arguments.extend(more);
        Operator::start(self, &arguments)
    }

    /// Starts a controller of all namespaces.
    pub(super) fn controller_of_all(&self, more: &[&str]) -> Operator {
        Operator::start(self, more)
    }

    pub(super) async fn get(&self, name: &str) -> ContactSyncConnection {
        self.connections.get(name).await.unwrap()
    }

    pub(super) async fn status(&self, name: &str) -> ConnectionStatus {
        self.get(name).await.status.unwrap_or_default()
    }

    /// Waits until a connection's status is as said; `look` tells what is missing.
    pub(super) async fn until(
        &self,
        name: &str,
        what: &str,
        look: impl Fn(&ContactSyncConnection, &ConnectionStatus) -> bool,
    ) -> ConnectionStatus {
        eventually(what, || async {
            let connection = self.connections.get(name).await.map_err(|error| error.to_string())?;
            lawful(&connection);
            let status = connection.status.clone().unwrap_or_default();
            if look(&connection, &status) { Ok(status) } else { Err(serde_json::to_string(&status).unwrap()) }
        })
        .await
    }

    /// Waits until the newest generation of a connection is Ready, or not, for this reason.
    pub(super) async fn ready(&self, name: &str, is: &str, reason: &str) -> ConnectionStatus {
        self.until(name, &format!("{name} is Ready={is} for {reason}"), |connection, status| {
            let ready = condition(status, "Ready");
            status.observed_generation == connection.metadata.generation
                && ready.is_some_and(|(status, why, _)| status == is && why == reason)
        })
        .await
    }

    /// Waits until the newest generation of a workspace is Ready, or not, for this reason.
    pub(super) async fn workspace_ready(&self, name: &str, is: &str, reason: &str) -> KDeskWorkspace {
        eventually(&format!("workspace {name} is Ready={is} for {reason}"), || async {
            let workspace = self.workspaces.get(name).await.map_err(|error| error.to_string())?;
            let status = workspace.status.clone().unwrap_or_default();
            let so =
                status.conditions.iter().any(|one| one.type_ == "Ready" && one.status == is && one.reason == reason);
            let known = status.observed_generation == workspace.metadata.generation;
            if so && known { Ok(workspace) } else { Err(serde_json::to_string(&status).unwrap()) }
        })
        .await
    }

    /// Asks for a run, and waits for its end.
    pub(super) async fn run_now(&self, name: &str, token: &str) -> ConnectionStatus {
        self.annotate(name, token).await;
        self.until(name, &format!("request {token} is done"), |_, status| {
            let over = status.last_run.as_ref().is_some_and(|run| run.end_time.is_some());
            status.last_handled_requested_at.as_deref() == Some(token) && over
        })
        .await
    }

    pub(super) async fn annotate(&self, name: &str, token: &str) {
        let patch = json!({"metadata": {"annotations": {"kdesk.seraphex.net/requestedAt": token}}});
        self.connections.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// Changes a connection's spec (a merge patch).
    pub(super) async fn change(&self, name: &str, spec: &Value) {
        let patch = json!({"spec": spec});
        self.connections.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(super) async fn delete(&self, name: &str) {
        self.connections.delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until a connection is gone.
    pub(super) async fn gone(&self, name: &str) {
        eventually(&format!("{name} is gone"), || async {
            match self.connections.get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(object) => Err(serde_json::to_string(&object.status).unwrap()),
            }
        })
        .await;
    }

    /// Events about an object, whatever it is. They hold nobody's data.
    pub(super) async fn told(&self, name: &str) -> Vec<Event> {
        let api: Api<Event> = Api::namespaced(self.cluster.client().await, &self.namespace);
        let all = api.list(&ListParams::default()).await.unwrap();
        for event in &all.items {
            tells_nobodys_data(event.note.as_deref().unwrap_or_default());
        }
        let about = |event: &Event| event.regarding.as_ref().is_some_and(|object| object.name.as_deref() == Some(name));
        all.items.into_iter().filter(about).collect()
    }

    /// Reasons of the Events about an object, each once, sorted.
    pub(super) async fn events(&self, name: &str) -> Vec<String> {
        let mut reasons: Vec<String> = self.told(name).await.into_iter().filter_map(|event| event.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons
    }

    /// Waits until there is an Event of that reason.
    pub(super) async fn event(&self, name: &str, reason: &str) {
        eventually(&format!("an Event {reason} about {name}"), || async {
            let reasons = self.events(name).await;
            if reasons.iter().any(|other| other == reason) { Ok(()) } else { Err(format!("{reasons:?}")) }
        })
        .await;
    }
}

/// A connection that reads `people.csv`, its spec changed (a merge patch).
pub(super) fn manifest(name: &str, change: &Value) -> Value {
    let mut spec = json!({
        "state": "Enabled",
        "workspaceRef": {"name": "acme"},
        "source": {"type": "File", "file": {"path": "people.csv", "format": "CSV", "idField": "id", "groupsField": "groups"}},
        "emailDomains": ["acme.example"],
        "scope": {"mode": "List", "list": {"groups": [{"name": "Staff"}]}},
        "mapping": {"preset": "Standard"},
        "leavers": {"policy": "Deactivate"},
        "deletionPolicy": "Keep",
    });
    merge(&mut spec, change);
    json!({"apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "ContactSyncConnection", "metadata": {"name": name}, "spec": spec})
}

/// Reads another file (for `change` of a connection).
pub(super) fn from_file(path: &str, change: &Value) -> Value {
    let mut all = json!({"source": {"file": {"path": path}}});
    merge(&mut all, change);
    all
}

/// Status, reason and message of a condition.
pub(super) fn condition<'a>(status: &'a ConnectionStatus, kind: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let found = status.conditions.iter().find(|condition| condition.type_ == kind)?;
    Some((&found.status, &found.reason, &found.message))
}

/// A controller process.
pub(super) struct Operator {
    pub(super) child: Child,
    log: PathBuf,
}

impl Operator {
    fn start(office: &Office, more: &[&str]) -> Self {
        let release = if more.contains(&"--release-after") { &[] } else { &["--release-after", "0s"][..] };
        let kubeconfig = office.cluster.kubeconfig_of("controller");
        Self::at(office, &kubeconfig, "controller", &[release, more].concat())
    }

    /// Starts one of this namespace that may not call its own machine, as in a cluster.
    pub(super) fn limited(office: &Office, more: &[&str]) -> Self {
        let kubeconfig = office.cluster.kubeconfig_of("controller");
        Self::spawn(office, &kubeconfig, "limited", &[&["--watch-namespace", &office.namespace], more].concat(), &[])
    }

    /// Starts one that comes to the API server by this kubeconfig, its log called by this label.
    pub(super) fn at(office: &Office, kubeconfig: &Path, label: &str, more: &[&str]) -> Self {
        Self::within(office, kubeconfig, label, more, &[])
    }

    /// The same, with these environment variables.
    pub(super) fn within(
        office: &Office,
        kubeconfig: &Path,
        label: &str,
        more: &[&str],
        environment: &[(&str, String)],
    ) -> Self {
        Self::spawn(office, kubeconfig, label, &[&["--allow-loopback"], more].concat(), environment)
    }

    fn spawn(office: &Office, kubeconfig: &Path, label: &str, more: &[&str], environment: &[(&str, String)]) -> Self {
        let number = std::fs::read_dir(office.house.folder()).unwrap().count();
        let log = office.house.folder().join(format!("{label}-{number}.log"));
        let child = program()
            .args(["controller", "--lease-namespace", &office.namespace])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .args(if more.contains(&"--log-store") { vec![] } else { vec!["--log-store".into(), office.house.runs()] })
            .arg("--file-root")
            .arg(office.house.folder())
            .args(["--http-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0", "--log-format", "text"])
            .args(if more.contains(&"--log-address") { &[][..] } else { &["--log-address", "127.0.0.1:0"][..] })
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .args(if more.contains(&"--lease-duration") { &[][..] } else { &["--lease-duration", "3s"][..] })
            .args(more)
            .env("CONTACTSYNC_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Waits until it says this; the rest of that line.
    pub(super) async fn says(&self, text: &str) -> String {
        eventually(&format!("it says {text:?}"), || async {
            let said = self.said();
            let line = said.lines().find_map(|line| line.split_once(text));
            line.map(|(_, rest)| rest.to_owned()).ok_or_else(|| said.clone())
        })
        .await
    }

    /// Where it serves this.
    pub(super) async fn serves(&self, what: &str) -> String {
        let text = format!("serving {what} address=");
        self.says(&text).await.split_whitespace().next().unwrap().to_owned()
    }

    /// What it said.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Operator {
    #[expect(clippy::print_stdout, reason = "what it said belongs to the failure")]
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            println!("{}\n{}", self.log.display(), self.said());
        }
    }
}
