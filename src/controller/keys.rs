//! Secrets and `ConfigMap`s of the cluster, read anew at each run: rotating them just works, and nobody lists them.

use async_trait::async_trait;
use bytes::Bytes;
use k8s_openapi::api::core::v1::{ConfigMap, Secret as SecretObject};
use kube::{Api, Client};

use crate::api::KeyRef;
use crate::keys::{KeyError, Keys};
use crate::net::Secret;

/// Reads keys over the API server.
#[derive(Clone)]
pub(super) struct ClusterKeys {
    client: Client,
}

impl ClusterKeys {
    /// Keys that this client may read.
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Keys for ClusterKeys {
    async fn secret(&self, namespace: &str, key: &KeyRef) -> Result<Secret, KeyError> {
        let object = format!("Secret {namespace}/{}", key.name);
        let api: Api<SecretObject> = Api::namespaced(self.client.clone(), namespace);
        let found = api.get_opt(&key.name).await.map_err(|error| refused(&object, key, &error))?;
        let data = found.ok_or_else(|| not_found(&object))?.data.unwrap_or_default();
        let Some(bytes) = data.get(&key.key) else { return Err(no_key(object, key, data.keys())) };
        let text = String::from_utf8(bytes.0.clone())
            // The decoder's error would carry the credential.
            .ok()
            .ok_or_else(|| KeyError::NotText { object: object.clone(), key: key.key.clone() })?;
        // A file given to kubectl create secret ends in a newline more often than not.
        let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
        if text.is_empty() {
            return Err(KeyError::Empty { object, key: key.key.clone() });
        }
        Ok(Secret::new(text))
    }

    async fn config_map(&self, namespace: &str, key: &KeyRef) -> Result<Bytes, KeyError> {
        let object = format!("ConfigMap {namespace}/{}", key.name);
        let api: Api<ConfigMap> = Api::namespaced(self.client.clone(), namespace);
        let found = api.get_opt(&key.name).await.map_err(|error| refused(&object, key, &error))?;
        let map = found.ok_or_else(|| not_found(&object))?;
        let (text, binary) = (map.data.unwrap_or_default(), map.binary_data.unwrap_or_default());
        if let Some(text) = text.get(&key.key) {
            return Ok(Bytes::from(text.clone()));
        }
        match binary.get(&key.key) {
            Some(bytes) => Ok(Bytes::from(bytes.0.clone())),
            None => Err(no_key(object, key, text.keys().chain(binary.keys()))),
        }
    }
}

/// Not found and not allowed read the same.
fn not_found(object: &str) -> KeyError {
    KeyError::NotFound {
        object: object.to_owned(),
        looked: "the cluster, as far as this controller may read".to_owned(),
    }
}

fn refused(object: &str, key: &KeyRef, error: &kube::Error) -> KeyError {
    match error {
        kube::Error::Api(status) if status.code == 403 || status.code == 404 => not_found(object),
        kube::Error::Api(status) => KeyError::Unreadable {
            object: object.to_owned(),
            key: key.key.clone(),
            reason: format!("the API server answers {} {}", status.code, status.reason),
        },
        _ => KeyError::Unreadable {
            object: object.to_owned(),
            key: key.key.clone(),
            reason: "the API server cannot be reached".to_owned(),
        },
    }
}

fn no_key<'a>(object: String, key: &KeyRef, present: impl Iterator<Item = &'a String>) -> KeyError {
    let mut present: Vec<&str> = present.map(String::as_str).collect();
    present.sort_unstable();
    let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
    KeyError::NoKey { object, key: key.key.clone(), present }
}
