//! Finds the groups that a manifest names: exactly one each, whose members can be seen, or an error.

use serde::Deserialize;
use url::Url;

use super::fault::{About, Question, Refusal, refused};
use super::pages::guid;
use super::{Graph, filter};
use crate::api::GroupRef;
use crate::directory::web::{Links, wrong};
use crate::directory::{Error, ResolvedGroup};
use crate::net::api::Request;

/// The folder of the manifest that names groups.
const FIELD: &str = "scope";
/// Groups a page: few have one name.
const FEW: &str = "100";
/// The `visibility` of groups and units whose members only the permission Member.Read.Hidden shows. A group has it from
/// its making, and only Microsoft 365 groups do, which are in no other group (learn.microsoft.com/graph/api/resources/group,
/// learn.microsoft.com/entra/fundamentals/how-to-manage-groups): nobody is hidden behind a group that shows its members.
const HIDDEN: &str = "HiddenMembership";

/// A group or an administrative unit, as far as it must be known.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    id: String,
    pub(super) display_name: Option<String>,
    visibility: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    value: Vec<Named>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

impl Named {
    /// Its immutable id, in the one form that Graph writes.
    pub(super) fn id(&self, graph: &Graph) -> Result<String, Error> {
        let id = guid(&self.id).ok_or_else(|| graph.web.incomplete("a group or unit has no id that is a GUID"))?;
        Ok(id.0.to_string())
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.visibility.as_deref() == Some(HIDDEN)
    }
}

/// Resolves one group.
pub(super) async fn resolve(graph: &Graph, group: &GroupRef) -> Result<ResolvedGroup, Error> {
    let (wanted, mut found) = match (&group.name, &group.id) {
        (Some(name), None) => (name, by_name(graph, About::Group, &["groups"], name).await?),
        (None, Some(id)) => (id, by_id(graph, About::Group, &["groups"], id).await?.into_iter().collect()),
        _ => return Err(wrong(FIELD, "name each group by exactly one of name and id")),
    };
    match (found.pop(), found.len()) {
        (Some(group), 0) => {
            let id = group.id(graph)?;
            if group.is_hidden() {
                check_hidden(graph, About::Group, &["groups", &id, "members"]).await?;
            }
            let handle = if group.is_hidden() { HIDDEN } else { "" };
            Ok(ResolvedGroup { id, handle: handle.to_owned() })
        }
        (None, _) => Err(Error::GroupNotFound { field: FIELD.into(), group: wanted.clone() }),
        (Some(_), more) => Err(Error::GroupAmbiguous { field: FIELD.into(), group: wanted.clone(), count: more + 1 }),
    }
}

/// Checks again, before a group's members are read, that they can be seen: without the permission Graph shows none.
pub(super) async fn check(graph: &Graph, group: &ResolvedGroup) -> Result<(), Error> {
    if group.handle == HIDDEN {
        check_hidden(graph, About::Group, &["groups", &group.id, "members"]).await?;
    }
    Ok(())
}

/// Those of a collection that have a name. `eq` takes no regard to case.
pub(super) async fn by_name(graph: &Graph, about: About, steps: &[&str], name: &str) -> Result<Vec<Named>, Error> {
    let filter = format!("displayName eq {}", filter::text(name));
    let select = "id,displayName,visibility";
    let url = graph.web.url(steps, &[("$filter", &filter), ("$select", select), ("$top", FEW)]);
    let (mut next, mut links, mut found) = (Some(url), Links::of(&graph.web), Vec::new());
    while let Some(url) = next {
        let page: Option<Found> = ask(graph, about, url).await?;
        let page = page.ok_or_else(|| graph.web.incomplete("it does not list groups or units"))?;
        found.extend(page.value);
        next = page.next.map(|link| links.follow(&graph.web, &link)).transpose()?;
    }
    let is_named = |one: &Named| one.display_name.as_ref().is_some_and(|n| n.to_lowercase() == name.to_lowercase());
    if !found.iter().all(is_named) {
        return Err(graph.web.incomplete("asked for a group or unit by name, it gives one of another name"));
    }
    Ok(found)
}

/// The one of a collection that has an id.
pub(super) async fn by_id(graph: &Graph, about: About, steps: &[&str], id: &str) -> Result<Option<Named>, Error> {
    let Some((id, _)) = guid(id) else { return Ok(None) };
    let steps: Vec<&str> = steps.iter().copied().chain([id.as_str()]).collect();
    ask(graph, about, graph.web.url(&steps, &[("$select", "id,displayName,visibility")])).await
}

/// Proves that members who are hidden from most can be seen. An empty listing is what Graph shows to those who may not
/// see them, so it proves nothing.
pub(super) async fn check_hidden(graph: &Graph, about: About, steps: &[&str]) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Members {
        value: Vec<serde_json::Value>,
    }
    let url = graph.web.url(steps, &[("$select", "id"), ("$top", "1")]);
    let members: Option<Members> = ask(graph, about, url).await?;
    if members.is_some_and(|members| !members.value.is_empty()) {
        return Ok(());
    }
    let reason = "a group or administrative unit that scope names has hidden membership, and its members cannot be seen: \
                  the application needs the permission Member.Read.Hidden, as an application permission with admin consent";
    Err(graph.web.denied(reason))
}

/// The answer to a plain GET, past the index; `None` where there is no such thing.
async fn ask<T: serde::de::DeserializeOwned>(graph: &Graph, about: About, url: Url) -> Result<Option<T>, Error> {
    let answer = graph.web.ask(&Request::get(url)).await?;
    match answer.status {
        200 => graph.web.parse(&answer).map(Some),
        404 if Refusal::of(&answer.body).is("Request_ResourceNotFound") => Ok(None),
        status => Err(refused(&graph.web, Question::about(about), status, &Refusal::of(&answer.body)).into()),
    }
}
