//! What stops a reconciliation, and the one place that tells of it.

use thiserror::Error;

/// Why an object was not brought to rest. It is tried again.
#[derive(Debug, Error)]
pub enum Error {
    /// The API server did not do as it was asked.
    #[error("the API server: {}", brief(.0))]
    Api(#[source] kube::Error),
    /// The store of run records.
    #[error("{0}")]
    Run(#[source] crate::sync::Error),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Api(error)
    }
}

/// An error of the API server without what was sent there.
pub(super) fn brief(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} {}", status.code, status.reason),
        kube::Error::SerdeError(_) => "its answer could not be read".to_owned(),
        kube::Error::Auth(_) => "the kubeconfig's credentials cannot be had".to_owned(),
        _ => "it cannot be reached".to_owned(),
    }
}
