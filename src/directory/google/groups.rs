//! Finds the groups that a manifest names: exactly one each, or an error.
//!
//! By address (any of its addresses), by display name, or by id. What Google finds is compared here again, so that a
//! search that matches less exactly than its page says lets nobody in (L17).

use serde_json::Value;

use super::fault::{Api, Refusal};
use super::pages::{Listing, Record, is_kind};
use super::query::quoted;
use crate::api::GroupRef;
use crate::directory::web::wrong;
use crate::directory::{Error, ResolvedGroup};
use crate::net::api::Request;

/// The folder of the manifest that names groups.
const FIELD: &str = "scope";
/// Groups a page: the most that groups.list gives.
const PAGE: u16 = 200;

/// Resolves one group of this customer.
pub(super) async fn resolve(api: &Api, customer: &str, group: &GroupRef) -> Result<ResolvedGroup, Error> {
    let (wanted, mut found) = match (&group.name, &group.id) {
        (Some(name), None) if name.contains('@') => (name, by_key(api, name).await?),
        (Some(name), None) => (name, by_name(api, customer, name).await?),
        (None, Some(id)) => (id, by_key(api, id).await?),
        _ => return Err(wrong(FIELD, "name each group by exactly one of name and id")),
    };
    match (found.pop(), found.len()) {
        (Some(id), 0) => Ok(ResolvedGroup { handle: id.clone(), id }),
        (None, _) => Err(Error::GroupNotFound { field: FIELD.into(), group: wanted.clone() }),
        (Some(_), more) => Err(Error::GroupAmbiguous { field: FIELD.into(), group: wanted.clone(), count: more + 1 }),
    }
}

/// The group of this id or address.
async fn by_key(api: &Api, wanted: &str) -> Result<Vec<String>, Error> {
    let fields = ("fields", "kind,id,email,aliases,nonEditableAliases");
    let url = api.web.url(&["admin", "directory", "v1", "groups", wanted], &[fields]);
    let answer = api.web.ask(&Request::get(url)).await?;
    match answer.status {
        200 => {}
        404 if Refusal::of(&answer).is_missing() => return Ok(Vec::new()),
        _ => return Err(api.fault(&answer)),
    }
    let group: Record = api.web.parse(&answer)?;
    is_kind(api, &group, "admin#directory#group")?;
    let id = id(api, &group)?;
    let texts = ["email", "aliases", "nonEditableAliases"].into_iter().filter_map(|name| group.get(name));
    let mut addresses =
        texts.flat_map(|value| value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice));
    let is_meant = id == wanted
        || addresses.any(|address| address.as_str().is_some_and(|address| address.eq_ignore_ascii_case(wanted)));
    Ok(is_meant.then_some(id).into_iter().collect())
}

/// Every group of exactly this display name.
async fn by_name(api: &Api, customer: &str, wanted: &str) -> Result<Vec<String>, Error> {
    let parameters = vec![
        ("customer", customer.to_owned()),
        ("query", format!("name={}", quoted(wanted))),
        ("fields", "kind,nextPageToken,groups(id,name)".to_owned()),
    ];
    let mut listing = Listing::new(api, &["groups"], ("admin#directory#groups", "groups"), PAGE, parameters);
    let mut found = Vec::new();
    while let Some(page) = listing.next().await? {
        for group in page.iter().filter(|group| group.get("name").and_then(Value::as_str) == Some(wanted)) {
            let id = id(api, group)?;
            if !found.contains(&id) {
                found.push(id);
            }
        }
    }
    Ok(found)
}

fn id(api: &Api, group: &Record) -> Result<String, Error> {
    let id = group.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map(str::to_owned).ok_or_else(|| api.web.incomplete("a group has no id"))
}
