//! Who may do what, by the chart: the controller no more than deploy/rbac.yaml says, users what their role says.

use std::collections::BTreeSet;

use serde_json::Value;

use super::helm::{named, objects, of, set};

/// (API group, resource, name or nothing, verb)
type Right = (String, String, String, String);

fn rights(role: &Value) -> BTreeSet<Right> {
    let words = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        let mut names = words(&rule["resourceNames"]);
        if names.is_empty() {
            names.push(String::new());
        }
        for group in words(&rule["apiGroups"]) {
            for resource in words(&rule["resources"]) {
                for name in &names {
                    for verb in words(&rule["verbs"]) {
                        rights.insert((group.clone(), resource.clone(), name.clone(), verb));
                    }
                }
            }
        }
    }
    rights
}

fn listed(group: &str, resource: &str, names: &[&str], verbs: &str) -> BTreeSet<Right> {
    let right = |name: &&str, verb: &str| (group.to_owned(), resource.to_owned(), (*name).to_owned(), verb.to_owned());
    names.iter().flat_map(|name| verbs.split(' ').map(move |verb| right(name, verb))).collect()
}

/// Those of deploy/rbac.yaml, by the roles' names.
fn written(roles: &[&str]) -> BTreeSet<Right> {
    let all = objects(include_str!("../../deploy/rbac.yaml"));
    roles.iter().flat_map(|role| rights(named(&all, "ClusterRole", role))).collect()
}

#[test]
fn the_controller_has_the_rights_of_deploy_rbac_and_no_other() {
    let cluster = rights(named(&set(&[]), "ClusterRole", "contactsync-controller"));
    assert_eq!(cluster, written(&["contactsync-controller", "contactsync-namespaces"]));
    let namespaced = set(&["watchNamespaces={support,sales}"]);
    let wanted = written(&["contactsync-controller"]);
    for role in of(&namespaced, "Role").into_iter().filter(|role| role["metadata"]["name"] == "contactsync-controller")
    {
        assert_eq!(rights(role), wanted, "{}", role["metadata"]["namespace"]);
    }
}

#[test]
fn it_asks_for_tokens_of_the_service_accounts_that_are_named_and_no_other() {
    let names = "workloadIdentity.serviceAccountNames={contactsync-directory,other}";
    let tokens = listed("", "serviceaccounts/token", &["contactsync-directory", "other"], "create");
    let cluster = rights(named(&set(&[names]), "ClusterRole", "contactsync-controller"));
    assert_eq!(cluster, &written(&["contactsync-controller", "contactsync-namespaces"]) | &tokens);
    let namespaced = set(&[names, "watchNamespaces={support,sales}"]);
    let with_tokens: Vec<_> = of(&namespaced, "Role")
        .into_iter()
        .filter(|role| rights(role).is_superset(&tokens))
        .map(|role| role["metadata"]["namespace"].as_str().unwrap())
        .collect();
    assert_eq!(with_tokens, ["support", "sales"], "and not in the controller's own");
}

#[test]
fn in_its_own_namespace_it_holds_its_leases_and_makes_jobs_where_they_are_enabled() {
    let leases = |names: &[&str]| {
        // Without the right to look a controller would not know of a Job that was made while Jobs were enabled.
        &listed("coordination.k8s.io", "leases", &[""], "create get")
            | &listed("coordination.k8s.io", "leases", names, "get update")
    };
    let plain = rights(named(&set(&[]), "Role", "contactsync-leader"));
    assert_eq!(plain, leases(&["contactsync", "contactsync-shards"]));
    assert_eq!(plain, written(&["contactsync-leader"]));
    let s3 = ["shards=2", "logs.store.type=S3", "logs.store.s3.bucket=a"];
    let sharded = rights(named(&set(&s3), "Role", "contactsync-leader"));
    let wanted = leases(&["contactsync-0-of-2", "contactsync-1-of-2", "contactsync-shards"]);
    // deploy/rbac.yaml cannot know how many there are, and so says no names.
    assert_eq!(sharded, wanted);
    let jobs = rights(named(&set(&[&s3[..], &["jobs.enabled=true"]].concat()), "Role", "contactsync-leader"));
    assert_eq!(jobs, &wanted | &written(&["contactsync-jobs"]));
}

#[test]
fn namespaced_mode_renders_no_cluster_role_of_the_controller() {
    let users_too = set(&["watchNamespaces={support,sales}"]);
    let names: Vec<_> = of(&users_too, "ClusterRole").iter().map(|role| role["metadata"]["name"].clone()).collect();
    assert_eq!(names, ["contactsync-view", "contactsync-edit"], "for users; bound to nobody");
    let none = set(&["watchNamespaces={support,sales}", "rbac.userRoles=false", "crds.enabled=false"]);
    for object in &none {
        assert!(!object["metadata"]["namespace"].is_null(), "{} is not in a namespace", object["kind"]);
    }
    let bound: Vec<_> = of(&none, "RoleBinding")
        .iter()
        .filter(|binding| binding["roleRef"]["name"] == "contactsync-controller")
        .map(|binding| binding["metadata"]["namespace"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(bound, ["support", "sales"]);
    let deployment = named(&none, "Deployment", "contactsync");
    let arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"].to_string();
    assert!(arguments.contains("--watch-namespace=support") && arguments.contains("--watch-namespace=sales"));
}

#[test]
fn users_view_status_and_edit_connections_and_only_editors_ask_for_logs() {
    let objects = set(&[]);
    let ours = "kdesk.seraphex.net";
    let kinds = ["contactsyncconnections", "kdeskworkspaces"];
    let on = |verbs: &str| kinds.iter().flat_map(|kind| listed(ours, kind, &[""], verbs)).collect::<BTreeSet<_>>();
    let status = kinds.iter().flat_map(|kind| listed(ours, &format!("{kind}/status"), &[""], "get")).collect();
    let view = named(&objects, "ClusterRole", "contactsync-view");
    assert_eq!(rights(view), &on("get list watch") | &status);
    let users = self::objects(include_str!("../../deploy/users.yaml"));
    assert_eq!(rights(view), rights(named(&users, "ClusterRole", "contactsync-view")));
    let edit = named(&objects, "ClusterRole", "contactsync-edit");
    let asks = listed(ours, "contactsynclogrequests", &[""], "create get list delete");
    assert_eq!(rights(edit), &(&on("get list watch create update patch delete") | &status) | &asks);
    assert_eq!(rights(edit), rights(named(&users, "ClusterRole", "contactsync-edit")));
    let aggregated = |role: &Value| {
        let labels = role["metadata"]["labels"].as_object().unwrap().keys().cloned();
        labels
            .filter_map(|label| Some(label.strip_prefix("rbac.authorization.k8s.io/aggregate-to-")?.to_owned()))
            .collect()
    };
    let (to_view, to_edit): (BTreeSet<String>, BTreeSet<String>) = (aggregated(view), aggregated(edit));
    assert_eq!(to_view, ["admin", "edit", "view"].map(Into::into).into());
    assert_eq!(to_edit, ["admin", "edit"].map(Into::into).into());
    let apart = set(&["rbac.aggregate=false"]);
    assert!(aggregated(named(&apart, "ClusterRole", "contactsync-edit")).is_empty());
}

#[test]
fn everybody_reaches_the_service_of_run_logs_and_nothing_else_through_the_api_server() {
    let objects = set(&[]);
    let role = rights(named(&objects, "Role", "contactsync-logs"));
    let names = ["contactsync-logs", "contactsync-logs:logs", "contactsync-logs:8082"];
    let wanted = &listed("", "services/proxy", &names, "get")
        | &listed("", "services/proxy", &["http:contactsync-logs:logs", "http:contactsync-logs:8082"], "get");
    assert_eq!(role, wanted);
    let binding = named(&objects, "RoleBinding", "contactsync-logs");
    assert_eq!(binding["subjects"][0]["name"], "system:authenticated");
    assert!(of(&set(&["logs.access.enabled=false"]), "Role").len() == 1);
}
