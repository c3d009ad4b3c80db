//! Keys of Secrets and `ConfigMap`s that a checkout refers to: from `--secrets-dir`, else from the manifests themselves; and
//! the one token that a pipeline has in place of those of service accounts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::Manifests;
use super::object::{Data, Object, find};
use super::words::all_of;
use crate::api::KeyRef;
use crate::keys::{KeyError, Keys};
use crate::net::Secret;

/// The longest file that is taken for a credential: what a Kubernetes Secret holds at most, in bytes.
const MAX_SECRET: u64 = 1 << 20;

/// Keys that were given: in manifests, and as files `DIR/NAMESPACE/NAME/KEY` or `DIR/NAME/KEY`.
#[derive(Clone, Debug)]
pub struct ManifestKeys {
    manifests: Arc<Manifests>,
    secrets_dir: Option<PathBuf>,
    identity_token: Option<PathBuf>,
}

impl ManifestKeys {
    /// Keys of these manifests; files below `secrets_dir` come first.
    pub fn new(manifests: Arc<Manifests>, secrets_dir: Option<PathBuf>) -> Self {
        Self { manifests, secrets_dir, identity_token: None }
    }

    /// The same, with the file of the token that stands for every service account: what a CI system gives its jobs to
    /// prove who they are (`OpenID` Connect).
    #[must_use]
    pub fn with_identity_token(self, file: Option<PathBuf>) -> Self {
        Self { identity_token: file, ..self }
    }
}

#[async_trait]
impl Keys for ManifestKeys {
    async fn secret(&self, namespace: &str, key: &KeyRef) -> Result<Secret, KeyError> {
        self.manifests.secret(namespace, key, self.secrets_dir.as_deref())
    }

    async fn config_map(&self, namespace: &str, key: &KeyRef) -> Result<Bytes, KeyError> {
        self.manifests.config_map(namespace, key)
    }

    async fn identity_token(&self, namespace: &str, account: &str, _audience: &str) -> Result<Secret, KeyError> {
        let object = format!("the token for ServiceAccount {namespace}/{account}");
        let Some(file) = &self.identity_token else {
            let looked = "a file that --identity-token names: a cluster makes such tokens itself, a pipeline gives one to its jobs".to_owned();
            return Err(KeyError::NotFound { object, looked });
        };
        let key = file.display().to_string();
        let text = match small_file(file) {
            Ok(Some(bytes)) => String::from_utf8(bytes),
            Ok(None) => return Err(KeyError::NotFound { object, looked: format!("{key} (--identity-token)") }),
            Err(reason) => return Err(KeyError::Unreadable { object, key, reason }),
        };
        // The decoder's error would carry the token.
        let Ok(text) = text else { return Err(KeyError::NotText { object, key }) };
        match text.trim() {
            "" => Err(KeyError::Empty { object, key }),
            token => Ok(Secret::new(token)),
        }
    }
}

impl Manifests {
    /// The text of a Secret's key: from the file `secrets_dir/namespace/name/key` or `secrets_dir/name/key` (one newline
    /// at its end is not part of it), else from the Secret among the manifests.
    pub fn secret(&self, namespace: &str, key: &KeyRef, secrets_dir: Option<&Path>) -> Result<Secret, KeyError> {
        let object = format!("Secret {namespace}/{}", key.name);
        let from_file = match secrets_dir {
            Some(folder) => from_folder(folder, namespace, key, &object)?,
            None => None,
        };
        let bytes = match from_file {
            Some(bytes) => bytes,
            None => among(&self.secrets, namespace, key, &object, secrets_dir)?,
        };
        let text = String::from_utf8(bytes.to_vec())
            // The decoder's error would carry the credential.
            .ok()
            .ok_or_else(|| KeyError::NotText { object: object.clone(), key: key.key.clone() })?;
        if text.is_empty() {
            return Err(KeyError::Empty { object, key: key.key.clone() });
        }
        Ok(Secret::new(text))
    }

    /// The bytes of a `ConfigMap`'s key.
    pub fn config_map(&self, namespace: &str, key: &KeyRef) -> Result<Bytes, KeyError> {
        let object = format!("ConfigMap {namespace}/{}", key.name);
        among(&self.config_maps, namespace, key, &object, None)
    }
}

/// The key of an object among these.
fn among(
    objects: &[Object<Data>],
    namespace: &str,
    key: &KeyRef,
    object: &str,
    secrets_dir: Option<&Path>,
) -> Result<Bytes, KeyError> {
    let Some(found) = find(objects, namespace, &key.name) else {
        let mut looked = vec!["the manifests given".to_owned()];
        if let Some(folder) = secrets_dir {
            let folder = folder.display();
            looked.push(format!("{folder}/{namespace}/{}/{}", key.name, key.key));
            looked.push(format!("{folder}/{}/{}", key.name, key.key));
        }
        return Err(KeyError::NotFound {
            object: object.to_owned(),
            looked: all_of(looked.iter().map(String::as_str)),
        });
    };
    match found.value.values.get(&key.key) {
        None => {
            let present = all_of(found.value.keys());
            let present = if present.is_empty() { "none".into() } else { present };
            Err(KeyError::NoKey { object: object.to_owned(), key: key.key.clone(), present })
        }
        Some(_) if found.value.is_encrypted() => Err(KeyError::Encrypted { object: object.to_owned() }),
        Some(bytes) => Ok(bytes.clone()),
    }
}

/// The key as a file, if there is one.
fn from_folder(folder: &Path, namespace: &str, key: &KeyRef, object: &str) -> Result<Option<Bytes>, KeyError> {
    // A name is one step in the folder, never a way out of it.
    let step =
        |name: &str| !name.is_empty() && !name.starts_with("..") && name != "." && !name.contains(['/', '\\', '\0']);
    if ![namespace, &key.name, &key.key].into_iter().all(step) {
        return Ok(None);
    }
    for path in [folder.join(namespace).join(&key.name).join(&key.key), folder.join(&key.name).join(&key.key)] {
        let unreadable =
            |reason: String| KeyError::Unreadable { object: object.to_owned(), key: key.key.clone(), reason };
        let Some(mut bytes) = small_file(&path).map_err(unreadable)? else { continue };
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            if bytes.last() == Some(&b'\r') {
                bytes.pop();
            }
        }
        return Ok(Some(bytes.into()));
    }
    Ok(None)
}

/// A file, if it is there; what is no file or too large for a credential is refused.
fn small_file(path: &Path) -> Result<Option<Vec<u8>>, String> {
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    if !about.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    if about.len() > MAX_SECRET {
        return Err(format!("{} is larger than 1 MiB", path.display()));
    }
    fs::read(path).map(Some).map_err(|error| format!("{}: {error}", path.display()))
}
