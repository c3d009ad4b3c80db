//! Asking the controller for the log: through the API server's proxy, or at a port-forward on this machine.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Service;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt as _};
use tokio::net::TcpStream;

use super::error::{Error, api};
use crate::controller::logs::{ANSWER, TICKET, Ticket};

/// Longest time until an answer begins.
const PATIENCE: Duration = Duration::from_mins(1);
/// What marks a Service of run logs.
const LABEL: &str = "kdesk.seraphex.net/serves=logs";

/// How the controller is reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Way {
    /// Through the API server.
    Proxy {
        /// Of the controller.
        namespace: String,
        /// Of its logs.
        service: String,
    },
    /// At a port of this machine, which somebody forwards.
    Forwarded(SocketAddr),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Proxy { namespace, service } => write!(f, "Service {service} in namespace {namespace}"),
            Self::Forwarded(address) => write!(f, "{address}"),
        }
    }
}

/// What the controller answers, in one word, and the answer.
pub(super) struct Answered {
    pub(super) word: String,
    pub(super) response: Response<Body>,
}

/// Asks. Whatever else answers (the API server, a stranger) is an error.
pub(super) async fn fetch(
    client: &Client,
    way: &Way,
    namespace: &str,
    request: &str,
    ticket: &Ticket,
) -> Result<Answered, Error> {
    let path = format!("/v1/namespaces/{namespace}/logrequests/{request}");
    let asked = async {
        match way {
            Way::Proxy { namespace, service } => {
                let path = format!("/api/v1/namespaces/{namespace}/services/http:{service}:logs/proxy{path}");
                let request = get(&path, ticket).body(kube::client::Body::empty()).map_err(|_bad| unreachable(way))?;
                client.send(request).await.map(|response| response.map(Body::new)).map_err(|error| api(&error))
            }
            Way::Forwarded(address) => {
                let request = get(&path, ticket).header(http::header::HOST, address.to_string());
                let request = request.body(Body::empty()).map_err(|_bad| unreachable(way))?;
                forwarded(*address, request).await.ok_or_else(|| unreachable(way))
            }
        }
    };
    let response = tokio::time::timeout(PATIENCE, Box::pin(asked)).await.map_err(|_late| unreachable(way))??;
    let word = response.headers().get(ANSWER).and_then(|word| word.to_str().ok()).map(ToOwned::to_owned);
    match word {
        Some(word) => Ok(Answered { word, response }),
        None => Err(not_ours(client, way, response.status()).await),
    }
}

fn get(path: &str, ticket: &Ticket) -> http::request::Builder {
    Request::get(path).header(TICKET, ticket.header())
}

async fn forwarded(address: SocketAddr, request: Request<Body>) -> Option<Response<Body>> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    // It ends with the answer.
    drop(tokio::spawn(connection));
    Some(sender.send_request(request).await.ok()?.map(Body::new))
}

fn unreachable(way: &Way) -> Error {
    Error::Unreachable { way: way.clone() }
}

/// What an answer without our header means: the API server's own, where the proxy was asked.
async fn not_ours(client: &Client, way: &Way, status: StatusCode) -> Error {
    let Way::Proxy { namespace, service } = way else {
        return Error::Foreign { way: way.clone(), status: status.as_u16() };
    };
    let (namespace, service) = (namespace.clone(), service.clone());
    match status {
        StatusCode::FORBIDDEN => Error::MayNotReach { namespace, service },
        StatusCode::UNAUTHORIZED => Error::Api("the kubeconfig's credentials were refused (401)".to_owned()),
        StatusCode::NOT_FOUND => {
            let found = elsewhere(client, &namespace, &service).await;
            Error::NoService { namespace, service, found }
        }
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => unreachable(way),
        other => Error::Foreign { way: way.clone(), status: other.as_u16() },
    }
}

/// Services that say they serve run logs, for whoever may list them. They are named and never asked: anybody may put that
/// label on a Service, and a ticket is for the controller alone.
async fn elsewhere(client: &Client, namespace: &str, service: &str) -> String {
    let services: Api<Service> = Api::all(client.clone());
    let Ok(list) = services.list(&ListParams::default().labels(LABEL).limit(10)).await else { return String::new() };
    let place = |found: &Service| (found.namespace().unwrap_or_default(), found.name_any());
    let others: Vec<String> = list
        .items
        .iter()
        .map(place)
        .filter(|(there, name)| there != namespace || name != service)
        .map(|(there, name)| format!("{there}/{name}"))
        .collect();
    if others.is_empty() { String::new() } else { format!(". Labelled so there are: {}", others.join(", ")) }
}
