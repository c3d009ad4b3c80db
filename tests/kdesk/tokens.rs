//! Who gets in.

use contactsync::kdesk::{Auth, Error, Workspace};
use reqwest::Method;

use super::support::{Server, answer};

#[tokio::test]
async fn rejects_who_has_no_valid_token_and_says_how() {
    let server = Server::start().await;
    let tries =
        [None, Some("Bearer wrong".to_owned()), Some(format!("Basic {}", server.token)), Some("Bearer".to_owned())];
    for header in tries {
        let mut request = server.client.request(Method::GET, format!("{}/Users", server.base));
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let refused = answer(request).await;
        assert_eq!(refused.refusal(), (401, ""), "{header:?}");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    let lower = server.client.request(Method::GET, format!("{}/Users", server.base));
    assert_eq!(answer(lower.header("authorization", format!("bearer {}", server.token))).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_even_if_another_process_revoked_it() {
    let server = Server::start().await;
    assert_eq!(server.get("/Users").await.status, 200);
    let other = Workspace::open(&server.database(), Auth::Bearer).unwrap();
    assert_eq!(other.list_tokens().unwrap().iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["test"]);
    assert!(matches!(other.create_token("test"), Err(Error::TokenExists(_))));
    assert!(matches!(other.add_token("short", "short"), Err(Error::BadToken(_))));
    let second = other.create_token("second").unwrap();
    assert!(other.revoke_token("test").unwrap());
    assert!(!other.revoke_token("test").unwrap());
    assert_eq!(server.get("/Users").await.refusal(), (401, ""));
    let request = server.client.request(Method::GET, format!("{}/Users", server.base)).bearer_auth(&second);
    assert_eq!(answer(request).await.status, 200);
    let bytes = std::fs::read(server.database()).unwrap();
    assert!(!bytes.windows(second.len()).any(|window| window == second.as_bytes()), "secrets are kept as hashes");
}

#[tokio::test]
async fn without_authentication_it_listens_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(&folder.path().join("kdesk.db"), Auth::Open).unwrap();
    let everywhere = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    assert!(matches!(workspace.serve(everywhere, async {}).await, Err(Error::OpenBeyondLoopback(_))));
}
