//! The request at the API server: made before a log is read, deleted after.

use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, ResourceExt as _};

use super::error::{Error, api};
use super::read::Wanted;
use crate::api::{ContactSyncLogRequest, ContactSyncLogRequestSpec};
use crate::controller::logs::Ticket;

/// A request that is made.
pub(super) struct Made {
    requests: Api<ContactSyncLogRequest>,
    pub(super) name: String,
}

/// Asks for a log.
pub(super) async fn make(client: &Client, wanted: &Wanted, ticket: &Ticket) -> Result<Made, Error> {
    let requests: Api<ContactSyncLogRequest> = Api::namespaced(client.clone(), &wanted.namespace);
    let mut request = ContactSyncLogRequest::new(
        "",
        ContactSyncLogRequestSpec {
            connection: wanted.connection.clone(),
            run: wanted.run.as_ref().map(ToString::to_string),
            ticket_sha256: ticket.sha256(),
        },
    );
    request.metadata.name = None;
    request.metadata.generate_name = Some("log-".to_owned());
    let how = PostParams { field_manager: Some("contactsync".to_owned()), ..PostParams::default() };
    let namespace = || wanted.namespace.clone();
    match requests.create(&how, &request).await {
        Ok(made) => Ok(Made { requests, name: made.name_any() }),
        Err(kube::Error::Api(status)) if status.code == 403 => Err(Error::MayNotAsk { namespace: namespace() }),
        // A namespace that is not there reads otherwise.
        Err(kube::Error::Api(status)) if status.code == 404 && !status.message.starts_with("namespaces ") => {
            Err(Error::NoKind)
        }
        Err(error) => Err(api(&error)),
    }
}

impl Made {
    /// Takes the request back; the controller does so too, some minutes later.
    pub(super) async fn take_back(self) {
        if let Err(error) = self.requests.delete(&self.name, &DeleteParams::default()).await {
            tracing::debug!(%error, "the log request was not deleted: it expires by itself");
        }
    }
}
