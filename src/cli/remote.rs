//! Flags of what is read from a cluster, and a log read from there.

use std::net::SocketAddr;

use super::cluster::{ClusterArgs, client, named};
use super::paper::Paper;
use super::printer::Printer;
use super::{Failure, Status};
use crate::remote::{self, Wanted, Way};
use crate::runlog::RunId;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct RemoteArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The connection's namespace; absent: the context's
    #[arg(short, long, value_name = "NAME")]
    namespace: Option<String>,
    /// Namespace of the controller
    #[arg(long, value_name = "NAME", default_value = "contactsync", env = "CONTACTSYNC_CONTROLLER_NAMESPACE")]
    controller_namespace: String,
    /// The controller's Service of run logs
    #[arg(long, value_name = "NAME", default_value = "contactsync-logs", env = "CONTACTSYNC_CONTROLLER_SERVICE")]
    controller_service: String,
    /// Where a port-forward to that Service listens on this machine, in place of the API server's proxy: 127.0.0.1:8082
    #[arg(long, value_name = "ADDRESS")]
    via: Option<SocketAddr>,
}

impl RemoteArgs {
    /// Whether a flag asks for a cluster.
    pub(super) fn given(&self) -> bool {
        self.cluster.given() || self.namespace.is_some() || self.via.is_some()
    }

    /// Prints the log of a run of `connection` (a name, or `<namespace>/<name>`).
    pub(super) async fn read(
        &self,
        connection: &str,
        run: Option<RunId>,
        raw: bool,
        printer: &Printer,
    ) -> Result<Status, Failure> {
        drop(rustls::crypto::ring::default_provider().install_default());
        let way = self.way()?;
        let config = self.cluster.config().await?;
        let (namespace, name) = named(connection, self.namespace.as_deref(), &config.default_namespace)?;
        let client = client(config)?;
        let wanted = Wanted { namespace, connection: name, run };
        let mut paper = Paper::new(printer, raw);
        Box::pin(remote::read(&client, &way, &wanted, |piece| paper.put(piece))).await?;
        paper.end()?;
        Ok(Status::Done)
    }

    fn way(&self) -> Result<Way, Failure> {
        match self.via {
            // The ticket goes there in clear.
            Some(address) if !address.ip().is_loopback() => Err(format!(
                "--via {address}: not on this machine; run kubectl -n {} port-forward svc/{} 8082:logs and give 127.0.0.1:8082",
                self.controller_namespace, self.controller_service
            )
            .into()),
            Some(address) => Ok(Way::Forwarded(address)),
            None => Ok(Way::Proxy {
                namespace: self.controller_namespace.clone(),
                service: self.controller_service.clone(),
            }),
        }
    }
}
