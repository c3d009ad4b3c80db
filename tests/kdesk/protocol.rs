//! The protocol around the resources: discovery, media types, compression, bounds, and errors that are SCIM's.

use std::io::Write as _;

use contactsync::scim;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Server, answer, user};

#[tokio::test]
async fn tells_what_it_can_do() {
    let server = Server::start().await;
    let config = server.get("/ServiceProviderConfig").await.body;
    assert_eq!(config["pagination"]["cursor"], true);
    for feature in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[feature]["supported"], true, "{feature}");
    }
    let schemas = server.get("/Schemas").await.body;
    let ids: Vec<&Value> = schemas["Resources"].as_array().unwrap().iter().map(|schema| &schema["id"]).collect();
    assert_eq!(ids, [scim::USER, scim::ENTERPRISE_USER, scim::KDESK_CONTACT]);
    let one = server.get(&format!("/Schemas/{}", scim::KDESK_CONTACT)).await;
    assert_eq!(one.body["meta"]["location"], format!("{}/Schemas/{}", server.base, scim::KDESK_CONTACT));
    assert_eq!(server.get("/ResourceTypes/User").await.body["endpoint"], "/Users");
    assert_eq!(server.get("/ResourceTypes").await.body["totalResults"], 1, "nothing is advertised that is not there");
    for unknown in ["/Schemas/urn:example", "/ResourceTypes/Group", "/Groups", "/Users/a/b", "/"] {
        assert_eq!(server.get(unknown).await.refusal(), (404, ""), "{unknown}");
    }
    assert_eq!(server.get("/Schemas?filter=id+pr").await.refusal(), (403, ""));
    assert_eq!(server.get("/Me").await.refusal(), (501, ""));
    let wrong = answer(server.request(Method::PUT, "/ServiceProviderConfig")).await;
    assert_eq!(wrong.refusal(), (405, ""));
    assert!(wrong.header("allow").contains("GET"));
}

#[tokio::test]
async fn accepts_both_media_types_and_no_other() {
    let server = Server::start().await;
    for (n, (kind, status)) in
        [("application/json", 201), ("application/scim+json; charset=utf-8", 201), ("text/plain", 415)]
            .iter()
            .enumerate()
    {
        let body = user(json!({"userName": format!("u{n}")})).to_string();
        let made = answer(server.request(Method::POST, "/Users").header("content-type", *kind).body(body)).await;
        assert_eq!(made.status.as_u16(), *status, "{kind}");
    }
    for body in ["", "{", "[]", "\"x\"", "{\"schemas\":[\"\\ud800\"]}"] {
        let refused = answer(server.request(Method::POST, "/Users").body(body)).await;
        assert_eq!(refused.refusal(), (400, "invalidSyntax"), "{body}");
    }
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(answer(server.request(Method::POST, "/Users").body(deep)).await.refusal(), (400, "invalidSyntax"));
}

#[tokio::test]
async fn reads_and_writes_gzip_within_bounds() {
    let server = Server::start().await;
    let pack = |body: &str| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        packed.write_all(body.as_bytes()).unwrap();
        packed.finish().unwrap()
    };
    let send = |packed: Vec<u8>| {
        answer(server.request(Method::POST, "/Users").header("content-encoding", "gzip").body(packed))
    };
    let made = send(pack(&user(json!({"userName": "a", "title": "x".repeat(1000)})).to_string())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let bomb = send(pack(&user(json!({"userName": "b", "title": "x".repeat(9_000_000)})).to_string())).await;
    assert_eq!(bomb.refusal(), (413, ""), "the bound is on what it unpacks to");
    assert_eq!(send(b"no gzip".to_vec()).await.refusal(), (400, "invalidSyntax"));
    let odd = answer(server.request(Method::POST, "/Users").header("content-encoding", "lzma").body("x")).await;
    assert_eq!(odd.refusal(), (415, ""));
    // Asked for by hand, it is not unpacked by the client.
    let raw = server.request(Method::GET, "/Users").header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(raw.headers()["content-encoding"], "gzip");
    assert_eq!(raw.bytes().await.unwrap()[..2], [0x1f, 0x8b]);
}

#[tokio::test]
async fn locations_follow_the_address_that_the_client_used() {
    let server = Server::start().await;
    let made = server.create(json!({"userName": "a"})).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let proxied =
        server.request(Method::GET, &path).header("host", "desk.example:8443").header("x-forwarded-proto", "https");
    assert_eq!(answer(proxied).await.body["meta"]["location"], format!("https://desk.example:8443/scim/v2{path}"));
    let hostile = server.request(Method::GET, &path).header("host", "a\"b");
    let refused = answer(hostile).await;
    assert!(refused.status == 400 || refused.body["meta"]["location"] == format!("http://localhost/scim/v2{path}"));
}

#[tokio::test]
async fn rejects_values_naming_the_attribute() {
    let server = Server::start().await;
    for (body, named) in [
        (json!({"userName": "a", "active": "yes"}), "active"),
        (json!({"userName": "a", "emails": [{"value": 1}]}), "emails.value"),
        (json!({"userName": "a\u{0}b"}), "userName"),
        (json!({"displayName": "nameless"}), "userName"),
        (json!({"userName": "a", scim::KDESK_CONTACT: {"portalAccess": "true"}}), "portalAccess"),
    ] {
        let refused = server.send(Method::POST, "/Users", &user(body)).await;
        assert_eq!(refused.refusal(), (400, "invalidValue"));
        assert!(refused.body["detail"].as_str().unwrap().contains(named), "{}", refused.body);
    }
    let unknown = server.create(json!({"userName": "a", "shoeSize": 44, "password": "secret"})).await;
    assert!(unknown.get("shoeSize").is_none() && unknown.get("password").is_none());
}
