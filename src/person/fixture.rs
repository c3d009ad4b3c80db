//! People for tests.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{GroupSet, Person, PersonId};

/// A person with the attributes of a JSON object; lists are several values.
pub(crate) fn person(id: &str, attributes: Json) -> Person {
    let Json::Object(members) = attributes else { panic!("attributes are an object") };
    let attributes = members.into_iter().map(|(name, value)| {
        let values = if let Json::Array(values) = value { values } else { vec![value] };
        (Arc::from(name.as_str()), values)
    });
    Person {
        id: PersonId::new(id).unwrap(),
        attributes: attributes.collect(),
        groups: GroupSet::default(),
        location: None,
        disabled: false,
    }
}
