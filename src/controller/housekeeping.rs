//! Now and then the leader deletes the run records that no run comes by to delete.

use std::sync::Arc;
use std::time::Duration;

use super::context::Context;
use super::roster::Name;
use crate::contact::OwnershipKey;
use crate::runlog;

/// The first time, so that a process that is restarted ever again does not go through the store each time.
const FIRST: Duration = Duration::from_mins(10);
const EVERY: Duration = Duration::from_hours(6);

/// For as long as it is polled.
pub(super) async fn housekeeping(context: Arc<Context>) {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + FIRST, EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = all(&context).await {
            tracing::warn!(%error, "old run records were not all deleted: it is tried again in some hours");
        }
    }
}

async fn all(context: &Context) -> Result<(), runlog::Error> {
    let (store, retention) = (&context.store, context.settings.retention);
    store.sweep_parts(context.now()).await?;
    for key in store.keys().await? {
        if context.stopping.is_cancelled() {
            return Ok(());
        }
        store.sweep(&key, retention, context.now()).await?;
        if let Some(connection) = store.last_run_of(&key, retention, context.now()).await?
            && gone(context, &key, &connection).await
        {
            store.forget(&key).await?;
            tracing::info!(%connection, "the records of a connection that is gone were deleted");
        }
    }
    Ok(())
}

/// Whether the connection is known to be gone. Another cluster's may share the store: of those nothing is known.
async fn gone(context: &Context, key: &OwnershipKey, connection: &str) -> bool {
    let Some(name) = Name::parse(connection) else { return false };
    let ours = key.as_str() == format!("{}/{name}", context.cluster.name());
    if !ours || !context.cluster.is_watched(&name.namespace) {
        return false;
    }
    matches!(context.connections(&name).get_opt(&name.name).await, Ok(None))
}
