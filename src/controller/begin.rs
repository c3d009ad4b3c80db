//! What runs and departures need before they begin, and what is left of one that could not.

use kube::ResourceExt;

use super::cluster::Ready;
use super::context::Context;
use super::error::Error;
use super::roster::{Member, Name};
use super::status::{self, Tokens};
use super::step::moment;
use super::{patch, standing};
use crate::api::{Binding, ConnectionStatus, ContactSyncConnection};
use crate::sync::{self, Begun, ConnectionSettings, GoneOwners, Run};

/// What a run of a connection is told.
pub(super) fn settings(
    connection: &ContactSyncConnection,
    name: &Name,
    context: &Context,
) -> Result<ConnectionSettings, sync::Error> {
    let cluster = std::sync::Arc::clone(&context.cluster);
    let generation = connection.metadata.generation;
    let spec = connection.spec.clone();
    let mut settings = ConnectionSettings::new(cluster.name(), &name.namespace, &name.name, generation, spec)?;
    if let Some(member) = Member::of(connection, cluster.name()) {
        settings.same_directory = cluster.roster().same_directory(&member);
    }
    settings.gone = GoneOwners::new(move |owner| {
        let roster = cluster.roster();
        standing::is_gone(owner.as_str(), &roster, cluster.name(), |namespace| cluster.is_watched(namespace))
    });
    Ok(settings)
}

/// What the contacts that a run writes are bound to.
pub(super) fn binding(connection: &ContactSyncConnection, ready: &Ready, settings: &ConnectionSettings) -> Binding {
    Binding {
        workspace_uid: ready.workspace.uid().unwrap_or_default(),
        ownership_key: settings.key.to_string(),
        source_type: connection.spec.source.type_.as_str().to_owned(),
    }
}

/// A run that is on record and that status tells of, before it does its first work.
pub(super) struct Announced {
    pub(super) begun: Begun,
    /// Status as the run found it.
    pub(super) before: ConnectionStatus,
    /// The object that tells of it.
    pub(super) object: ContactSyncConnection,
}

/// Puts a run on record and into status. An object that changed since it was looked at refuses it.
pub(super) async fn announce(
    run: &Run<'_>,
    connection: ContactSyncConnection,
    binding: Binding,
    tokens: &Tokens,
    name: &Name,
    context: &Context,
) -> Result<Announced, Error> {
    let begun = run.begin().await;
    let before = connection.status.clone().unwrap_or_default();
    let moment = moment(&connection, context.now());
    let after = status::begun(before.clone(), begun.summary().report(), binding, tokens, moment);
    let api = context.connections(name);
    match Box::pin(patch::status(&api, &connection, &before, &after)).await {
        Ok(written) => Ok(Announced { begun, before, object: written.unwrap_or(connection) }),
        Err(error) => Err(Box::pin(unannounced(run, begun, error)).await),
    }
}

/// Closes the record of a run that could not be announced in status, and so did nothing. Where the object changed since it
/// was looked at, nobody was told of that run: no trace is left, and what is due is decided again.
async fn unannounced(run: &Run<'_>, begun: Begun, error: kube::Error) -> Error {
    let closed = if patch::is_conflict(&error) || patch::is_gone(&error) {
        run.withdraw(begun).await
    } else {
        run.abandon(begun, "it could not be announced in status: it did nothing").await
    };
    closed.map_or_else(Error::Run, |()| error.into())
}
