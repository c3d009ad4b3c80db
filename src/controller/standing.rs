//! What stands in the way of a connection: its schedule, its key, its workspace. Pure: whoever asks has looked
//! everything up.

use std::collections::BTreeMap;

use super::conditions;
use super::roster::{Member, Name, Roster};
use crate::api::{ConnectionStatus, ContactSync, ContactSyncConnection, KDeskWorkspace};
use crate::manifest::admits;
use crate::schedule::Timetable;

/// Why a connection may be blocked, as its Ready condition says.
const REASONS: [&str; 8] = [
    "ContactSyncDisabled",
    "InvalidOwnershipKey",
    "InvalidSchedule",
    "OwnershipKeyNotAllowed",
    "OwnershipKeyTaken",
    "WorkspaceNotFound",
    "WorkspaceUnreadable",
    "WaitingForTakeOver",
];

/// Whether something stood in the way when a status was written.
pub(super) fn was_blocked(status: &ConnectionStatus) -> bool {
    let ready = conditions::find(&status.conditions, conditions::READY);
    ready.is_some_and(|ready| REASONS.contains(&ready.reason.as_str()))
}

/// What stands in the way of a run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Block {
    /// Why, in one word.
    pub(super) reason: &'static str,
    /// Why, for people.
    pub(super) message: String,
    /// How it stands.
    pub(super) stand: Stand,
}

/// How a connection that does not run stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stand {
    /// As somebody wants it: it is Ready.
    Intended,
    /// It waits for something outside its spec.
    Waiting,
    /// Its spec must change.
    Stalled,
}

/// A workspace as it was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found<'a> {
    /// It is there.
    Workspace(&'a KDeskWorkspace),
    /// It is there, and cannot be read: written by a newer version, perhaps.
    Unreadable,
    /// It is not.
    Nothing,
}

/// What the decision looks at.
pub(super) struct View<'a> {
    /// The connection.
    pub(super) connection: &'a ContactSyncConnection,
    /// Its workspace.
    pub(super) workspace: Found<'a>,
    /// Labels of the connection's namespace, where they are known.
    pub(super) labels: Option<&'a BTreeMap<String, String>>,
    /// Everybody.
    pub(super) roster: &'a Roster,
    /// First part of ownership keys.
    pub(super) cluster: &'a str,
}

/// A connection that may run.
#[derive(Debug)]
pub(super) struct Clear<'a> {
    /// The workspace that it writes to.
    pub(super) workspace: &'a KDeskWorkspace,
    /// When it runs by itself.
    pub(super) timetable: Option<Timetable>,
}

/// Looks at everything in order; the first that stands in the way is told.
pub(super) fn look<'a>(view: &View<'a>) -> Result<Clear<'a>, Block> {
    let spec = &view.connection.spec;
    let Some(member) = Member::of(view.connection, view.cluster) else {
        return Err(stalled(
            "InvalidOwnershipKey",
            "spec.ownershipKey: the cluster's name, the namespace and the name make no ownership key: set one"
                .to_owned(),
        ));
    };
    // What is being deleted runs no more, and takes nothing over.
    let schedule = spec.schedule.as_ref().filter(|_| !member.deleting);
    let timetable = match schedule {
        None => None,
        Some(schedule) => Some(Timetable::new(schedule, &member.uid).map_err(|error| {
            let field = if error.field().is_empty() { String::new() } else { format!(".{}", error.field()) };
            stalled("InvalidSchedule", format!("spec.schedule{field}: {error}"))
        })?),
    };
    own_key(view, &member)?;
    let workspace = admitted(view, &member)?;
    may_use(view, &member)?;
    if !member.deleting {
        takeover(view, &member)?;
    }
    if workspace.spec.contact_sync == ContactSync::Disabled {
        let message = "contact sync is Disabled in the workspace: nothing runs until it is Enabled".to_owned();
        return Err(Block { reason: "ContactSyncDisabled", message, stand: Stand::Intended });
    }
    Ok(Clear { workspace, timetable })
}

/// A key that names another namespace gives power over contacts that are not this one's.
fn may_use(view: &View<'_>, member: &Member) -> Result<(), Block> {
    let (field, key) = match (&member.refused, member.refused_takeovers.first()) {
        (Some(key), _) => ("spec.ownershipKey", key),
        (None, Some(key)) => ("spec.takeOverFrom", key),
        (None, None) => return Ok(()),
    };
    let namespace = &member.name.namespace;
    let message = format!(
        "{field}: {key} is not for connections of {namespace}: use a key such as {}/{namespace}/<name>. What \
         another namespace's connection leaves behind is taken with conflicts: Adopt",
        view.cluster
    );
    Err(stalled("OwnershipKeyNotAllowed", message))
}

/// One key, one connection (L7).
fn own_key(view: &View<'_>, member: &Member) -> Result<(), Block> {
    let holder = view.roster.holder(&member.key).filter(|holder| holder.name != member.name);
    let elder = holder.filter(|holder| holder.rank() < member.rank());
    match elder {
        None => Ok(()),
        Some(elder) => {
            // Another namespace's objects are not told about.
            let whose = if elder.name.namespace == member.name.namespace {
                format!("the connection {}", elder.name)
            } else {
                "an older connection".to_owned()
            };
            let message = format!(
                "spec.ownershipKey: {} is the key of {whose} already: give this one its own, or delete that one first",
                member.key
            );
            Err(stalled("OwnershipKeyTaken", message))
        }
    }
}

/// Not there, and not for this namespace: both read the same.
fn admitted<'a>(view: &View<'a>, member: &Member) -> Result<&'a KDeskWorkspace, Block> {
    let name = member.workspace.clone().unwrap_or_else(|| member.name.clone());
    let nowhere = || {
        let namespace = &member.name.namespace;
        let message =
            format!("spec.workspaceRef: there is no KDeskWorkspace {name} that admits connections of {namespace}");
        waiting("WorkspaceNotFound", message)
    };
    let workspace = match view.workspace {
        Found::Workspace(workspace) => workspace,
        // What cannot be read admits nobody else.
        Found::Unreadable if name.namespace == member.name.namespace => {
            let message = format!("spec.workspaceRef: the KDeskWorkspace {name} cannot be read by this version");
            return Err(waiting("WorkspaceUnreadable", message));
        }
        Found::Unreadable | Found::Nothing => return Err(nowhere()),
    };
    let allowed = workspace.spec.allowed_namespaces.as_ref();
    if admits(allowed, &name.namespace, &member.name.namespace, view.labels) { Ok(workspace) } else { Err(nowhere()) }
}

/// Contacts are carried over once their connection is gone: two that write the same ones would fight (L7).
fn takeover(view: &View<'_>, member: &Member) -> Result<(), Block> {
    for (place, key) in member.take_over.iter().enumerate() {
        let Some(owner) = view.roster.holder(key).filter(|owner| owner.name != member.name) else { continue };
        let whose = if owner.name.namespace == member.name.namespace {
            format!("the connection {}", owner.name)
        } else {
            "another connection".to_owned()
        };
        let message = format!(
            "spec.takeOverFrom[{place}]: {key} is still the key of {whose}: its contacts are taken over when it is deleted"
        );
        return Err(waiting("WaitingForTakeOver", message));
    }
    Ok(())
}

/// Whether the connection that owned contacts under a key is known to be gone (L8): its key is made of this cluster's
/// name and of a namespace that is watched, and nobody has it.
pub(super) fn is_gone(key: &str, roster: &Roster, cluster: &str, is_watched: impl Fn(&str) -> bool) -> bool {
    let Some((namespace, name)) =
        key.strip_prefix(cluster).and_then(|rest| rest.strip_prefix('/')).and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let own = crate::contact::OwnershipKey::new(key);
    !name.contains('/')
        && is_watched(namespace)
        && roster.get(&Name::new(namespace, name)).is_none()
        && own.is_ok_and(|key| roster.holder(&key).is_none())
}

fn stalled(reason: &'static str, message: String) -> Block {
    Block { reason, message, stand: Stand::Stalled }
}

fn waiting(reason: &'static str, message: String) -> Block {
    Block { reason, message, stand: Stand::Waiting }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
