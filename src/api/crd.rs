//! The two CustomResourceDefinitions, as `contactsync crd` prints them and `crds/` holds them.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps,
};
use kube::CustomResourceExt;

use super::{ContactSyncConnection, KDeskWorkspace};

/// Both definitions, in the order they are applied.
pub fn crds() -> [CustomResourceDefinition; 2] {
    [connection_crd(), workspace_crd()]
}

/// The definition of `ContactSyncConnection`.
pub fn connection_crd() -> CustomResourceDefinition {
    finish(ContactSyncConnection::crd())
}

/// The definition of `KDeskWorkspace`.
pub fn workspace_crd() -> CustomResourceDefinition {
    finish(KDeskWorkspace::crd())
}

/// What the derive cannot say: kstatus takes an object without status for Current, so a new one is given a status that
/// has observed nothing.
fn finish(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    for version in &mut crd.spec.versions {
        let status: Option<&mut JSONSchemaProps> = version
            .schema
            .as_mut()
            .and_then(|schema| schema.open_api_v3_schema.as_mut())
            .and_then(|root| root.properties.as_mut())
            .and_then(|properties| properties.get_mut("status"));
        if let Some(status) = status {
            status.nullable = None;
            status.default = Some(JSON(serde_json::json!({"observedGeneration": -1})));
        }
    }
    crd
}
