//! `contactsync logs` against a cluster, as the users that RBAC knows, through the API server's own proxy.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderMap;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::controller::office::Office;
use crate::support::cluster::{BY_CERTIFICATE, BY_PLUGIN, own_address};
use crate::support::house::people;
use crate::support::processes::program;

/// What is bound to whom: `edit` in one namespace, `view` there, and the way to the Service for everybody who is known.
async fn permit(office: &Office) {
    let (cluster, namespace) = (office.cluster, office.namespace.as_str());
    let group = "kdesk.seraphex.net";
    for (role, resources, verbs, who) in [
        ("contactsync-view", vec!["contactsyncconnections"], vec!["get", "list", "watch"], "support-viewers"),
        (
            "contactsync-edit",
            vec!["contactsyncconnections"],
            vec!["get", "list", "watch", "create", "patch"],
            "support-editors",
        ),
        (
            "contactsync-edit-logs",
            vec!["contactsynclogrequests"],
            vec!["get", "list", "create", "delete"],
            "support-editors",
        ),
    ] {
        office
            .apply(&json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": role},
                "rules": [{"apiGroups": [group], "resources": resources, "verbs": verbs}],
            }))
            .await;
        bind(office, role, who).await;
    }
    cluster
        .kubectl(&[
            "create",
            "role",
            "reach",
            "-n",
            namespace,
            "--verb=get",
            "--resource=services/proxy",
            "--resource-name=http:contactsync-logs:logs",
        ])
        .await
        .ok();
    bind(office, "reach", "system:authenticated").await;
}

async fn bind(office: &Office, role: &str, who: &str) {
    let group = format!("--group={who}");
    let role = format!("--role={role}");
    let name = format!("{}-{}", &role[7..], who.replace(':', "-"));
    office.cluster.kubectl(&["create", "rolebinding", &name, "-n", &office.namespace, &role, &group]).await.ok();
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// It failed, and said all of these.
    fn fails(self, with: &[&str]) {
        assert_eq!(self.code, Some(2), "{}{}", self.out, self.err);
        for text in with {
            assert!(self.err.contains(text), "{text:?} is not in {}", self.err);
        }
        assert_eq!(self.out, "");
    }
}

/// `contactsync logs` as a user.
async fn logs(office: &Office, user: &str, arguments: &[&str]) -> Said {
    let mut command = program();
    command
        .args(["logs", "--kubeconfig"])
        .arg(office.cluster.kubeconfig_of(user))
        .args(["--controller-namespace", &office.namespace])
        .args(arguments);
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: ran.status.code(), out: text(ran.stdout), err: text(ran.stderr) }
}

/// Passes connections of a port of this machine on, as `kubectl port-forward` does.
async fn forwarded(to: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut far = TcpStream::connect(to).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut near, &mut far).await);
            });
        }
    });
    address
}

#[tokio::test]
async fn a_log_is_read_with_every_kind_of_kubeconfig_and_only_with_leave() {
    let office = Office::open("laptop").await;
    permit(&office).await;
    office.people(&people(3));
    let address = format!("{}:0", own_address());
    let controller = office.controller(&["--log-address", &address]);
    let serving: SocketAddr = controller.serves("run logs").await.parse().unwrap();
    office.cluster.service(&office.namespace, "contactsync-logs", serving).await;
    office.connection("emea", &json!({})).await;
    office.ready("emea", "True", "Succeeded").await;
    let first = office.status("emea").await.last_run.unwrap().id;
    office.people(&people(4));
    let second = office.run_now("emea", "more").await.last_run.unwrap().id;
    let stored = |run: &str| {
        let folder = office.house.runs().join(format!("default_{}_emea/runs", office.namespace));
        std::fs::read_to_string(folder.join(format!("{run}.jsonl"))).unwrap()
    };
    let here = ["-n", office.namespace.as_str()];
    for user in ["editor", BY_CERTIFICATE, BY_PLUGIN] {
        let raw = logs(&office, user, &["emea", "--raw", here[0], here[1]]).await.ok();
        assert_eq!(raw, stored(&second), "{user}");
    }
    let full = format!("{}/emea", office.namespace);
    assert_eq!(logs(&office, "editor", &[&full, "--raw", "--run", &first]).await.ok(), stored(&first));
    let told = logs(&office, "editor", &[&full]).await.ok();
    assert_eq!(told.lines().count(), stored(&second).lines().count());
    assert!(told.contains("  started  ") && told.contains("  created  person p0003"), "{told}");
    let port = forwarded(serving).await.to_string();
    assert_eq!(logs(&office, "editor", &[&full, "--raw", "--via", &port]).await.ok(), stored(&second));

    refusals(&office, &full, &first, &second).await;
    let left = office.cluster.kubectl(&["get", "cslr", "-n", &office.namespace, "-o", "name"]).await.ok();
    assert_eq!(left, "", "each request was taken back");
    let said = controller.said();
    let audit = said.lines().filter(|line| line.contains("a run log is read")).count();
    assert_eq!(audit, 6, "{said}");
    assert!(!said.contains("cannot be deleted"), "it has the right to: {said}");
    assert!(
        said.contains(&format!("namespace={} connection=emea run={first} request=log-", office.namespace)),
        "{said}"
    );
    forgotten(&office, &full, &second, &stored(&second)).await;
}

/// What stands in the way is told with what to do.
async fn refusals(office: &Office, full: &str, first: &str, second: &str) {
    let other = office.cluster.namespace("not-theirs").await;
    for (user, name) in [("viewer", full), ("stranger", full), ("editor", &format!("{other}/emea"))] {
        logs(office, user, &[name]).await.fails(&["contactsynclogrequests", "create", "contactsync-edit"]);
    }
    logs(office, "editor", &[full, "--run", "20200101t000000000z-aaaaaa"]).await.fails(&[first, second]);
    let gone = format!("{}/nobody", office.namespace);
    logs(office, "editor", &[&gone]).await.fails(&["there is no such connection"]);
    logs(office, "editor", &[full, "--controller-service", "other"]).await.fails(&["services/proxy", "port-forward"]);
    logs(office, "admin", &[full, "--controller-service", "other"])
        .await
        .fails(&["no Service other", "/contactsync-logs"]);
    logs(office, "editor", &[full, "--via", "192.0.2.77:8082"]).await.fails(&["--via", "port-forward"]);
    logs(office, "editor", &[full, "--via", "127.0.0.1:1"]).await.fails(&["127.0.0.1:1", "nobody answers"]);
    logs(office, "editor", &[full, "--log-dir", "runs"]).await.fails(&["--log-dir", "--context"]);
    let nobody: SocketAddr = format!("{}:1", own_address()).parse().unwrap();
    office.cluster.service(&office.namespace, "silent", nobody).await;
    logs(office, "admin", &[full, "--controller-service", "silent"]).await.fails(&["silent", "nobody answers"]);
    let wrong = program().args(["logs", full, "--kubeconfig", "/nowhere/kubeconfig"]).output().unwrap();
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("--kubeconfig /nowhere/kubeconfig"));
}

/// A connection that is gone leaves its logs, for who may read that namespace's.
async fn forgotten(office: &Office, full: &str, run: &str, stored: &str) {
    office.delete("emea").await;
    office.gone("emea").await;
    assert_eq!(logs(office, "editor", &[full, "--raw", "--run", run]).await.ok(), stored);
}

#[tokio::test]
async fn the_proxy_passes_the_ticket_and_keeps_the_credentials() {
    let office = Office::open("proxied").await;
    permit(&office).await;
    let seen: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let listener = TcpListener::bind((own_address(), 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let notes = Arc::clone(&seen);
    let stranger = Router::new().fallback(async move |headers: HeaderMap| {
        notes.lock().unwrap().push(headers);
        "hello"
    });
    tokio::spawn(async move { axum::serve(listener, stranger).await });
    office.cluster.service(&office.namespace, "contactsync-logs", address).await;
    let full = format!("{}/emea", office.namespace);
    logs(&office, "editor", &[&full]).await.fails(&["something else than contactsync (HTTP 200)"]);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["x-contactsync-ticket"].len(), 43);
    assert!(!seen[0].contains_key("authorization"), "{seen:?}");
}

#[test]
fn without_any_flag_the_records_of_this_machine_are_read_where_there_is_no_cluster() {
    let home = tempfile::tempdir().unwrap();
    let run = |home: &Path| {
        let mut command = program();
        command.args(["logs", "emea"]).env("HOME", home).env_remove("KUBECONFIG").env_remove("KUBERNETES_SERVICE_HOST");
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    let said = run(home.path());
    assert!(said.contains(".local/state/contactsync"), "{said}");
    std::fs::create_dir(home.path().join(".kube")).unwrap();
    std::fs::write(home.path().join(".kube/config"), "apiVersion: v1\nkind: Config\n").unwrap();
    let said = run(home.path());
    assert!(!said.contains(".local/state/contactsync") && said.contains("cluster"), "{said}");
}
