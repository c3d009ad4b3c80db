//! Connections at the API server, made from the one that the tests of manifests edit.

use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Map, Value, json};

use crate::support::cluster::Cluster;

/// That connection, with its spec changed (see [`merge`]).
pub(super) fn connection(namespace: &str, name: &str, change: &Value) -> Value {
    let mut object: Value = serde_yaml::from_str(include_str!("../manifest/connection.yaml")).unwrap();
    object["metadata"] = json!({"namespace": namespace, "name": name});
    merge(&mut object["spec"], change);
    object
}

/// A merge patch (RFC 7396): null removes.
pub(super) fn merge(into: &mut Value, change: &Value) {
    let Value::Object(change) = change else {
        *into = change.clone();
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let members = into.as_object_mut().unwrap();
    for (name, value) in change {
        if value.is_null() {
            assert!(members.remove(name).is_some(), "{name} is not there");
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The connections of a namespace, with all that is in them and not only what our types know.
pub(super) async fn connections(cluster: &Cluster, namespace: &str) -> Api<DynamicObject> {
    resources(cluster, namespace, "ContactSyncConnection").await
}

/// The workspaces of a namespace.
pub(super) async fn workspaces(cluster: &Cluster, namespace: &str) -> Api<DynamicObject> {
    resources(cluster, namespace, "KDeskWorkspace").await
}

async fn resources(cluster: &Cluster, namespace: &str, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("kdesk.seraphex.net", "v1alpha1", kind));
    Api::namespaced_with(cluster.client().await, namespace, &resource)
}

/// What the API server said, one line for each fault; `taken` where there is none.
pub(super) fn said<T>(answer: kube::Result<T>) -> Vec<String> {
    match answer {
        Ok(_taken) => vec!["taken".into()],
        Err(kube::Error::Api(status)) => match status.details {
            Some(details) if !details.causes.is_empty() => {
                let mut lines: Vec<String> =
                    details.causes.iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
                // The server tells them in any order.
                lines.sort_unstable();
                lines
            }
            _ => vec![status.message],
        },
        Err(other) => panic!("{other}"),
    }
}
