//! What objects name in one another: workspaces, namespaces, credentials, ownership keys.

use std::sync::Arc;

use contactsync::api::KeyRef;
use contactsync::keys::Keys;
use contactsync::manifest::{Checks, Input, ManifestKeys, load};

use super::support::{CONNECTION, WORKSPACE, folder, told, told_of};

fn key(name: &str, key: &str) -> KeyRef {
    KeyRef { name: name.into(), key: key.into() }
}

#[test]
fn a_workspace_admits_only_its_own_namespace_unless_it_says_otherwise() {
    let elsewhere = CONNECTION
        .replace("namespace: support", "namespace: sales")
        .replace("workspaceRef: {name: acme}", "workspaceRef: {name: acme, namespace: support}")
        .replace("bind: {dn: cn=x, password: {secretRef: {name: ad, key: password}}}", "flavor: OpenLDAP");
    let allowing = |how: &str| {
        WORKSPACE.replace("  contactSync: Enabled", &format!("  contactSync: Enabled\n  allowedNamespaces: {how}"))
    };
    assert_eq!(
        told_of(&[("c.yaml", &elsewhere), ("w.yaml", WORKSPACE)]),
        "c.yaml:6: spec.workspaceRef: KDeskWorkspace support/acme admits no connection from namespace sales: set allowedNamespaces there (w.yaml:1), or move this connection"
    );
    assert_eq!(told_of(&[("c.yaml", &elsewhere), ("w.yaml", &allowing("{from: All}"))]), "");
    let selecting = allowing(
        "{from: Selector, selector: {matchLabels: {desk: \"yes\"}, matchExpressions: [{key: x, operator: DoesNotExist}]}}",
    );
    assert_eq!(
        told_of(&[("c.yaml", &elsewhere), ("w.yaml", &selecting)]),
        "c.yaml:6: spec.workspaceRef: KDeskWorkspace support/acme admits no connection from namespace sales: its allowedNamespaces asks for labels: add the manifest of Namespace sales to what is given"
    );
    let namespace =
        |label: &str| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: sales, labels: {{{label}}}}}\n");
    assert_eq!(
        told_of(&[("c.yaml", &elsewhere), ("n.yaml", &namespace("desk: \"no\"")), ("w.yaml", &selecting)]),
        "c.yaml:6: spec.workspaceRef: KDeskWorkspace support/acme admits no connection from namespace sales: label Namespace sales as its allowedNamespaces.selector asks (w.yaml:1)"
    );
    assert_eq!(told_of(&[("c.yaml", &elsewhere), ("n.yaml", &namespace("desk: \"yes\"")), ("w.yaml", &selecting)]), "");
    assert_eq!(
        told_of(&[
            ("c.yaml", &elsewhere.replace("name: acme, namespace: support", "name: acme")),
            ("w.yaml", WORKSPACE)
        ]),
        "c.yaml:6: spec.workspaceRef.name: there is no KDeskWorkspace sales/acme in what was given: there is one in namespace support: set spec.workspaceRef.namespace: support, if its allowedNamespaces permits"
    );
}

#[test]
fn a_broken_workspace_is_not_told_as_missing() {
    assert_eq!(
        told_of(&[("c.yaml", CONNECTION), ("w.yaml", &WORKSPACE.replace("contactSync: Enabled", "contactSync: On"))]),
        "w.yaml:7: spec.contactSync: \"On\" is not supported: use Enabled or Disabled"
    );
}

#[test]
fn without_any_secret_a_missing_one_is_a_warning() {
    let workspace = WORKSPACE.split("---").next().unwrap();
    assert_eq!(
        told_of(&[("c.yaml", CONNECTION), ("w.yaml", workspace)]),
        "c.yaml:9: warning: spec.source.ldap.bind.password.secretRef: Secret support/ad is not in what was given: a run from here needs it: give its manifest, or --secrets-dir\n\
         w.yaml:6: warning: spec.auth.bearerToken.secretRef: Secret support/kdesk is not in what was given: a run from here needs it: give its manifest, or --secrets-dir"
    );
}

#[test]
fn secrets_lie_in_a_folder_by_name_or_by_namespace_and_name() {
    let workspace = WORKSPACE.split("---").next().unwrap();
    let manifests = folder(&[("c.yaml", CONNECTION.as_bytes()), ("w.yaml", workspace.as_bytes())]);
    let secrets = folder(&[
        ("support/ad/password", b"from namespace\n"),
        ("ad/password", b"from name"),
        ("kdesk/token", b"t\n\n"),
    ]);
    let checks = Checks { secrets_dir: Some(secrets.path()), ..Checks::default() };
    assert_eq!(told(manifests.path(), &checks), "");
    let loaded = load(&[Input::Path(manifests.path().to_owned())]).unwrap();
    let read =
        |namespace, key: &KeyRef| loaded.secret(namespace, key, Some(secrets.path())).unwrap().reveal().to_owned();
    assert_eq!(read("support", &key("ad", "password")), "from namespace");
    assert_eq!(read("other", &key("ad", "password")), "from name");
    assert_eq!(read("support", &key("kdesk", "token")), "t\n", "one newline is the editor's, more are the secret's");
    let missing = loaded.secret("support", &key("nope", "k"), Some(secrets.path())).unwrap_err().to_string();
    let folder = secrets.path().display();
    assert_eq!(
        missing,
        format!(
            "Secret support/nope is not there: looked in the manifests given, {folder}/support/nope/k and {folder}/nope/k"
        )
    );
}

#[test]
fn a_name_never_leads_out_of_the_secrets_folder() {
    let secrets = folder(&[("inside/x", b"x"), ("outside", b"hidden")]);
    let loaded = contactsync::manifest::Manifests::default();
    for (name, inner) in
        [("..", "outside"), ("../inside/..", "outside"), (".", "../outside"), ("", "outside"), ("/", "outside")]
    {
        let found = loaded.secret("ns", &key(name, inner), Some(&secrets.path().join("inside")));
        assert!(found.is_err(), "{name}/{inner}");
    }
}

#[test]
fn l20_neither_debug_nor_errors_show_a_secret() {
    let folder = folder(&[("w.yaml", WORKSPACE.as_bytes())]);
    let loaded = load(&[Input::Path(folder.path().to_owned())]).unwrap();
    let shown = format!("{loaded:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("secret-token") && shown.contains("password"), "{shown}");
}

#[tokio::test]
async fn manifests_give_keys_to_a_run() {
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: support}\ndata: {ca.crt: pem}\nbinaryData: {raw: AAE=}\n";
    let folder = folder(&[("w.yaml", WORKSPACE.as_bytes()), ("m.yaml", config.as_bytes())]);
    let loaded = load(&[Input::Path(folder.path().to_owned())]).unwrap();
    let keys = ManifestKeys::new(Arc::new(loaded), None);
    assert_eq!(keys.secret("support", &key("kdesk", "token")).await.unwrap().reveal(), "secret-token");
    assert_eq!(&keys.config_map("support", &key("ca", "raw")).await.unwrap()[..], b"\0\x01");
    let error = keys.secret("support", &key("kdesk", "Token")).await.unwrap_err().to_string();
    assert_eq!(error, "Secret support/kdesk has no key Token: it has token");
    let error = keys.config_map("other", &key("ca", "ca.crt")).await.unwrap_err().to_string();
    assert_eq!(error, "ConfigMap other/ca is not there: looked in the manifests given");
}

#[test]
fn a_secret_encrypted_in_git_is_told_as_such() {
    let encrypted = WORKSPACE.replace(
        "stringData: {password: hunter2}",
        "stringData: {password: 'ENC[AES256_GCM,data:x]'}\nsops: {version: 3.9.0}",
    );
    assert_eq!(
        told_of(&[("c.yaml", CONNECTION), ("w.yaml", &encrypted)]),
        "c.yaml:9: warning: spec.source.ldap.bind.password.secretRef: Secret support/ad is encrypted with SOPS: decrypt it first (sops --decrypt), or put the value into a file and name its folder with --secrets-dir"
    );
}

#[test]
fn l07_two_connections_never_share_an_ownership_key() {
    let second = CONNECTION
        .replace("name: emea-sales", "name: apac-sales")
        .replace("  state: Enabled", "  state: Enabled\n  ownershipKey: default/support/emea-sales");
    let third = CONNECTION
        .replace("name: emea-sales", "name: old-sales")
        .replace("  state: Enabled", "  state: Enabled\n  takeOverFrom: [default/support/emea-sales, gone]");
    assert_eq!(
        told_of(&[("a.yaml", CONNECTION), ("b.yaml", &second), ("c.yaml", &third), ("w.yaml", WORKSPACE)]),
        "b.yaml:6: spec.ownershipKey: default/support/emea-sales is also the key of support/emea-sales (a.yaml:1): give each connection its own: two with one key would undo each other's contacts\n\
         c.yaml:6: spec.takeOverFrom[0]: default/support/emea-sales is still the key of support/emea-sales (a.yaml:1): delete that connection first, with deletionPolicy: Keep, or leave the key out"
    );
}

#[test]
fn l07_a_default_key_that_is_too_long_is_told() {
    let long = CONNECTION
        .replace("name: emea-sales", &format!("name: {}", "a".repeat(60)))
        .replace("namespace: support", &format!("namespace: {}", "b".repeat(63)));
    let told = told_of(&[("c.yaml", &long), ("w.yaml", WORKSPACE)]);
    assert!(told.contains("c.yaml:5: spec.ownershipKey:") || told.contains("c.yaml:4: spec.ownershipKey:"), "{told}");
}

#[test]
fn what_scope_and_mapping_mean_is_compiled_by_others_and_told_in_line() {
    let folder = folder(&[("c.yaml", CONNECTION.as_bytes()), ("w.yaml", WORKSPACE.as_bytes())]);
    let compile = |spec: &contactsync::api::ContactSyncConnectionSpec| {
        assert!(spec.mapping.access.is_some());
        vec![("spec.mapping.access.portalAccess.expression".to_owned(), "inGroup wants one text".to_owned())]
    };
    let checks = Checks { compile: &compile, ..Checks::default() };
    assert_eq!(
        told(folder.path(), &checks),
        "c.yaml:22: spec.mapping.access.portalAccess.expression: inGroup wants one text"
    );
}

#[test]
fn a_file_source_is_looked_for_beside_its_manifest() {
    let ldap = CONNECTION.lines().nth(8).unwrap();
    let text = CONNECTION
        .replace("type: LDAP", "type: File")
        .replace(ldap, "    file: {path: people/all.csv, format: CSV, idField: id, groupsField: groups}");
    assert_eq!(told_of(&[("dir/c.yaml", &text), ("dir/people/all.csv", "id\n"), ("w.yaml", WORKSPACE)]), "");
    assert_eq!(
        told_of(&[("dir/c.yaml", &text), ("people/all.csv", "id\n"), ("w.yaml", WORKSPACE)]),
        "dir/c.yaml:9: warning: spec.source.file.path: there is no file dir/people/all.csv: check the path, which begins at this manifest's folder (in a cluster: at the operator's file root and the namespace)"
    );
    let absolute = text.replace("people/all.csv", "/etc/people.csv");
    assert_eq!(
        told_of(&[("c.yaml", &absolute), ("w.yaml", WORKSPACE)]),
        "c.yaml:9: spec.source.file.path: \"/etc/people.csv\" is an absolute path: write it from the folder of this manifest"
    );
}

#[test]
fn endpoints_are_https_or_near() {
    for good in [
        "http://localhost:8080/scim/v2",
        "http://127.0.0.1/scim",
        "http://kdesk.support.svc/scim/v2",
        "http://kdesk.support.svc.cluster.local:80/s",
    ] {
        assert_eq!(
            told_of(&[
                ("c.yaml", CONNECTION),
                ("w.yaml", &WORKSPACE.replace("https://acme.kdesk.example/scim/v2", good))
            ]),
            "",
            "{good}"
        );
    }
    for bad in [
        "http://acme.kdesk.example/scim/v2",
        "http://169.254.169.254/",
        "ftp://acme.kdesk.example",
        "acme",
        "http://svc/x",
    ] {
        let told = told_of(&[
            ("c.yaml", CONNECTION),
            ("w.yaml", &WORKSPACE.replace("https://acme.kdesk.example/scim/v2", bad)),
        ]);
        assert_eq!(
            told,
            "w.yaml:5: spec.endpoint: must be an https:// URL (plain http only to this machine or to a service in the cluster)",
            "{bad}"
        );
    }
    let told = told_of(&[("c.yaml", CONNECTION), ("w.yaml", &WORKSPACE.replace("https://acme", "https://me:pw@acme"))]);
    assert_eq!(
        told,
        "w.yaml:5: spec.endpoint: holds a user or a password: take it out: credentials are named in spec.auth"
    );
}
