//! When a run may not go on any longer, and when the contacts of a connection that is being deleted stay as they are.

use kube::ResourceExt;

use super::cluster::workspace_of;
use super::context::Context;
use super::events::Notice;
use super::roster::{Member, Name};
use crate::api::{ConnectionState, ContactSyncConnection, DeletionPolicy};

/// Waits until a run may not go on any longer, and says why.
pub(super) async fn stopped(name: &Name, began: &ContactSyncConnection, context: &Context) -> String {
    let mut changes = context.cluster.changes();
    loop {
        if let Some(why) = must_stop(name, began, context) {
            return why;
        }
        tokio::select! {
            told = changes.changed() => if told.is_err() { std::future::pending::<()>().await },
            () = context.abandoning.cancelled() => return "the controller was shut down".to_owned(),
        }
    }
}

fn must_stop(name: &Name, began: &ContactSyncConnection, context: &Context) -> Option<String> {
    let Some(now) = context.cluster.connection(name) else { return Some("the connection was deleted".to_owned()) };
    // What cannot be read says nothing of what it wants: what was begun goes on.
    let Ok(now) = &now.0 else { return None };
    if now.uid() != began.uid() {
        return Some("the connection was deleted and made again".to_owned());
    }
    // The watch is behind: what it shows was changed before this began.
    if now.metadata.generation < began.metadata.generation {
        return None;
    }
    let deleting = |object: &ContactSyncConnection| object.metadata.deletion_timestamp.is_some();
    if deleting(began) {
        // Somebody wants the contacts to stay after all, or lives on with them.
        let stays = nothing_to_do(now, name, context).map(|(_, why)| why.to_owned());
        return stays.or_else(|| context.cluster.look(now).err().map(|block| block.message));
    }
    if deleting(now) {
        return Some("the connection is being deleted".to_owned());
    }
    if !context.settings.shard.owns(&workspace_of(now)) {
        return Some("it points at a workspace of another shard".to_owned());
    }
    if now.spec.state == ConnectionState::Draft && began.spec.state == ConnectionState::Enabled {
        return Some("the connection became a Draft".to_owned());
    }
    context.cluster.look(now).err().map(|block| block.message)
}

/// Why its contacts are not to be touched.
pub(super) fn nothing_to_do(
    connection: &ContactSyncConnection,
    name: &Name,
    context: &Context,
) -> Option<(Option<Notice>, &'static str)> {
    if connection.spec.deletion_policy == DeletionPolicy::Keep {
        return Some((None, "deletionPolicy is Keep"));
    }
    if connection.spec.state == ConnectionState::Draft {
        return Some((None, "a Draft never writes"));
    }
    let Some(member) = Member::of(connection, context.cluster.name()) else {
        return Some((None, "without an ownership key it never owned any"));
    };
    if member.refused.is_some() {
        return Some((None, "the key that it names is not for it: what is owned under it is another's"));
    }
    let elder = context.cluster.roster().holder(&member.key).is_some_and(|holder| holder.name != *name);
    if elder {
        return Some((None, "its contacts are another connection's"));
    }
    context.cluster.heir(&member)?;
    let note = "another connection takes its contacts over: none of them was touched";
    Some((Some(Notice::normal("HandedOver", "Delete", note)), "another connection takes its contacts over"))
}
