//! Places that only the controller reaches, which a resource may not send it to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::controller::office::{Office, Operator, condition, from_file};
use crate::support::house::people;

pub(super) const WORDS: [&str; 13] = [
    "desk-in-the-controllers-pod",
    "desk-in-the-pod-over-plain-http",
    "desk-in-the-pod-by-name",
    "desk-in-the-pod-by-a-mapped-address",
    "desk-at-any-address-of-the-pod",
    "desk-at-the-clouds-metadata",
    "desk-at-the-metadata-by-number",
    "desk-at-a-host-not-listed",
    "desk-below-a-host-that-looks-listed",
    "desk-in-the-cluster-over-plain-http",
    "token-issuer-at-a-host-not-listed",
    "directory-in-the-controllers-pod",
    "directory-at-a-host-not-listed",
];

/// A server that counts who comes.
async fn trap(answer: String) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, met) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&met);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut request = vec![0; 8192];
                drop(stream.read(&mut request).await);
                drop(stream.write_all(answer.as_bytes()).await);
            });
        }
    });
    (address, met)
}

#[tokio::test]
async fn addresses_that_only_the_controller_reaches_are_never_called() {
    let office = Office::open("addresses").await;
    office.people(&people(2));
    let (address, met) = trap("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned()).await;
    let port = address.port();
    let endpoint = |text: String| json!({"endpoint": text});
    let issuer = json!({"endpoint": "https://kdesk.example/scim/v2", "auth": {"type": "OAuth2", "bearerToken": null, "oauth2": {
        "tokenURL": "https://evil.example/token", "clientID": "a",
        "clientSecret": {"secretRef": {"name": "kdesk", "key": "token"}}}}});
    let ldap =
        |url: String| json!({"source": {"type": "LDAP", "file": null, "ldap": {"url": url, "baseDN": "dc=acme"}}});
    let (pod, metadata, host) = ("--allow-loopback", "link-local or metadata", "--allowed-host");
    let desks: [(Value, &str); 11] = [
        (endpoint(format!("https://127.0.0.1:{port}/scim/v2")), pod),
        (endpoint(format!("http://127.0.0.1:{port}/scim/v2")), pod),
        (endpoint(format!("https://localhost:{port}/scim/v2")), pod),
        (endpoint(format!("https://[::ffff:127.0.0.1]:{port}/scim/v2")), pod),
        (endpoint(format!("https://0.0.0.0:{port}/scim/v2")), pod),
        (endpoint("https://169.254.169.254/latest/meta-data".to_owned()), metadata),
        (endpoint("https://2852039166/latest/meta-data".to_owned()), metadata),
        (endpoint("https://evil.example/scim/v2".to_owned()), host),
        (endpoint("https://kdesk.example.evil.example/scim/v2".to_owned()), host),
        (endpoint("http://prometheus.monitoring.svc/scim/v2".to_owned()), "plain http"),
        (issuer, host),
    ];
    let directories =
        [(ldap(format!("ldaps://127.0.0.1:{port}")), pod), (ldap("ldaps://evil.example".to_owned()), host)];
    let _controller = Operator::limited(&office, &["--allowed-host", "kdesk.example,*.acme.example,*.monitoring.svc"]);
    for (number, (change, _)) in desks.iter().enumerate() {
        office.workspace(&format!("desk-{number}"), change).await;
    }
    for (number, (change, _)) in directories.iter().enumerate() {
        office.connection(&format!("people-{number}"), change).await;
    }
    for ((number, (_, why)), word) in desks.iter().enumerate().zip(WORDS) {
        let workspace = office.workspace_ready(&format!("desk-{number}"), "False", "InvalidSpec").await;
        let message = &workspace.status.unwrap().conditions[0].message;
        let field = if word.starts_with("token") { "auth.oauth2.tokenURL" } else { "endpoint" };
        assert!(message.contains(why) && message.contains(field), "{word}: {message}");
    }
    for ((number, (_, why)), word) in directories.iter().enumerate().zip(&WORDS[desks.len()..]) {
        let status = office.ready(&format!("people-{number}"), "False", "InvalidSpec").await;
        let (_, _, message) = condition(&status, "Ready").unwrap();
        assert!(message.contains(why) && message.contains("source.ldap.url"), "{word}: {message}");
    }
    assert_eq!(met.load(Ordering::SeqCst), 0, "nobody came");
}

/// A desk of the tenant's own may send the controller elsewhere, with the credentials that it bears.
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let office = Office::open("redirects").await;
    office.people(&people(2));
    let (inside, met) = trap("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned()).await;
    let moved =
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{inside}/scim/v2\r\nContent-Length: 0\r\n\r\n");
    let (outside, asked) = trap(moved).await;
    let _controller = office.controller(&[]);
    office.workspace("acme", &json!({"endpoint": format!("http://{outside}/scim/v2")})).await;
    office.connection("emea", &from_file("people.csv", &json!({}))).await;
    office.workspace_ready("acme", "False", "DeskNotSCIM").await;
    office.ready("emea", "False", "DeskNotSCIM").await;
    assert!(asked.load(Ordering::SeqCst) > 0);
    assert_eq!(met.load(Ordering::SeqCst), 0, "nobody came");
}
