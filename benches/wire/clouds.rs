//! Directories over HTTP: what a run costs, and how many requests it makes against the least that pages allow. The vendor's
//! server is a fake in this process, which makes people as they are asked for; its time is part of the run's.

use serde_json::json;

use crate::desk::Desk;
use crate::scene::Scene;
use crate::show;
use crate::support::google::{self, Google};
use crate::support::graph::{self, Graph};
use crate::support::okta::{self, OktaService};
use crate::support::scim_idp::{self, ScimIdp};
use crate::support::service::{Misbehaving, Server};

/// A source over a fake, as the part of a manifest that names it.
struct Cloud {
    name: &'static str,
    server: Box<dyn Misbehaving>,
    /// Scope and source.
    source: String,
    /// People a page.
    page: usize,
}

pub async fn measure(people: usize) {
    println!("Directories over HTTP, {people} people each:");
    println!("{:<34} {:>9} {:>9} {:>12}", "", "time", "CPU", "peak memory");
    for cloud in [entra(people).await, google(people).await, okta(people).await, scim(people).await] {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::start(&folder.path().join("kdesk.db"));
        let scene = Scene::new(folder.path(), &desk.base, &cloud.source);
        for (what, count) in [("first run", "created"), ("nothing to do", "unchanged")] {
            cloud.server.forget();
            let (cost, outcome) = tokio::task::block_in_place(|| scene.run());
            assert_eq!(outcome[0]["counts"][count].as_u64(), Some(people as u64), "{}: {outcome:#}", cloud.name);
            let asked = cloud.server.log();
            let tokens = asked.iter().filter(|ask| ask.path.contains("token")).count();
            println!(
                "{}; {} requests, {} pages; {tokens} token",
                show(&format!("{}, {what}", cloud.name), people, &cost),
                asked.len() - tokens,
                people.div_ceil(cloud.page),
            );
        }
    }
    println!();
}

fn manifest(member: &str, type_: &str, source: &serde_json::Value, email: &str, secret: &str) -> String {
    format!(
        "  source: {{type: {type_}, {member}: {source}}}
  scope: {{mode: Pattern, pattern: {{match: {{attribute: '{email}', glob: \"*@acme.example\"}}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: source, namespace: bench}}
stringData: {}
",
        json!({"secret": secret})
    )
}

fn secret() -> serde_json::Value {
    json!({"secretRef": {"name": "source", "key": "secret"}})
}

async fn entra(people: usize) -> Cloud {
    let server = Server::start(Graph::generated(people)).await;
    let source = json!({
        "tenantID": graph::TENANT, "clientID": graph::CLIENT,
        "auth": {"type": "ClientSecret", "clientSecret": secret()},
        "endpoints": {"login": server.url, "graph": server.url},
    });
    let source = manifest("entra", "Entra", &source, "mail", graph::SECRET);
    Cloud { name: "Entra", server: Box::new(server), source, page: 999 }
}

async fn google(people: usize) -> Cloud {
    let (_, server) = Google::generated(people).await;
    let source = json!({
        "subject": google::ADMIN,
        "auth": {"type": "ServiceAccountKey", "serviceAccountKey": secret()},
        "endpoints": {"tokenURL": server.url.join("token").unwrap(), "directory": server.url},
    });
    let source = manifest("google", "Google", &source, "primaryEmail", &google::key_file().to_string());
    Cloud { name: "Google", server: Box::new(server), source, page: 500 }
}

async fn okta(people: usize) -> Cloud {
    let server = Server::start(OktaService::generated(people)).await;
    let source = json!({"orgURL": server.url, "auth": {"type": "APIToken", "apiToken": secret()}});
    let source = manifest("okta", "Okta", &source, "email", okta::API_TOKEN);
    Cloud { name: "Okta", server: Box::new(server), source, page: 200 }
}

async fn scim(people: usize) -> Cloud {
    let server = ScimIdp::generated(people).await;
    let source = json!({
        "endpoint": server.url.join(scim_idp::BASE).unwrap(),
        "auth": {"type": "BearerToken", "bearerToken": secret()},
        "pageSize": 1000,
    });
    let source = manifest("scim", "SCIM", &source, "emails[primary]", scim_idp::TOKEN);
    Cloud { name: "SCIM", server: Box::new(server), source, page: 1000 }
}
