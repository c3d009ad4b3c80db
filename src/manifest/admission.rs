//! Whether a workspace admits connections of a namespace: `allowedNamespaces`, in Gateway API's shape.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};

use crate::api::{AllowedNamespaces, NamespacesFrom};

/// Whether connections in `namespace` may point at a workspace in `workspace`. `labels` are those of `namespace`; where
/// they are not known, a selector admits nobody.
pub fn admits(
    allowed: Option<&AllowedNamespaces>,
    workspace: &str,
    namespace: &str,
    labels: Option<&BTreeMap<String, String>>,
) -> bool {
    match allowed.map(|allowed| (allowed.from, allowed.selector.as_ref())) {
        None | Some((NamespacesFrom::Same, _)) => workspace == namespace,
        Some((NamespacesFrom::All, _)) => true,
        Some((NamespacesFrom::Selector, selector)) => {
            selector.zip(labels).is_some_and(|(selector, labels)| matches(selector, labels))
        }
    }
}

fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    if selector.match_labels.is_none() && selector.match_expressions.is_none() {
        return false;
    }
    let equal = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    equal && selector.match_expressions.iter().flatten().all(|requirement| holds(requirement, labels))
}

fn holds(requirement: &LabelSelectorRequirement, labels: &BTreeMap<String, String>) -> bool {
    let value = labels.get(&requirement.key);
    let among = || value.is_some_and(|value| requirement.values.iter().flatten().any(|other| other == value));
    match requirement.operator.as_str() {
        "In" => among(),
        "NotIn" => !among(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}
