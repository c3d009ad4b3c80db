//! `contactsync check` of a connection in a cluster, as the users that RBAC knows.

use std::process::Output;

use serde_json::{Value, json};

use super::office::{Office, from_file};
use crate::support::company::SUFFIX;
use crate::support::house::people;
use crate::support::processes::program;
use crate::support::slapd::{ADMIN, PASSWORD, Slapd};

async fn check(office: &Office, user: &str, more: &[&str]) -> (i32, String, String) {
    let mut command = program();
    command
        .args(["check", "-n", &office.namespace])
        .args(more)
        .arg("--kubeconfig")
        .arg(office.cluster.kubeconfig_of(user));
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let Output { status, stdout, stderr } = ran;
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// What a group may read in the namespace: connections, and this besides.
async fn permit(office: &Office, group: &str, more: &Value) {
    let api = "rbac.authorization.k8s.io";
    let see = json!({"apiGroups": ["kdesk.seraphex.net"], "resources": ["contactsyncconnections"], "verbs": ["get"]});
    let rules = json!([see, {"apiGroups": [""], "resources": more, "verbs": ["get"]}]);
    office
        .apply(&json!({"apiVersion": format!("{api}/v1"), "kind": "Role", "metadata": {"name": group}, "rules": rules}))
        .await;
    office
        .apply(&json!({
            "apiVersion": format!("{api}/v1"), "kind": "RoleBinding", "metadata": {"name": group},
            "roleRef": {"apiGroup": api, "kind": "Role", "name": group},
            "subjects": [{"apiGroup": api, "kind": "Group", "name": group}],
        }))
        .await;
}

/// A connection over LDAP whose workspace is not there; `editor` may read what it names, `viewer` the connection alone.
async fn office(server: &Slapd) -> Office {
    let office = Office::open("check").await;
    permit(&office, "support-editors", &json!(["secrets", "configmaps"])).await;
    permit(&office, "support-viewers", &json!(["configmaps"])).await;
    let ca = String::from_utf8(server.ca.clone()).unwrap();
    office.secret("ldap", PASSWORD).await;
    office
        .apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca"}, "data": {"ca.crt": ca}}))
        .await;
    let ldap = json!({
        "url": server.ldaps(), "baseDN": SUFFIX, "tls": {"ca": {"configMapRef": {"name": "ca", "key": "ca.crt"}}},
        "bind": {"dn": ADMIN, "password": {"secretRef": {"name": "ldap", "key": "token"}}},
    });
    let change = json!({
        "workspaceRef": {"name": "absent"}, "source": {"type": "LDAP", "file": null, "ldap": ldap},
        "scope": {"list": null, "mode": "Pattern", "pattern": {"match": {"attribute": "cn", "glob": "*"}}},
    });
    office.connection("staff", &change).await;
    office
}

fn server() -> Slapd {
    Slapd::with(&format!(
        "dn: {SUFFIX}\nobjectClass: domain\ndc: acme\n\n\
         dn: uid=ann,{SUFFIX}\nobjectClass: inetOrgPerson\nsn: Test\ncn: Ann\nmail: ann@acme.example\n"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_checked_with_the_users_own_rights_and_without_its_workspace() {
    let server = server();
    let office = office(&server).await;
    let before = office.get("staff").await;
    let (code, out, err) = check(&office, "editor", &["staff", "--person", "ann@acme.example"]).await;
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.starts_with(&format!("{}/staff\n", office.namespace)), "{out}");
    assert!(out.contains("ok       scope        1 person in scope"), "{out}");
    assert!(out.contains(r#"identity.name                 "Ann" (from displayName // cn)"#), "{out}");
    assert!(out.contains("scope.pattern.match  yes  cn matches"), "{out}");
    assert_eq!(office.get("staff").await, before, "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_may_not_be_read_reads_as_one_that_is_not_there() {
    let server = server();
    let office = office(&server).await;
    let (code, forbidden, _) = check(&office, "viewer", &["staff"]).await;
    assert_eq!(code, 1, "{forbidden}");
    assert!(forbidden.contains("failed   credentials  source.ldap.bind.password.secretRef: Secret"), "{forbidden}");
    assert!(forbidden.contains("is not there: looked in the cluster, as far as you may read"), "{forbidden}");
    office.cluster.kubectl(&["delete", "secret", "ldap", "-n", &office.namespace]).await.ok();
    let (_, absent, _) = check(&office, "editor", &["staff"]).await;
    assert_eq!(absent, forbidden);
    let (code, out, unseen) = check(&office, "stranger", &["staff"]).await;
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(unseen.contains("as far as you may see"), "{unseen}");
    let (_, _, none) = check(&office, "editor", &["stuff"]).await;
    assert_eq!(unseen.replace("/staff", "/stuff"), none);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_controllers_is_read_where_the_user_says_it_lies() {
    let office = Office::open("check").await;
    permit(&office, "support-viewers", &json!(["configmaps"])).await;
    office.people(&people(3));
    office.connection("people", &from_file("people.csv", &json!({}))).await;
    let (code, _, err) = check(&office, "viewer", &["people"]).await;
    assert!(code == 2 && err.contains("--file-root"), "{err}");
    let folder = office.house.folder().to_str().unwrap();
    let (code, out, err) = check(&office, "viewer", &["people", "--file-root", folder, "-o", "json"]).await;
    assert_eq!(code, 0, "{out}{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&told[0]["counts"]["inScope"], &told[0]["passed"]), (&json!(3), &json!(true)));
}
