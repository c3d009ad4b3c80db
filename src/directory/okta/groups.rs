//! Finds the groups that a manifest names: exactly one each, or an error.

use serde::Deserialize;

use super::SCOPE;
use super::client::Okta;
use super::expression::quoted;
use super::fault::What;
use crate::api::GroupRef;
use crate::directory::{Error, ResolvedGroup, web};

/// A group, as far as it matters. Those of Okta (`OKTA_GROUP`, `BUILT_IN`) and those of applications (`APP_GROUP`, such as
/// an Active Directory's) may share a name.
#[derive(Deserialize)]
pub(super) struct Group {
    pub(super) id: String,
    #[serde(default)]
    profile: Profile,
}

#[derive(Default, Deserialize)]
struct Profile {
    #[serde(default)]
    name: String,
}

/// Resolves one group.
pub(super) async fn resolve(okta: &Okta, group: &GroupRef) -> Result<ResolvedGroup, Error> {
    let (wanted, mut found) = match (&group.name, &group.id) {
        (Some(name), None) => (name, by_name(okta, name).await?),
        (None, Some(id)) => (id, by_id(okta, id).await?.into_iter().collect()),
        _ => return Err(web::wrong(SCOPE, "name each group by exactly one of name and id")),
    };
    match (found.pop(), found.len()) {
        (Some(group), 0) => Ok(ResolvedGroup { id: group.id, handle: wanted.clone() }),
        (None, _) => Err(Error::GroupNotFound { field: SCOPE.to_owned(), group: wanted.clone() }),
        (Some(_), more) => {
            Err(Error::GroupAmbiguous { field: SCOPE.to_owned(), group: wanted.clone(), count: more + 1 })
        }
    }
}

/// Searched without regard to case, taken only where it is spelt alike.
async fn by_name(okta: &Okta, name: &str) -> Result<Vec<Group>, Error> {
    let search = format!("profile.name eq {}", quoted(name));
    let found = okta.list::<Group>(What::Groups, &["groups"], &[("search", &search)]).rest().await?;
    Ok(found.into_iter().filter(|group| group.profile.name == name).collect())
}

async fn by_id(okta: &Okta, id: &str) -> Result<Option<Group>, Error> {
    let found: Option<Group> = okta.one(What::Groups, &["groups", id], &[]).await?;
    Ok(found.filter(|group| group.id == id))
}

/// Fails where a group that was resolved is there no more.
pub(super) async fn still_there(okta: &Okta, group: &ResolvedGroup) -> Result<(), Error> {
    let found = by_id(okta, &group.id).await?;
    let gone = || Error::GroupNotFound { field: SCOPE.to_owned(), group: group.handle.clone() };
    found.map(|_| ()).ok_or_else(gone)
}
