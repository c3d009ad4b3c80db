//! The desk's certificate, and the authority that the workspace names.

use super::office::{Office, workspace};
use crate::support::tls::{Authority, Flaw, front};

/// Runs against the desk behind this certificate, with this authority named, if any; contacts stay as they are.
async fn over_tls(authority: &Authority, flaw: Flaw, named: Option<&str>) -> (i32, String) {
    let office = Office::open().await;
    let server = office.desk.url.socket_addrs(|| None).unwrap()[0];
    let address = front(authority.acceptor(flaw), server).await;
    let tls = named.map_or("", |_| "  tls: {ca: {configMapRef: {name: ca, key: ca.crt}}}\n");
    office.write("workspace.yaml", workspace(&format!("https://{address}/scim/v2"), tls));
    let ca = serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "ca", "namespace": "support"},
        "data": {"ca.crt": named.unwrap_or_default()}});
    office.write("ca.json", ca.to_string());
    let before = office.desk.users();
    let (ran, office) = tokio::task::spawn_blocking(move || (office.sync(), office)).await.unwrap();
    assert_eq!(office.desk.users(), before);
    (ran.code(), format!("{}{}", ran.out(), ran.err()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_authority_that_is_named_is_trusted_and_no_other() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (code, said) = over_tls(&ours, Flaw::None, Some(&ours.pem)).await;
    assert!(code == 0 && said.contains("unchanged 4"), "{said}");
    for (flaw, named, words) in [
        (Flaw::None, Some(other.pem.as_str()), "authority that is not trusted: name that authority in tls.ca"),
        (Flaw::None, None, "authority that is not trusted: name that authority in tls.ca"),
        (Flaw::Expired, Some(ours.pem.as_str()), "has expired"),
        (Flaw::OtherHost, Some(ours.pem.as_str()), "is for another host"),
    ] {
        let (code, said) = over_tls(&ours, flaw, named).await;
        assert_eq!(code, 2, "{flaw:?}: {said}");
        assert!(said.contains(words) && said.contains("nobody was removed"), "{flaw:?}: {said}");
    }
}
