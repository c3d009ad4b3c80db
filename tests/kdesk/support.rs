//! A workspace of its own for each test, on a free port, and a client for it.

use std::path::PathBuf;

use contactsync::kdesk::{Auth, Workspace};
use contactsync::scim;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(super) struct Server {
    pub(super) base: String,
    pub(super) token: String,
    pub(super) workspace: Workspace,
    pub(super) client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    folder: tempfile::TempDir,
}

pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) body: Value,
}

impl Server {
    pub(super) async fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), None).await
    }

    /// Serves the database in `folder`; with a token that is known already, or a new one.
    async fn start_in(folder: tempfile::TempDir, token: Option<String>) -> Self {
        let workspace = Workspace::open(&folder.path().join("kdesk.db"), Auth::Bearer).unwrap();
        let token = token.unwrap_or_else(|| workspace.create_token("test").unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = workspace.clone();
        let task = tokio::spawn(async move { serving.serve(listener, async { drop(stopped.await) }).await.unwrap() });
        let client = client();
        Self { base, token, workspace, client, stop: Some(stop), task, folder }
    }

    /// Stops, lets go of the database, and starts again on the same file.
    pub(super) async fn restart(self) -> Self {
        let Self { token, workspace, client, mut stop, task, folder, .. } = self;
        drop(client);
        drop(stop.take());
        task.await.unwrap();
        drop(workspace);
        Self::start_in(folder, Some(token)).await
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.path().join("kdesk.db")
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(super) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        answer(self.request(method, path).header("content-type", scim::MEDIA_TYPE).body(body.to_string())).await
    }

    pub(super) async fn list(&self, query: &[(&str, &str)]) -> Answer {
        answer(self.request(Method::GET, "/Users").query(query)).await
    }

    /// Creates a contact and returns it.
    pub(super) async fn create(&self, body: Value) -> Value {
        let made = self.send(Method::POST, "/Users", &user(body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body
    }

    /// Creates contacts `name-0 …` by Bulk, with externalId `prefix + n`.
    pub(super) async fn fill(&self, prefix: &str, name: &str, count: usize) {
        for chunk in (0..count).collect::<Vec<_>>().chunks(500) {
            let operations: Vec<Value> = chunk
                .iter()
                .map(|n| {
                    post(
                        &format!("{n}"),
                        json!({"userName": format!("{name}-{n}@x.example"), "externalId": format!("{prefix}{n}")}),
                    )
                })
                .collect();
            let done = self.bulk(json!(operations)).await;
            assert_eq!(done.status, 200, "{}", done.body);
            assert!(done.body["Operations"].as_array().unwrap().iter().all(|done| done["status"] == "201"));
        }
    }

    pub(super) async fn bulk(&self, operations: Value) -> Answer {
        self.send(Method::POST, "/Bulk", &json!({"schemas": [scim::BULK_REQUEST], "Operations": operations})).await
    }

    pub(super) async fn patch(&self, id: &Value, operations: Value) -> Answer {
        let body = json!({"schemas": [scim::PATCH_OP], "Operations": operations});
        self.send(Method::PATCH, &format!("/Users/{}", id.as_str().unwrap()), &body).await
    }

    pub(super) async fn delete(&self, id: &Value) -> Answer {
        answer(self.request(Method::DELETE, &format!("/Users/{}", id.as_str().unwrap()))).await
    }
}

#[expect(clippy::disallowed_methods, reason = "a foreign client: nothing of ours decides for it")]
fn client() -> reqwest::Client {
    // The second test finds it installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().no_gzip().build().unwrap()
}

pub(super) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
    Answer { status, headers, body }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn names(&self) -> Vec<String> {
        let resources = self.body["Resources"].as_array().unwrap_or_else(|| panic!("no listing: {}", self.body));
        resources.iter().map(|user| user["userName"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Status and scimType; the body must be an error as RFC 7644 section 3.12 has it.
    pub(super) fn refusal(&self) -> (u16, &str) {
        assert_eq!(self.body["schemas"], json!([scim::ERROR]), "{}", self.body);
        assert_eq!(self.body["status"], self.status.as_str());
        assert!(self.header("content-type").starts_with(scim::MEDIA_TYPE));
        (self.status.as_u16(), self.body["scimType"].as_str().unwrap_or_default())
    }
}

pub(super) fn user(mut body: Value) -> Value {
    body["schemas"] = json!([scim::USER]);
    body
}

pub(super) fn post(bulk_id: &str, body: Value) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": user(body)})
}
