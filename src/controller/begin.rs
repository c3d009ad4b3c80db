//! What runs and departures need before they begin, and what is left of one that could not.

use super::context::Context;
use super::error::Error;
use super::roster::{Member, Name};
use super::{patch, standing};
use crate::api::ContactSyncConnection;
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

/// The kind of directory, as the binding names it.
pub(super) fn source_type(connection: &ContactSyncConnection) -> String {
    match connection.spec.source.type_ {
        crate::api::SourceType::Ldap => "LDAP".to_owned(),
        crate::api::SourceType::File => "File".to_owned(),
    }
}

/// Closes the record of a run that could not be announced in status, and so did nothing. Where the object changed since it
/// was looked at, nobody was told of that run: no trace is left, and what is due is decided again.
pub(super) async fn unannounced(run: &Run<'_>, begun: Begun, error: kube::Error) -> Error {
    let closed = if patch::is_conflict(&error) || patch::is_gone(&error) {
        run.withdraw(begun).await
    } else {
        run.abandon(begun, "it could not be announced in status: it did nothing").await
    };
    closed.map_or_else(Error::Run, |()| error.into())
}
