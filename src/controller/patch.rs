//! Writes to the API server: only what changed, and only onto the object that was decided on.
//!
//! Every write carries the resource version that the decision was made on. One that is older is refused (409), and
//! whoever wrote decides again: a leader that does not know yet that it is none cannot undo its successor's work.

use kube::api::{Api, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Who writes, as managed fields name it.
pub(super) const FIELD_MANAGER: &str = "contactsync";

/// Writes a status, unless nothing changed. The object as it is afterwards.
pub(super) async fn status<K, S>(api: &Api<K>, object: &K, before: &S, after: &S) -> Result<Option<K>, kube::Error>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
    S: Serialize,
{
    let value = |status: &S| serde_json::to_value(status).map_err(kube::Error::SerdeError);
    let Some(difference) = difference(&value(before)?, &value(after)?) else { return Ok(None) };
    let body = json!({"metadata": identity(object), "status": difference});
    api.patch_status(&object.name_any(), &manager(), &Patch::Merge(body)).await.map(Some)
}

/// Adds a finalizer, or takes it away. The object as it is afterwards.
pub(super) async fn finalizer<K>(api: &Api<K>, object: &K, finalizer: &str, present: bool) -> Result<K, kube::Error>
where
    K: Resource + Clone + DeserializeOwned + std::fmt::Debug,
{
    let mut finalizers: Vec<&str> =
        object.finalizers().iter().map(String::as_str).filter(|other| *other != finalizer).collect();
    if present {
        finalizers.push(finalizer);
    }
    let mut metadata = identity(object);
    metadata.insert("finalizers".to_owned(), json!(finalizers));
    api.patch(&object.name_any(), &manager(), &Patch::Merge(json!({"metadata": metadata}))).await
}

/// Whether an error says that the object changed since it was looked at.
pub(super) fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}

/// Counts conflicts in a row, so that nobody who always meets one goes round without a pause.
#[derive(Debug, Default)]
pub(super) struct Conflicts(u32);

impl Conflicts {
    /// Whether to decide again at once; if not, later.
    pub(super) fn may_go_on(&mut self) -> bool {
        self.0 = self.0.saturating_add(1);
        self.0 < 5
    }
}

/// Whether an error says that the object is gone. It names the object then: an API server that only just starts, or a
/// proxy before it, finds nothing at all under a path that it does not know yet.
pub(super) fn is_gone(error: &kube::Error) -> bool {
    let kube::Error::Api(status) = error else { return false };
    status.code == 404 && status.details.as_ref().is_some_and(|details| !details.name.is_empty())
}

/// Whether rights are missing.
pub(super) fn is_forbidden(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 403)
}

fn manager() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PatchParams::default() }
}

/// The object itself, not one that was made under its name since.
fn identity(object: &impl Resource) -> Map<String, Value> {
    let metadata = object.meta();
    let mut identity = Map::new();
    identity.insert("resourceVersion".to_owned(), json!(metadata.resource_version));
    identity.insert("uid".to_owned(), json!(metadata.uid));
    identity
}

/// The JSON merge patch (RFC 7396) that leads from one value to another; `None`: they are equal.
fn difference(before: &Value, after: &Value) -> Option<Value> {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return (before != after).then(|| after.clone());
    };
    let mut patch = Map::new();
    for (name, value) in new {
        match old.get(name) {
            None => drop(patch.insert(name.clone(), value.clone())),
            Some(earlier) => {
                if let Some(change) = difference(earlier, value) {
                    patch.insert(name.clone(), change);
                }
            }
        }
    }
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_what_changed_and_nothing_else() {
        let before = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2], "f": "x"});
        let after = json!({"a": 1, "b": {"c": 2}, "e": [1], "g": true});
        let patch = difference(&before, &after);
        assert_eq!(patch, Some(json!({"b": {"d": null}, "e": [1], "f": null, "g": true})));
        assert_eq!(difference(&before, &before), None);
    }
}
