//! The bundled workspace inside a command: on a free port of this machine, for as long as the command runs, behind a
//! token that nobody else knows.

use std::path::Path;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Failure;
use crate::desk::{self, Desk, Settings};
use crate::kdesk::{Auth, Workspace};
use crate::net::{Budget, Credentials, Secret};
use crate::sync;

const REQUESTS_PER_SECOND: u32 = 1000;
const CONCURRENCY: usize = 4;

/// A workspace that is being served.
pub(super) struct Embedded {
    endpoint: url::Url,
    token: Secret,
    workspace: Workspace,
    name: String,
    budget: Budget,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), crate::kdesk::Error>>,
}

impl Embedded {
    pub(super) async fn start(database: &Path) -> Result<Self, Failure> {
        let workspace = Workspace::open(database, Auth::Bearer)
            .map_err(|error| format!("the workspace {}: {error}", database.display()))?;
        let name = format!("embedded-{}", uuid::Uuid::new_v4().simple());
        let token = workspace.create_token(&name)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = url::Url::parse(&format!("http://{}/scim/v2", listener.local_addr()?))?;
        let (stop, stopped) = oneshot::channel();
        let served = workspace.clone();
        let serving = tokio::spawn(served.serve(listener, async move {
            // A sender that was dropped stops it just as well.
            drop(stopped.await);
        }));
        let budget = Budget::new(REQUESTS_PER_SECOND, CONCURRENCY);
        Ok(Self { endpoint, token: Secret::new(token), workspace, name, budget, stop, serving })
    }

    pub(super) async fn connect(&self) -> Result<Desk, sync::Error> {
        let settings = Settings {
            endpoint: self.endpoint.clone(),
            auth: Credentials::BearerToken(self.token.clone()),
            ca: None,
            requests_per_second: REQUESTS_PER_SECOND,
            concurrency: CONCURRENCY,
            timeout: Settings::TIMEOUT,
        };
        Desk::connect(settings, self.budget.clone()).await.map_err(|error: desk::Error| error.into())
    }

    pub(super) async fn stop(self) {
        if let Err(error) = self.workspace.revoke_token(&self.name) {
            tracing::warn!(%error, "the token of this command stays in the workspace");
        }
        drop(self.stop);
        match self.serving.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the bundled workspace stopped badly"),
            Err(error) => tracing::warn!(%error, "the bundled workspace stopped badly"),
        }
    }
}
