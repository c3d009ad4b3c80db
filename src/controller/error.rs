//! What stops a reconciliation, and the one place that tells of it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
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
    /// A fault of this program.
    #[error("a fault of this program stopped it: please report it, with the lines before this one")]
    Fault,
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Api(error)
    }
}

/// What somebody's desk, directory or manifest may bring this program to is no reason to end it for everybody else.
pub(super) async fn contained<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or(Err(Error::Fault))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_what_it_happened_in_and_nothing_else() {
        let fine = contained(async { Ok(7) }).await;
        assert_eq!(fine.unwrap(), 7);
        let broken: Result<(), Error> = contained(async { panic!("over") }).await;
        assert!(matches!(broken, Err(Error::Fault)));
    }
}
