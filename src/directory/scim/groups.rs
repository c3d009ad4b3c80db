//! Finds the groups that a manifest names: exactly one each, or an error.

use super::listing::{Asked, Listing, filtered};
use super::server::{Kind, Server, id_of};
use crate::api::GroupRef;
use crate::directory::web::wrong;
use crate::directory::{Error, ResolvedGroup};
use crate::scim::json::{self, Object};

/// The folder of the manifest that names groups.
pub(super) const FIELD: &str = "scope";
const NAME: &str = "displayName";

/// Resolves one group.
pub(super) async fn resolve(server: &Server, group: &GroupRef) -> Result<ResolvedGroup, Error> {
    match (&group.name, &group.id) {
        (Some(name), None) => by_name(server, name).await,
        (None, Some(id)) => {
            let found = server.resource(Kind::Groups, id, Some(NAME)).await?;
            let record = found.ok_or_else(|| not_found(id))?;
            let handle = json::text(&record, NAME).unwrap_or(id).to_owned();
            Ok(ResolvedGroup { id: id.clone(), handle })
        }
        _ => Err(wrong(FIELD, "name each group by exactly one of name and id")),
    }
}

pub(super) fn not_found(group: &str) -> Error {
    Error::GroupNotFound { field: FIELD.into(), group: group.to_owned() }
}

/// Only a name that is the same to the letter counts, whatever the server takes for equal. That there is none is believed
/// when a listing of all groups says so (L16).
async fn by_name(server: &Server, name: &str) -> Result<ResolvedGroup, Error> {
    let asked = Asked { parameter: format!("id,{NAME}"), keys: vec![NAME.to_owned()] };
    let filter = format!("{NAME} eq {}", json::quoted(name));
    let mut found = named(&filtered(server, Kind::Groups, filter, Some(&asked)).await?.unwrap_or_default(), name);
    if found.is_empty() {
        let mut listing = Listing::of(server, Kind::Groups, Some(&asked));
        while let Some(page) = listing.next().await? {
            found.extend(named(&page, name));
        }
    }
    found.sort_unstable();
    found.dedup();
    match (found.pop(), found.len()) {
        (Some(id), 0) => Ok(ResolvedGroup { id, handle: name.to_owned() }),
        (None, _) => Err(not_found(name)),
        (Some(_), more) => Err(Error::GroupAmbiguous { field: FIELD.into(), group: name.to_owned(), count: more + 1 }),
    }
}

fn named(groups: &[Object], name: &str) -> Vec<String> {
    groups.iter().filter(|group| json::text(*group, NAME) == Some(name)).filter_map(id_of).collect()
}
