//! examples/gitops and examples/trial: manifests that are valid, and the check for pull requests.

use std::path::Path;
use std::process::Command;

use contactsync::manifest::{Checks, Input, Severity, check};

use super::{files, house};
use crate::chart::helm::{run, tool};
use crate::cli::Checkout;

/// What is found in a folder that is not merely a warning, and how many connections there are.
fn errors(inputs: &[Input]) -> (Vec<String>, usize) {
    let found = check(inputs, &Checks::default());
    let errors = found.diagnostics.iter().filter(|told| told.severity == Severity::Error);
    (errors.map(ToString::to_string).collect(), found.manifests.connections.len())
}

#[test]
fn connections_of_the_examples_are_valid() {
    for folder in ["examples/gitops/flux/team/connections", "examples/gitops/argocd/team/connections"] {
        assert_eq!(errors(&[Input::Path(house(folder))]), (vec![], 1), "{folder}");
    }
    let desk = "{apiVersion: kdesk.seraphex.net/v1alpha1, kind: KDeskWorkspace, metadata: {name: kdesk, namespace: contactsync}, \
                spec: {endpoint: 'https://a.example/scim/v2', contactSync: Enabled, \
                auth: {type: BearerToken, bearerToken: {secretRef: {name: a, key: b}}}}}";
    let desk = Input::Text { name: "the chart's workspace".into(), text: desk.to_owned() };
    assert_eq!(errors(&[Input::Path(house("examples/trial")), desk]), (vec![], 1));
}

/// The chart takes the values that Flux, Argo CD and the page about installing show.
#[test]
fn values_of_the_examples_render() {
    let parsed = |text: &str| serde_yaml::from_str::<serde_json::Value>(text).unwrap();
    let read = |path: &str| std::fs::read_to_string(house(path)).unwrap();
    let release = parsed(&read("examples/gitops/flux/platform/operator/release.yaml"));
    let application = parsed(&read("examples/gitops/argocd/operator.yaml"));
    let page = read("docs/install.md");
    let block = page.split("```yaml\n# values.yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let shown = [
        ("Flux", &release["spec"]["values"]),
        ("Argo CD", &application["spec"]["source"]["helm"]["valuesObject"]),
        ("install.md", &parsed(block)),
    ];
    for (place, values) in shown {
        assert_eq!(values["clusterName"], "production", "{place}");
        let mut helm = tool("helm");
        helm.args(["template", "contactsync", "--namespace", "contactsync", "--values", "-"]);
        helm.arg(house("charts/contactsync")).env("KUBECONFIG", "/dev/null");
        let said = run(helm, &values.to_string());
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{place}");
    }
}

#[test]
fn no_example_holds_a_secret() {
    for path in files(&house("examples/gitops"), &|path| path.extension().is_some_and(|end| end == "yaml")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let values: Vec<&str> =
            text.split("stringData:").skip(1).filter_map(|rest| rest.trim_start().lines().next()).collect();
        assert!(values.iter().all(|line| line.ends_with(": REPLACE-ME")), "{}: {values:?}", path.display());
    }
}

/// Runs check.sh in a checkout: its exit, and what it prints.
fn checked(checkout: &Checkout, args: &[&str]) -> (i32, String) {
    let output = Command::new("sh")
        .arg(house("examples/gitops/pull-request/check.sh"))
        .args(args)
        .current_dir(checkout.folder.path())
        .env("CONTACTSYNC", env!("CARGO_BIN_EXE_contactsync"))
        .output()
        .unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
    let done = Command::new("git").args(who).args(args).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The example in a repository of its own, committed.
fn repository(example: &str) -> Checkout {
    let checkout = Checkout::of(example);
    for args in [&["init", "-q"][..], &["add", "-A"], &["commit", "-qm", "Begin"]] {
        git(checkout.folder.path(), args);
    }
    checkout
}

#[test]
fn l20_a_pull_request_is_told_in_numbers_and_nobody_is_named() {
    let checkout = repository("quickstart");
    let plan = ["--base", "HEAD", "quickstart", "--", "--kdesk", "kdesk.db"];
    let (code, told) = checked(&checkout, &plan);
    assert!(code == 0 && told.contains("No connection changed"), "{told}");
    checkout.edit("quickstart/connection.yaml", "displayName: EMEA", "displayName: Europe,");
    let (code, told) = checked(&checkout, &plan);
    assert!(code == 0 && told.contains("| support/emea-sales | 122 | 110 | created 110 |"), "{told}");
    assert!(!told.contains('@') && !told.contains("10016"), "{told}");
}

#[test]
fn a_check_fails_for_a_wrong_manifest_and_for_a_plan_that_cannot_be_made() {
    let checkout = repository("quickstart");
    checkout.edit("quickstart/connection.yaml", "mode: List", "mode: Lost");
    let (code, told) = checked(&checkout, &["--no-plan", "quickstart"]);
    assert!(code == 2 && told.contains("quickstart/connection.yaml:24: spec.scope.mode"), "{told}");
    checkout.edit("quickstart/connection.yaml", "mode: Lost", "mode: List");
    assert_eq!(checked(&checkout, &["--no-plan", "quickstart"]).0, 0);
    checkout.edit("quickstart/connection.yaml", "name: Sales EMEA", "name: Nobody");
    let (code, told) = checked(&checkout, &["quickstart", "--", "--kdesk", "kdesk.db"]);
    assert!(code == 2 && told.contains("The plan could not be made"), "{told}");
    assert_eq!(checked(&checkout, &["nowhere"]).0, 2);
    assert_eq!(checked(&checkout, &[]).0, 2);
}

#[test]
fn a_check_plans_what_changed_and_names_what_is_removed() {
    let checkout = repository("overlap");
    let whole = std::fs::read_to_string(checkout.path("overlap/connections.yaml")).unwrap();
    let (first, others) = whole.split_once("\n---\n").unwrap();
    let plan = ["--base", "HEAD", "overlap", "--", "--kdesk", "kdesk.db"];
    std::fs::write(checkout.path("overlap/connections.yaml"), others).unwrap();
    std::fs::write(checkout.path("overlap/sales.yaml"), first).unwrap();
    git(checkout.folder.path(), &["add", "-A"]);
    git(checkout.folder.path(), &["commit", "-qm", "Move a connection"]);
    let (code, told) = checked(&checkout, &plan);
    assert!(code == 0 && told.contains("No connection changed"), "{told}");
    checkout.edit("overlap/sales.yaml", "displayName: ", "displayName: Our ");
    let (code, told) = checked(&checkout, &plan);
    assert!(code == 0 && told.contains("| support/sales |") && !told.contains("| support/support |"), "{told}");
    std::fs::remove_file(checkout.path("overlap/sales.yaml")).unwrap();
    let (code, told) = checked(&checkout, &plan);
    assert!(code == 0 && told.contains("**support/sales is removed.**"), "{told}");
    std::fs::write(checkout.path("overlap/sales.yaml"), first).unwrap();
    checkout.edit("overlap/workspace.yaml", "contactSync: Enabled", "contactSync: Enabled # still");
    let (code, told) = checked(&checkout, &plan);
    assert!(code == 0 && told.contains("| support/sales |") && told.contains("| support/support |"), "{told}");
}
