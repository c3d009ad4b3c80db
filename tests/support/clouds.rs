//! Every directory over HTTP as a manifest names it, over a server that makes its people as they are asked for.

use contactsync::net::Secret;
use serde_json::{Value, json};

use super::google::{self, Google};
use super::graph::{self, Graph};
use super::okta::{self, OktaService};
use super::scim_idp::{self, ScimIdp};
use super::service::{Misbehaving, Server};

/// A source over a server.
pub struct Cloud {
    pub name: &'static str,
    pub server: Box<dyn Misbehaving>,
    /// `spec.source`.
    pub source: Value,
    /// Its one secret, key `secret` of the Secret `source`.
    pub secret: Secret,
    /// The attribute with the address, which ends in `@acme.example`.
    pub email: &'static str,
    /// Most people that a page holds.
    pub page: usize,
}

impl Cloud {
    fn new(
        (name, member): (&'static str, &str),
        server: impl Misbehaving + 'static,
        source: &Value,
        secret: &str,
        (email, page): (&'static str, usize),
    ) -> Self {
        let source = json!({"type": name, member: source});
        Self { name, server: Box::new(server), source, secret: Secret::new(secret), email, page }
    }
}

/// All of them, so many people each, in pages of so many or of the most that the vendor gives.
pub async fn clouds(people: usize, page: Option<usize>) -> [Cloud; 4] {
    [entra(people, page).await, google(people, page).await, okta(people, page).await, scim(people, page).await]
}

fn secret() -> Value {
    json!({"secretRef": {"name": "source", "key": "secret"}})
}

async fn entra(people: usize, page: Option<usize>) -> Cloud {
    let page = page.unwrap_or(999);
    let server = Server::start(Graph::generated(people)).await;
    let source = json!({
        "tenantID": graph::TENANT, "clientID": graph::CLIENT, "pageSize": page,
        "auth": {"type": "ClientSecret", "clientSecret": secret()},
        "endpoints": {"login": server.url, "graph": server.url},
    });
    Cloud::new(("Entra", "entra"), server, &source, graph::SECRET, ("mail", page))
}

async fn google(people: usize, page: Option<usize>) -> Cloud {
    let page = page.unwrap_or(500);
    let (_, server) = Google::generated(people).await;
    let source = json!({
        "subject": google::ADMIN, "pageSize": page,
        "auth": {"type": "ServiceAccountKey", "serviceAccountKey": secret()},
        "endpoints": {"tokenURL": server.url.join("token").unwrap(), "directory": server.url},
    });
    let key = google::key_file().to_string();
    Cloud::new(("Google", "google"), server, &source, &key, ("primaryEmail", page))
}

async fn okta(people: usize, page: Option<usize>) -> Cloud {
    let page = page.unwrap_or(200);
    let server = okta::serve(OktaService::generated(people)).await;
    let auth = json!({"type": "APIToken", "apiToken": secret()});
    let source = json!({"orgURL": server.url, "pageSize": page, "auth": auth});
    Cloud::new(("Okta", "okta"), server, &source, okta::API_TOKEN, ("email", page))
}

async fn scim(people: usize, page: Option<usize>) -> Cloud {
    let server = ScimIdp::generated(people).await;
    let page = page.unwrap_or(1000);
    let source = json!({
        "endpoint": server.url.join(scim_idp::BASE).unwrap(), "pageSize": page,
        "auth": {"type": "BearerToken", "bearerToken": secret()},
    });
    Cloud::new(("SCIM", "scim"), server, &source, scim_idp::TOKEN, ("emails[primary]", page))
}
