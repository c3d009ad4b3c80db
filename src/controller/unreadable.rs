//! Objects that this version cannot read: written by a newer one, or past the API server's checks. They are told of and
//! left alone, and stop nobody else.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::error_boundary::InvalidObject;
use kube::discovery::ApiResource;
use kube::runtime::controller::Action;
use kube::{Resource, ResourceExt};
use serde_json::json;

use super::conditions::{self, Conditions, Is, READY, STALLED};
use super::context::Context;
use super::error::Error;
use super::patch::{self, FIELD_MANAGER};
use super::roster::Name;
use crate::api::{ContactSyncConnection, KDeskWorkspace};

const REASON: &str = "Unreadable";
const MESSAGE: &str = "this version of the controller cannot read the object: it is left as it is, and does not run; upgrade the \
                       controller, or write the object as its version of the resource definitions says";

/// Tells of a connection.
pub(super) async fn connection(name: &Name, invalid: &InvalidObject, context: &Context) -> Result<Action, Error> {
    tell::<ContactSyncConnection>(name, invalid, context).await
}

/// Tells of a workspace.
pub(super) async fn workspace(name: &Name, invalid: &InvalidObject, context: &Context) -> Result<Action, Error> {
    tell::<KDeskWorkspace>(name, invalid, context).await
}

async fn tell<K: Resource<DynamicType = ()>>(
    name: &Name,
    invalid: &InvalidObject,
    context: &Context,
) -> Result<Action, Error> {
    // The decoder's error may quote what it could not read (L20): the field's path is not known, the fact is enough.
    tracing::warn!(object = %name, kind = %K::kind(&()), "an object cannot be read by this version");
    let api: Api<DynamicObject> =
        Api::namespaced_with(context.client.clone(), &name.namespace, &ApiResource::erase::<K>(&()));
    let Some(object) = api.get_opt(&name.name).await? else { return Ok(Action::await_change()) };
    let generation = invalid.metadata.generation.unwrap_or_default();
    let told = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
    let mut list: Vec<Condition> = serde_json::from_value(told).unwrap_or_default();
    if conditions::find(&list, STALLED)
        .is_some_and(|stalled| stalled.reason == REASON && stalled.observed_generation == Some(generation))
    {
        return Ok(Action::await_change());
    }
    let mut conditions = Conditions::new(&mut list, generation, context.now());
    conditions.set(READY, Is::False, REASON, MESSAGE);
    conditions.set(STALLED, Is::True, REASON, MESSAGE);
    let body = json!({
        "metadata": {"resourceVersion": object.resource_version(), "uid": object.uid()},
        "status": {"observedGeneration": generation, "conditions": list},
    });
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() };
    match api.patch_status(&name.name, &params, &Patch::Merge(body)).await {
        Ok(_) => Ok(Action::await_change()),
        Err(error) if patch::is_conflict(&error) || patch::is_gone(&error) => Ok(Action::await_change()),
        Err(error) => Err(error.into()),
    }
}
