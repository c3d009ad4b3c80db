//! What is refused, in which words, and that nothing was done.

use insta::assert_snapshot;

use super::Checkout;

#[test]
fn validate_accepts_every_example() {
    for example in ["quickstart", "entra", "google", "ldap", "okta", "overlap", "scim"] {
        let checkout = Checkout::of(example);
        let ran = checkout.run(&["validate", "-f", example]);
        assert_eq!((ran.code(), ran.out().as_str()), (0, ""), "{}", ran.err());
    }
}

#[test]
fn validate_names_file_line_field_and_mend() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "  scope:\n", "  scop:\n");
    checkout.edit("quickstart/connection.yaml", "inGroup('Portal Users')", "inGrup('Portal Users')");
    let ran = checkout.run(&["validate", "-f", "quickstart"]);
    assert_eq!(ran.code(), 2);
    let named = ran.out().lines().any(|line| {
        line.starts_with("quickstart/connection.yaml:") && line.contains("spec.scop") && line.contains("spec.scope")
    });
    assert!(named, "{}", ran.out());
}

#[test]
fn l18_an_expression_that_does_not_compile_is_refused_before_anything_runs() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "inGroup('Portal Users')", "inGrup('Portal Users')");
    let ran = checkout.run(&["sync", "-f", "quickstart", "--kdesk", "kdesk.db"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.err().contains("quickstart/connection.yaml:"), "{}", ran.err());
    assert!(ran.err().contains("inGrup"), "{}", ran.err());
    assert!(!checkout.path("kdesk.db").exists(), "nothing was opened");
}

#[test]
fn an_unknown_connection_is_answered_with_those_there_are() {
    let checkout = Checkout::of("quickstart");
    let ran = checkout.run(&["sync", "-f", "quickstart", "--kdesk", "kdesk.db", "--connection", "emea"]);
    assert_eq!(ran.code(), 2);
    assert_snapshot!(ran.err(), @r#"error: there is no connection "emea": there are support/emea-sales"#);
}

#[test]
fn a_desk_that_is_not_there_fails_the_run_and_is_named() {
    let checkout = Checkout::of("quickstart");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("endpoint: http://{closed}/scim/v2");
    checkout.edit("quickstart/workspace.yaml", "endpoint: https://acme.kdesk.example/scim/v2", &endpoint);
    checkout.edit("quickstart/connection.yaml", "idField: employeeNumber", "idField: employeeNumer");
    let ran = checkout.run(&["sync", "-f", "quickstart", "--log-dir", "runs"]);
    assert_eq!(ran.code(), 2);
    assert!(ran.out().contains("employeeNumer") || ran.out().contains(&closed.to_string()), "{}", ran.out());
}

#[test]
fn a_pipeline_calls_no_host_but_those_it_is_given() {
    let checkout = Checkout::of("quickstart");
    let ran = checkout.run(&["plan", "-f", "quickstart", "--log-dir", "runs", "--allowed-host", "*.other.example"]);
    assert_eq!(ran.code(), 2, "{}{}", ran.out(), ran.err());
    let told = ran.out() + &ran.err();
    assert!(told.contains("endpoint: the operator does not allow this host (--allowed-host)"), "{told}");
}
