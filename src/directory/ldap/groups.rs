//! Finds the groups that a manifest names: exactly one each, or an error.

use bytes::Bytes;

use super::connect::Connection;
use super::dn::Dn;
use super::fault::Fault;
use super::filter;
use super::search::{Search, read_entry};
use super::server::Server;
use super::wire::Scope;
use crate::api::GroupRef;
use crate::directory::{Error, ResolvedGroup};

/// The folder of the manifest that names groups.
const FIELD: &str = "scope";
/// Enough to tell one from many, and to say how many where they are few.
const FEW: u32 = 100;

/// Resolves one group.
pub(super) async fn resolve(connection: &mut Connection<'_>, group: &GroupRef) -> Result<ResolvedGroup, Error> {
    let (wanted, mut found) = match (&group.name, &group.id) {
        (Some(name), None) => (name, by_name(connection, name).await?),
        (None, Some(id)) => (id, by_id(connection, id).await?),
        _ => {
            let reason = "name each group by exactly one of name and id";
            return Err(Error::Settings { field: FIELD.into(), reason: reason.into() });
        }
    };
    match (found.pop(), found.len()) {
        (Some(entry), 0) => resolved(connection.server, &entry),
        (None, _) => Err(Error::GroupNotFound { field: FIELD.into(), group: wanted.clone() }),
        (Some(_), more) => Err(Error::GroupAmbiguous { field: FIELD.into(), group: wanted.clone(), count: more + 1 }),
    }
}

/// Finds a group that was resolved before, wherever it is now: its name.
pub(super) async fn find_again(connection: &mut Connection<'_>, group: &ResolvedGroup) -> Result<String, Error> {
    let gone = || Error::GroupNotFound { field: FIELD.into(), group: group.handle.clone() };
    let mut found = by_immutable_id(connection, &group.id).await?;
    match (found.pop(), found.len()) {
        (Some(entry), 0) => Ok(read_entry(connection.server, &entry)?.dn.to_owned()),
        _ => Err(gone()),
    }
}

async fn by_name(connection: &mut Connection<'_>, name: &str) -> Result<Vec<Bytes>, Error> {
    let mut named = filter::equals("cn", name);
    if connection.server.is_active_directory() {
        named = filter::or([named, filter::equals("sAMAccountName", name)]);
    }
    search(connection, &named).await
}

async fn by_id(connection: &mut Connection<'_>, id: &str) -> Result<Vec<Bytes>, Error> {
    let server = connection.server;
    if id.contains('=') && Dn::parse(id).is_some() {
        let attributes = vec![server.group_id.name.clone()];
        let entry = connection.entry(id, server.group_filter(), attributes).await;
        return entry.map(|entry| entry.into_iter().collect()).map_err(|fault| fault.blame(FIELD));
    }
    by_immutable_id(connection, id).await
}

async fn by_immutable_id(connection: &mut Connection<'_>, id: &str) -> Result<Vec<Bytes>, Error> {
    let server = connection.server;
    let Some(with_id) = server.group_id.filter(id) else { return Ok(Vec::new()) };
    search(connection, &with_id).await
}

async fn search(connection: &mut Connection<'_>, which: &str) -> Result<Vec<Bytes>, Error> {
    let server = connection.server;
    let (base, field) = server.groups_below();
    let filter = filter::and(server.group_filter(), which);
    let attributes = vec![server.group_id.name.clone()];
    let search = Search { base, scope: Scope::Subtree, filter: &filter, attributes, page_size: Some(FEW) };
    connection.entries(search).await.map_err(|fault: Fault| fault.blame(field))
}

fn resolved(server: &Server, entry: &Bytes) -> Result<ResolvedGroup, Error> {
    let (entry, id) = (read_entry(server, entry)?, &server.group_id);
    let found = entry.only_value(&id.name).and_then(|value| id.read(value)).ok_or_else(|| {
        server.incomplete(format!(
            "a group that scope names has no {} that the reader may see: let it read that attribute",
            id.name
        ))
    })?;
    Ok(ResolvedGroup { id: found, handle: entry.dn.to_owned() })
}
