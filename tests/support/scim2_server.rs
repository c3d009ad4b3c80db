//! scim2-server, as published: a SCIM service that somebody else wrote.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::python::programs;

pub const TOKEN: &str = "foreign-token";

pub struct Scim2Server {
    child: Child,
    /// Its base URL.
    pub base: String,
}

impl Scim2Server {
    pub async fn start() -> Self {
        let programs = programs().await;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(programs.join("scim2-server"))
            .args(["--port", &port.to_string(), "--bearer-token", TOKEN])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(child.try_wait().unwrap().is_none(), "scim2-server ended");
            assert!(Instant::now() < patience, "scim2-server does not answer");
            tokio::task::yield_now().await;
        }
        Self { child, base: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Scim2Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Somebody who fills SCIM services.
pub struct Filler {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Filler {
    #[expect(clippy::disallowed_methods, reason = "a foreign client: nothing of ours decides for it")]
    pub fn new(base: &str, token: &str) -> Self {
        // The second test finds it installed already.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { client, base: base.to_owned(), token: token.to_owned() }
    }

    /// Creates a resource, and gives its id.
    pub async fn create(&self, kind: &str, resource: &Value) -> String {
        let request = self.client.post(format!("{}/{kind}", self.base)).bearer_auth(&self.token);
        let request = request.header("content-type", "application/scim+json").body(resource.to_string());
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 201, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()["id"].as_str().unwrap().to_owned()
    }
}
