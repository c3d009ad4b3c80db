//! Before a Bulk runs: each operation checked, `bulkId` references replaced by ids (RFC 7644 section 3.7.2), and an
//! order in which what is referred to comes first.
//!
//! The ids of new users are drawn here, so that users can refer to each other in a circle.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::Operation;
use crate::kdesk::document;
use crate::kdesk::error::ScimError;
use crate::kdesk::http::input::Precondition;
use crate::kdesk::http::users::new_id;
use crate::kdesk::patch::PatchRequest;
use crate::kdesk::store::NewUser;

const REFERENCE: &str = "bulkId:";

/// An operation, ready to run.
#[derive(Debug)]
pub(super) struct Planned {
    /// Its place in the request.
    pub(super) index: usize,
    pub(super) method: String,
    pub(super) bulk_id: Option<String>,
    /// The user it is about; of a POST the id to be.
    pub(super) id: String,
    pub(super) creates: bool,
    pub(super) precondition: Precondition,
    /// Places of the operations that it refers to.
    pub(super) needs: Vec<usize>,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Create(Box<NewUser>),
    Put(document::Document),
    Patch(PatchRequest),
    Delete,
    Refused(ScimError),
    /// It has run.
    Done,
}

/// New users by their bulkId: the operation's place and the id.
type Drawn = HashMap<String, (usize, String)>;

pub(super) fn plan(operations: Vec<Operation>) -> Vec<Planned> {
    let mut drawn = Drawn::new();
    let mut twice = HashSet::new();
    for (index, operation) in operations.iter().enumerate() {
        if let Some(bulk_id) = operation.bulk_id.as_deref().filter(|_| operation.method.eq_ignore_ascii_case("POST"))
            && drawn.insert(bulk_id.to_owned(), (index, new_id())).is_some()
        {
            twice.insert(bulk_id.to_owned());
        }
    }
    let planned = operations
        .into_iter()
        .enumerate()
        .map(|(index, operation)| planned(index, operation, &drawn, &twice))
        .collect();
    ordered(planned)
}

fn planned(index: usize, operation: Operation, drawn: &Drawn, twice: &HashSet<String>) -> Planned {
    let Operation { method, path, bulk_id, version, mut data } = operation;
    let mut needs = Vec::new();
    let mut unknown = None;
    let mut resolve = |reference: &str| {
        let found = drawn.get(reference);
        match found {
            Some((at, _)) if *at != index => needs.push(*at),
            Some(_) => {}
            None => unknown = Some(reference.to_owned()),
        }
        found.map(|(_, id)| id.clone())
    };
    if let Some(data) = &mut data {
        substitute(data, &mut resolve);
    }
    let verb = method.to_ascii_uppercase();
    let creates = verb == "POST";
    let target = target(&path);
    let id = match (creates, target) {
        (true, _) => bulk_id.as_deref().and_then(|bulk_id| drawn.get(bulk_id)).map(|(_, id)| id.clone()),
        (false, Target::User(id)) => match id.strip_prefix(REFERENCE) {
            Some(reference) => resolve(reference),
            None => Some(id.to_owned()),
        },
        (false, _) => None,
    };
    let action = match (unknown, &bulk_id) {
        (Some(reference), _) => {
            Err(ScimError::InvalidValue(format!("no POST of this request has the bulkId {reference:?}")))
        }
        (None, Some(bulk_id)) if creates && twice.contains(bulk_id) => {
            Err(ScimError::InvalidValue(format!("the bulkId {bulk_id:?} is used more than once")))
        }
        (None, _) => action(&verb, &path, target, id.as_deref(), data),
    };
    Planned {
        index,
        method: verb,
        bulk_id,
        id: id.unwrap_or_default(),
        creates,
        precondition: Precondition::version(version),
        needs,
        action: action.unwrap_or_else(Action::Refused),
    }
}

/// What an operation's path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target<'a> {
    Users,
    User(&'a str),
    Elsewhere,
}

fn target(path: &str) -> Target<'_> {
    let Some(rest) = path.trim_start_matches('/').strip_prefix("Users") else { return Target::Elsewhere };
    match rest.strip_prefix('/') {
        Some("") => Target::Users,
        None if rest.is_empty() => Target::Users,
        Some(id) if !id.contains('/') => Target::User(id),
        _ => Target::Elsewhere,
    }
}

fn action(
    method: &str,
    path: &str,
    target: Target<'_>,
    id: Option<&str>,
    data: Option<Value>,
) -> Result<Action, ScimError> {
    let body = |data: Option<Value>| data.ok_or_else(|| ScimError::InvalidSyntax(format!("{method} needs data")));
    let resource = |data| match body(data)? {
        Value::Object(members) => document::from_client(members),
        _ => Err(ScimError::InvalidSyntax("data must be an object".to_owned())),
    };
    match (method, target, id) {
        ("POST", Target::Users, Some(id)) => {
            Ok(Action::Create(Box::new(NewUser::new(id.to_owned(), resource(data)?)?)))
        }
        ("POST", Target::Users, None) => Err(ScimError::InvalidSyntax("POST needs a bulkId".to_owned())),
        ("PUT", Target::User(_), Some(_)) => Ok(Action::Put(resource(data)?)),
        ("PATCH", Target::User(_), Some(_)) => Ok(Action::Patch(PatchRequest::read(body(data)?)?)),
        ("DELETE", Target::User(_), Some(_)) => Ok(Action::Delete),
        ("POST" | "PUT" | "PATCH" | "DELETE", Target::Elsewhere, _) => {
            Err(ScimError::NotFound(format!("endpoint {path}")))
        }
        ("POST" | "PUT" | "PATCH" | "DELETE", _, _) => {
            Err(ScimError::InvalidPath(format!("{method} {path}: POST is to /Users, all else to /Users/<id>")))
        }
        _ => Err(ScimError::InvalidSyntax(format!("method {method:?} is not POST, PUT, PATCH or DELETE"))),
    }
}

/// Replaces each `bulkId:…` text by the id it stands for.
fn substitute(value: &mut Value, resolve: &mut impl FnMut(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(id) = text.strip_prefix(REFERENCE).and_then(&mut *resolve) {
                *text = id;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| substitute(value, resolve)),
        Value::Object(members) => members.values_mut().for_each(|value| substitute(value, resolve)),
        _ => {}
    }
}

/// The request's order, but for operations that refer to later ones: those wait. Circles run as they stand.
fn ordered(planned: Vec<Planned>) -> Vec<Planned> {
    if planned.iter().all(|operation| operation.needs.iter().all(|&needed| needed < operation.index)) {
        return planned;
    }
    let mut done = vec![false; planned.len()];
    let mut order = Vec::with_capacity(planned.len());
    let mut waiting = planned;
    loop {
        let before = waiting.len();
        let mut later = Vec::new();
        for operation in waiting {
            if operation.needs.iter().all(|&needed| done.get(needed).copied().unwrap_or(true)) {
                if let Some(slot) = done.get_mut(operation.index) {
                    *slot = true;
                }
                order.push(operation);
            } else {
                later.push(operation);
            }
        }
        if later.len() == before || later.is_empty() {
            order.extend(later);
            return order;
        }
        waiting = later;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scim;

    fn post(bulk_id: &str, manager: Option<&str>) -> Operation {
        let mut data = json!({"schemas": [scim::USER], "userName": bulk_id});
        if let Some(manager) = manager {
            data[scim::ENTERPRISE_USER] = json!({"manager": {"value": format!("bulkId:{manager}")}});
        }
        Operation {
            method: "POST".into(),
            path: "/Users".into(),
            bulk_id: Some(bulk_id.into()),
            version: None,
            data: Some(data),
        }
    }

    fn order(operations: Vec<Operation>) -> Vec<usize> {
        plan(operations).iter().map(|operation| operation.index).collect()
    }

    #[test]
    fn what_is_referred_to_comes_first() {
        assert_eq!(order(vec![post("a", None), post("b", Some("a"))]), [0, 1]);
        assert_eq!(order(vec![post("a", Some("c")), post("b", None), post("c", Some("b"))]), [1, 2, 0]);
        assert_eq!(order(vec![post("a", Some("b")), post("b", Some("a")), post("c", None)]), [2, 0, 1], "a circle");
    }

    #[test]
    fn rejects_references_to_nothing_and_bulk_ids_used_twice() {
        for operation in plan(vec![post("a", Some("nobody")), post("b", None), post("b", None)]) {
            assert!(matches!(operation.action, Action::Refused(ScimError::InvalidValue(_))), "{operation:?}");
        }
    }

    #[test]
    fn reads_targets() {
        assert_eq!(target("/Users"), Target::Users);
        assert_eq!(target("/Users/"), Target::Users);
        assert_eq!(target("Users/x"), Target::User("x"));
        for other in ["/Users/x/y", "/Usersx", "/Groups", ""] {
            assert_eq!(target(other), Target::Elsewhere, "{other}");
        }
    }
}
