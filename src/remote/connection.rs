//! A connection as it stands in the cluster.

use kube::{Api, Client};

use super::error::{Error, api};
use crate::api::ContactSyncConnection;

/// A connection.
///
/// # Errors
/// [`Error::NoConnection`] where there is none, or it may not be seen: both read the same.
pub async fn connection(client: &Client, namespace: &str, name: &str) -> Result<ContactSyncConnection, Error> {
    let connections: Api<ContactSyncConnection> = Api::namespaced(client.clone(), namespace);
    let none = || Error::NoConnection { namespace: namespace.to_owned(), name: name.to_owned() };
    match connections.get_opt(name).await {
        Ok(found) => found.ok_or_else(none),
        Err(kube::Error::Api(status)) if status.code == 403 => Err(none()),
        Err(error) => Err(api(&error)),
    }
}
