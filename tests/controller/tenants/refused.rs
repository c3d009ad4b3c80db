//! What the API server refuses a user with `edit` in one namespace: by rights, and by what a resource may say.

use serde_json::{Value, json};

use super::{ask, grant, path};
use crate::controller::office::{Office, manifest};
use crate::support::cluster::ADMIN;

/// Something that rights forbid. `{them}` is another tenant's namespace, `{us}` one's own, `{operator}` the controller's.
pub(super) struct Attempt {
    pub(super) word: &'static str,
    method: &'static str,
    path: &'static str,
    body: &'static str,
    /// Whether an administrator may do it here; where not, it is only there in a whole cluster.
    works: bool,
}

const fn by_rights(word: &'static str, method: &'static str, path: &'static str, body: &'static str) -> Attempt {
    Attempt { word, method, path, body, works: true }
}

const OURS: &str = "/apis/kdesk.seraphex.net/v1alpha1/namespaces";
const REQUESTED: &str = r#"{"metadata": {"annotations": {"kdesk.seraphex.net/requestedAt": "now"}}}"#;
const RULE_THEM: &str = r#"{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "mine"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "contactsync-controller"},
    "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "editor"}]}"#;
const JOB: &str = r#"{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "mine"}, "spec": {"template": {"spec":
    {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a"}]}}}}"#;

pub(super) const FORBIDDEN: &[Attempt] = &[
    by_rights("read-their-secret", "GET", "/api/v1/namespaces/{them}/secrets/kdesk", ""),
    by_rights("list-their-secrets", "GET", "/api/v1/namespaces/{them}/secrets", ""),
    by_rights("see-their-connections", "GET", "{ours}/{them}/contactsyncconnections", ""),
    by_rights("see-all-connections", "GET", "/apis/kdesk.seraphex.net/v1alpha1/contactsyncconnections", ""),
    by_rights("make-a-connection-there", "POST", "{ours}/{them}/contactsyncconnections", "{connection}"),
    by_rights(
        "change-their-connection",
        "PATCH",
        "{ours}/{them}/contactsyncconnections/emea",
        r#"{"spec": {"state": "Draft"}}"#,
    ),
    by_rights("run-their-connection", "PATCH", "{ours}/{them}/contactsyncconnections/emea", REQUESTED),
    by_rights(
        "approve-their-removals",
        "PATCH",
        "{ours}/{them}/contactsyncconnections/emea",
        r#"{"spec": {"leavers": {"approvedPlan": "sha256:0000000000000000000000000000000000000000000000000000000000000000"}}}"#,
    ),
    by_rights("delete-their-connection", "DELETE", "{ours}/{them}/contactsyncconnections/emea", "{}"),
    by_rights(
        "open-their-workspace",
        "PATCH",
        "{ours}/{them}/kdeskworkspaces/acme",
        r#"{"spec": {"allowedNamespaces": {"from": "All"}}}"#,
    ),
    by_rights("run-all-of-their-workspace", "PATCH", "{ours}/{them}/kdeskworkspaces/acme", REQUESTED),
    by_rights(
        "forge-own-status",
        "PATCH",
        "{ours}/{us}/contactsyncconnections/own/status",
        r#"{"status": {"binding": {"workspaceUID": "x", "ownershipKey": "default/them/emea", "sourceType": "File"}}}"#,
    ),
    by_rights(
        "forge-own-workspaces-status",
        "PATCH",
        "{ours}/{us}/kdeskworkspaces/acme/status",
        r#"{"status": {"connections": 0}}"#,
    ),
    by_rights(
        "label-own-namespace",
        "PATCH",
        "/api/v1/namespaces/{us}",
        r#"{"metadata": {"labels": {"contact-sync": "allowed"}}}"#,
    ),
    by_rights(
        "take-the-lease",
        "PATCH",
        "/apis/coordination.k8s.io/v1/namespaces/{operator}/leases/contactsync",
        r#"{"spec": {"holderIdentity": "me"}}"#,
    ),
    by_rights("run-a-job-as-the-controller", "POST", "/apis/batch/v1/namespaces/{operator}/jobs", JOB),
    by_rights("read-the-operators-secrets", "GET", "/api/v1/namespaces/{operator}/secrets", ""),
    by_rights(
        "get-a-token-of-the-controller",
        "POST",
        "/api/v1/namespaces/{operator}/serviceaccounts/contactsync/token",
        r#"{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}"#,
    ),
    by_rights(
        "give-oneself-the-controllers-role",
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{us}/rolebindings",
        RULE_THEM,
    ),
    by_rights(
        "change-the-definitions",
        "PATCH",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/contactsyncconnections.kdesk.seraphex.net",
        r#"{"metadata": {"labels": {"mine": "yes"}}}"#,
    ),
    Attempt {
        works: false,
        ..by_rights(
            "reach-the-metrics-through-the-api-server",
            "GET",
            "/api/v1/namespaces/{operator}/services/contactsync:8080/proxy/metrics",
            "",
        )
    },
    Attempt {
        works: false,
        ..by_rights(
            "forward-a-port-to-the-controller",
            "POST",
            "/api/v1/namespaces/{operator}/pods/contactsync-0/portforward",
            "{}",
        )
    },
    Attempt {
        works: false,
        ..by_rights("exec-into-the-controller", "POST", "/api/v1/namespaces/{operator}/pods/contactsync-0/exec", "{}")
    },
];

/// Something that no resource may say: the word, the resource, a change of its spec, and what the refusal names.
pub(super) const INVALID: &[(&str, &str, &str, &str)] = &[
    ("plain-http-to-outside", "kdeskworkspaces", r#"{"endpoint": "http://evil.example/scim/v2"}"#, "spec.endpoint"),
    (
        "secret-of-another-namespace",
        "kdeskworkspaces",
        r#"{"auth": {"bearerToken": {"secretRef": {"name": "them/kdesk", "key": "token"}}}}"#,
        "secretRef.name",
    ),
    (
        "secret-with-a-namespace",
        "kdeskworkspaces",
        r#"{"auth": {"bearerToken": {"secretRef": {"name": "kdesk", "namespace": "them", "key": "token"}}}}"#,
        "secretRef.namespace",
    ),
    (
        "file-of-another-namespace",
        "contactsyncconnections",
        r#"{"source": {"file": {"path": "../them/people.csv"}}}"#,
        "file.path",
    ),
    ("key-that-is-a-path", "contactsyncconnections", r#"{"ownershipKey": "../them/emea"}"#, "ownershipKey"),
    ("rate-without-end", "kdeskworkspaces", r#"{"limits": {"requestsPerSecond": 1000000}}"#, "requestsPerSecond"),
];

#[tokio::test]
async fn an_editor_of_one_namespace_may_do_nothing_in_another_or_in_the_operators() {
    let (us, them, operator) = (Office::open("us").await, Office::open("them").await, Office::open("operator").await);
    grant(&us, "editor", "edit").await;
    us.connection("own", &json!({"state": "Draft"})).await;
    them.connection("emea", &json!({"state": "Draft"})).await;
    operator.apply(&json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "contactsync"}})).await;
    operator
        .apply(&json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "contactsync"}}))
        .await;
    let fill = |text: &str| {
        let connection = manifest("planted", &json!({"state": "Draft"})).to_string();
        text.replace("{connection}", &connection)
            .replace("{ours}", OURS)
            .replace("{us}", &us.namespace)
            .replace("{them}", &them.namespace)
            .replace("{operator}", &operator.namespace)
    };
    for attempt in FORBIDDEN {
        let path = fill(attempt.path);
        let body: Value = serde_json::from_str(&fill(attempt.body)).unwrap_or_default();
        let (code, said) = ask(us.cluster, "editor", attempt.method, &path, &body).await;
        assert!(code == 403 && said.contains("\"editor\" cannot"), "{}: {code} {said}", attempt.word);
        if attempt.works {
            let dry = if attempt.method == "GET" { path } else { format!("{path}?dryRun=All") };
            let (code, said) = ask(us.cluster, ADMIN, attempt.method, &dry, &body).await;
            assert_eq!(code, 200, "{}: an administrator may: {said}", attempt.word);
        }
    }
    let impersonated = http::Request::get(super::path(&them.namespace, "contactsyncconnections"))
        .header("impersonate-user", "controller")
        .body(Vec::new())
        .unwrap();
    let refused = us.cluster.client_as("editor").await.request_text(impersonated).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 403), "nor as somebody else");
}

#[tokio::test]
async fn a_resource_cannot_say_what_leads_out_of_its_namespace() {
    let office = Office::open("words").await;
    grant(&office, "editor", "edit").await;
    for (word, resource, change, field) in INVALID {
        let mut object = if *resource == "kdeskworkspaces" {
            json!({"apiVersion": "kdesk.seraphex.net/v1alpha1", "kind": "KDeskWorkspace", "metadata": {"name": "planted"}, "spec": {
                "endpoint": "https://kdesk.example/scim/v2", "contactSync": "Enabled",
                "auth": {"type": "BearerToken", "bearerToken": {"secretRef": {"name": "kdesk", "key": "token"}}}}})
        } else {
            manifest("planted", &json!({}))
        };
        let there = path(&office.namespace, resource) + "?fieldValidation=Strict&dryRun=All";
        let (code, said) = ask(office.cluster, "editor", "POST", &there, &object).await;
        assert_eq!(code, 200, "{word}: without the change: {said}");
        crate::controller::support::merge(&mut object["spec"], &serde_json::from_str(change).unwrap());
        let (code, said) = ask(office.cluster, "editor", "POST", &there, &object).await;
        assert!((code == 422 || code == 400) && said.contains(field), "{word}: {code} {said}");
    }
}
