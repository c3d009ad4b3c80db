//! Secrets and `ConfigMap`s of the cluster, read anew at each run: rotating them just works, and nobody lists them. Tokens
//! of service accounts, asked for by name.

use async_trait::async_trait;
use bytes::Bytes;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Secret as SecretObject, ServiceAccount};
use kube::api::{ObjectMeta, PostParams};
use kube::{Api, Client};

use super::{KeyError, Keys};
use crate::api::KeyRef;
use crate::net::Secret;

/// How long a token of a service account is good for, in seconds: longer than any run. A cluster may give less.
const TOKEN_SECONDS: i64 = 7200;

/// Reads keys over the API server.
#[derive(Clone)]
pub struct ClusterKeys {
    client: Client,
    reader: Reader,
}

/// Whose rights count, for messages.
#[derive(Clone, Copy)]
enum Reader {
    Controller,
    User,
}

impl ClusterKeys {
    /// Keys that this client, a controller's, may read.
    pub fn of_controller(client: Client) -> Self {
        Self { client, reader: Reader::Controller }
    }

    /// Keys that this client, somebody's with a kubeconfig, may read.
    pub fn of_user(client: Client) -> Self {
        Self { client, reader: Reader::User }
    }
}

#[async_trait]
impl Keys for ClusterKeys {
    async fn secret(&self, namespace: &str, key: &KeyRef) -> Result<Secret, KeyError> {
        let object = format!("Secret {namespace}/{}", key.name);
        let api: Api<SecretObject> = Api::namespaced(self.client.clone(), namespace);
        let found = api.get_opt(&key.name).await.map_err(|error| self.reader.refused(&object, &key.key, &error))?;
        let data = found.ok_or_else(|| self.reader.not_found(&object))?.data.unwrap_or_default();
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
        let found = api.get_opt(&key.name).await.map_err(|error| self.reader.refused(&object, &key.key, &error))?;
        let map = found.ok_or_else(|| self.reader.not_found(&object))?;
        let (text, binary) = (map.data.unwrap_or_default(), map.binary_data.unwrap_or_default());
        if let Some(text) = text.get(&key.key) {
            return Ok(Bytes::from(text.clone()));
        }
        match binary.get(&key.key) {
            Some(bytes) => Ok(Bytes::from(bytes.0.clone())),
            None => Err(no_key(object, key, text.keys().chain(binary.keys()))),
        }
    }

    async fn identity_token(&self, namespace: &str, account: &str, audience: &str) -> Result<Secret, KeyError> {
        let object = format!("ServiceAccount {namespace}/{account}");
        let api: Api<ServiceAccount> = Api::namespaced(self.client.clone(), namespace);
        let request = TokenRequest {
            metadata: ObjectMeta::default(),
            spec: Some(TokenRequestSpec {
                audiences: Some(vec![audience.to_owned()]),
                expiration_seconds: Some(TOKEN_SECONDS),
                ..TokenRequestSpec::default()
            }),
            status: None,
        };
        let answer = api.create_token_request(account, &PostParams::default(), &request).await;
        let given = answer.map_err(|error| match self.reader.refused(&object, "token", &error) {
            KeyError::NotFound { object, .. } => self.reader.no_token(&object),
            other => other,
        })?;
        let token = given.status.and_then(|status| status.token).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| unreadable(&object, "token", "the API server gave none".to_owned()))?;
        Ok(Secret::new(token))
    }
}

impl Reader {
    /// Not found and not allowed read the same.
    fn not_found(self, object: &str) -> KeyError {
        let looked = match self {
            Self::Controller => "the cluster, as far as this controller may read",
            Self::User => "the cluster, as far as you may read",
        };
        KeyError::NotFound { object: object.to_owned(), looked: looked.to_owned() }
    }

    /// The same of a service account whose tokens were asked for.
    fn no_token(self, object: &str) -> KeyError {
        let looked = match self {
            Self::Controller => {
                "the cluster, as far as this controller may ask for its tokens: the operator's chart must list the account in workloadIdentity.serviceAccountNames"
            }
            Self::User => {
                "the cluster, as far as you may ask for its tokens (create on serviceaccounts/token; for the controller the operator's chart must list the account in workloadIdentity.serviceAccountNames)"
            }
        };
        KeyError::NotFound { object: object.to_owned(), looked: looked.to_owned() }
    }

    fn refused(self, object: &str, key: &str, error: &kube::Error) -> KeyError {
        match error {
            kube::Error::Api(status) if status.code == 403 || status.code == 404 => self.not_found(object),
            kube::Error::Api(status) => {
                unreadable(object, key, format!("the API server answers {} {}", status.code, status.reason))
            }
            _ => unreadable(object, key, "the API server cannot be reached".to_owned()),
        }
    }
}

fn unreadable(object: &str, key: &str, reason: String) -> KeyError {
    KeyError::Unreadable { object: object.to_owned(), key: key.to_owned(), reason }
}

fn no_key<'a>(object: String, key: &KeyRef, present: impl Iterator<Item = &'a String>) -> KeyError {
    let mut present: Vec<&str> = present.map(String::as_str).collect();
    present.sort_unstable();
    let present = if present.is_empty() { "none".to_owned() } else { present.join(", ") };
    KeyError::NoKey { object, key: key.key.clone(), present }
}
