//! A proxy between one controller and the API server: it counts what is asked, and makes trouble as a test wants it. The
//! controller comes in by a kubeconfig of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::cluster::Cluster;
use super::tls::{Authority, Flaw, front};

/// One request.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// With its query.
    pub path: String,
}

impl Call {
    pub fn is_lease(&self) -> bool {
        self.path.contains("/leases")
    }

    pub fn is_watch(&self) -> bool {
        self.path.contains("watch=true")
    }

    pub fn writes_status(&self) -> bool {
        self.method == Method::PATCH && self.path.contains("/status")
    }
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// This status, nothing done, and so many seconds to wait.
    Refuse(u16, u32),
    /// A watch is told that its resource version is too old.
    Expired,
    /// It is done, and the answer is lost.
    Lost,
    /// It is handed on so much later.
    Late(Duration),
}

type Matches = Box<dyn FnMut(&Call) -> bool + Send>;

struct Rule {
    matches: Matches,
    times: usize,
    trouble: Trouble,
}

#[derive(Default)]
struct Seen {
    calls: Vec<Call>,
    rules: Vec<Rule>,
}

struct Shared {
    seen: Mutex<Seen>,
    to: String,
    client: reqwest::Client,
    /// Nothing goes through, in either direction.
    frozen: watch::Sender<bool>,
    /// Whoever watches is cut off when it changes.
    cuts: watch::Sender<u64>,
}

pub struct ApiProxy {
    pub kubeconfig: PathBuf,
    _folder: tempfile::TempDir,
    shared: Arc<Shared>,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for ApiProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl ApiProxy {
    /// In front of this API server, for the user `controller`.
    pub async fn start(cluster: &Cluster) -> Self {
        let text = std::fs::read_to_string(cluster.kubeconfig_of("controller")).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        let target = config["clusters"][0]["cluster"].clone();
        let ca = std::fs::read(target["certificate-authority"].as_str().unwrap()).unwrap();
        let shared = Arc::new(Shared {
            seen: Mutex::default(),
            to: target["server"].as_str().unwrap().to_owned(),
            client: client(&ca),
            frozen: watch::Sender::new(false),
            cuts: watch::Sender::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let plain = listener.local_addr().unwrap();
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let authority = Authority::new();
        let address = front(authority.acceptor(Flaw::None), plain).await;
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &authority.pem).unwrap();
        config["clusters"][0]["cluster"] =
            json!({"server": format!("https://{address}"), "certificate-authority": folder.path().join("ca.pem")});
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, config.to_string()).unwrap();
        Self { kubeconfig, _folder: folder, shared, server }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.shared.seen.lock().unwrap()
    }

    /// The next requests of that kind meet trouble, so many of them.
    pub fn trouble(&self, times: usize, trouble: Trouble, matches: impl FnMut(&Call) -> bool + Send + 'static) {
        self.seen().rules.push(Rule { matches: Box::new(matches), times, trouble });
    }

    /// How often trouble that was ordered was not met.
    pub fn unmet(&self) -> usize {
        self.seen().rules.iter().map(|rule| rule.times).sum()
    }

    /// No more trouble.
    pub fn heal(&self) {
        self.seen().rules.clear();
        self.shared.frozen.send_replace(false);
    }

    /// Nothing goes through any more, and no connection ends: a network that swallows packets.
    pub fn freeze(&self) {
        self.shared.frozen.send_replace(true);
    }

    /// Ends every watch that is on.
    pub fn cut_watches(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How much was asked, but about the lease.
    pub fn asked(&self) -> usize {
        self.seen().calls.iter().filter(|call| !call.is_lease()).count()
    }

    /// What was asked since it was asked last.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.seen().calls)
    }
}

fn client(ca: &[u8]) -> reqwest::Client {
    let ca = reqwest::Certificate::from_pem(ca).unwrap();
    #[expect(clippy::disallowed_methods, reason = "it stands for the network, not for the engine")]
    reqwest::Client::builder().no_proxy().tls_certs_only([ca]).http1_only().build().unwrap()
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    // A client that goes away does not take its request back.
    tokio::spawn(async move { shared.answer(request).await }).await.unwrap_or_else(|_| cut())
}

/// A body that breaks off closes the connection.
fn cut() -> Response<Body> {
    let parts = [Err::<Bytes, _>(std::io::Error::other("cut"))];
    Response::builder().header("content-length", "1000").body(Body::from_stream(futures::stream::iter(parts))).unwrap()
}

impl Shared {
    async fn answer(self: Arc<Self>, request: Request) -> Response<Body> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().unwrap().as_str().to_owned();
        let call = Call { method: head.method.clone(), path: path.clone() };
        let Ok(body) = axum::body::to_bytes(body, 16 << 20).await else { return cut() };
        let trouble = self.note(&call);
        self.thawed().await;
        match trouble {
            Some(Trouble::Refuse(status, wait)) => return refusal(status, wait),
            Some(Trouble::Expired) => return expired(),
            Some(Trouble::Late(pause)) => tokio::time::sleep(pause).await,
            Some(Trouble::Lost) | None => {}
        }
        let mut forward = self.client.request(head.method, format!("{}{path}", self.to)).body(body);
        for name in ["accept", "authorization", "content-type"] {
            if let Some(value) = head.headers.get(name) {
                forward = forward.header(name, value);
            }
        }
        let Ok(answer) = forward.send().await else { return cut() };
        self.thawed().await;
        if matches!(trouble, Some(Trouble::Lost)) {
            return cut();
        }
        let mut response = Response::builder().status(answer.status());
        for name in ["content-type", "retry-after"] {
            if let Some(value) = answer.headers().get(name) {
                response = response.header(name, value);
            }
        }
        response.body(self.stream(answer, call.is_watch())).unwrap()
    }

    fn note(&self, call: &Call) -> Option<Trouble> {
        let mut seen = self.seen.lock().unwrap();
        seen.calls.push(call.clone());
        for rule in &mut seen.rules {
            if rule.times > 0 && (rule.matches)(call) {
                rule.times -= 1;
                return Some(rule.trouble);
            }
        }
        None
    }

    async fn thawed(&self) {
        drop(self.frozen.subscribe().wait_for(|frozen| !frozen).await);
    }

    fn stream(self: &Arc<Self>, answer: reqwest::Response, watch: bool) -> Body {
        let mut cuts = self.cuts.subscribe();
        let shared = Arc::clone(self);
        let parts = answer.bytes_stream().then(move |part| {
            let shared = Arc::clone(&shared);
            async move {
                shared.thawed().await;
                part
            }
        });
        let until_cut = async move {
            if !watch || cuts.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        Body::from_stream(parts.take_until(Box::pin(until_cut)))
    }
}

fn refusal(status: u16, wait: u32) -> Response<Body> {
    let reason = match status {
        404 => "NotFound",
        409 => "Conflict",
        429 => "TooManyRequests",
        _ => "InternalError",
    };
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason,
        "message": "trouble", "details": {}});
    let response = Response::builder().status(status).header("content-type", "application/json");
    let response = if wait > 0 { response.header("retry-after", wait.to_string()) } else { response };
    response.body(Body::from(body.to_string())).unwrap()
}

fn expired() -> Response<Body> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 410,
        "reason": "Expired", "message": "too old resource version"});
    let line = format!("{}\n", json!({"type": "ERROR", "object": status}));
    Response::builder().header("content-type", "application/json").body(Body::from(line)).unwrap()
}
