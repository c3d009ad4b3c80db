//! Why a log or a connection could not be read, with what to do about it.

use thiserror::Error;

use super::Way;

/// Why a log could not be read.
#[derive(Debug, Error)]
pub enum Error {
    /// This machine has no randomness to give.
    #[error("this machine gives no random numbers: no ticket can be made")]
    NoRandomness,
    /// RBAC says no.
    #[error(
        "you may not create contactsynclogrequests.kdesk.seraphex.net in namespace {namespace}, which is what reading a run log takes: ask for the role contactsync-edit there"
    )]
    MayNotAsk {
        /// Of the connection.
        namespace: String,
    },
    /// The definition is missing.
    #[error(
        "the cluster knows no ContactSyncLogRequest: install contactsync's CustomResourceDefinitions of this version there (contactsync crd), or give --log-dir for records on this machine"
    )]
    NoKind,
    /// There is no such connection, or it may not be seen.
    #[error(
        "there is no ContactSyncConnection {namespace}/{name} in the cluster, as far as you may see: -n names its namespace; seeing it takes the role contactsync-view there"
    )]
    NoConnection {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The API server does not do as it was asked.
    #[error("the API server: {0}")]
    Api(String),
    /// RBAC says no.
    #[error(
        "you may not get services/proxy of {service} in namespace {namespace}: ask for the role {service} there, or go around it: kubectl -n {namespace} port-forward svc/{service} 8082:logs, and --via 127.0.0.1:8082"
    )]
    MayNotReach {
        /// Of the controller.
        namespace: String,
        /// Of its logs.
        service: String,
    },
    /// There is no such Service.
    #[error(
        "there is no Service {service} with a port called logs in namespace {namespace}: --controller-namespace and --controller-service say where the controller's logs are served{found}"
    )]
    NoService {
        /// Of the controller.
        namespace: String,
        /// Of its logs.
        service: String,
        /// Where it may be instead.
        found: String,
    },
    /// Nobody answers.
    #[error("nobody answers at {way}: is a pod of the controller ready, and may the API server reach its port 8082?")]
    Unreachable {
        /// Where it was asked.
        way: Way,
    },
    /// Something else answers.
    #[error("{way} is answered by something else than contactsync (HTTP {status})")]
    Foreign {
        /// Where it was asked.
        way: Way,
        /// What it said.
        status: u16,
    },
    /// The controller does not take the ticket.
    #[error(
        "the controller does not accept the request: it is good for 5 minutes by the controller's clock, and only in namespaces that it watches ({namespace} must be one); try again"
    )]
    Refused {
        /// Of the connection.
        namespace: String,
    },
    /// There is no such run, or no such connection.
    #[error("{0}")]
    NoRun(String),
    /// The controller's own words.
    #[error("{0}")]
    Told(String),
    /// The log is longer than what came.
    #[error("the log broke off after {got} of {whole} bytes: try again")]
    BrokeOff {
        /// Bytes that came.
        got: u64,
        /// Bytes that there are.
        whole: u64,
    },
    /// It could not be printed.
    #[error("the log could not be written: {0}")]
    Output(#[from] std::io::Error),
    /// Ctrl-C.
    #[error("stopped")]
    Stopped,
}

/// An error of the API server in a line.
pub(super) fn api(error: &kube::Error) -> Error {
    Error::Api(match error {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        kube::Error::Auth(error) => format!("the kubeconfig's credentials cannot be had: {error}"),
        other => format!("it cannot be asked: {other}"),
    })
}
