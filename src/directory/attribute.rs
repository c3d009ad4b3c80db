//! How manifests name what lies within a JSON record: `department`, `name.familyName`, `phones[work]`,
//! `organizations[primary].title`.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::person::Attributes;

/// The name of an attribute, and the way to it.
///
/// A dot leads into an object. Brackets choose from a list of objects those whose `type` (or `customType`) is the word in
/// them, without regard to case, or with `[primary]` the one that is marked `primary`; where the name ends there, their
/// `value`. Through a list without brackets every element counts. A key that is spelt like the whole name comes first. What
/// begins with `urn:` is a SCIM extension up to its last colon (RFC 7644 section 3.10).
#[derive(Clone, Debug)]
pub(super) struct AttributePath {
    name: Arc<str>,
    steps: Vec<Step>,
    any_case: bool,
}

#[derive(Clone, Debug)]
struct Step {
    member: String,
    label: Option<String>,
}

impl AttributePath {
    /// The way that a name says.
    pub(super) fn new(name: &str) -> Self {
        let (urn, rest) = match name.rsplit_once(':') {
            Some((urn, rest)) if urn.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:")) => {
                (Some(Step { member: urn.to_owned(), label: None }), rest)
            }
            _ => (None, name),
        };
        let steps = urn.into_iter().chain(rest.split('.').map(Step::new)).collect();
        Self { name: name.into(), steps, any_case: false }
    }

    /// The same in a record whose keys are compared without regard to case (RFC 7643 section 2.1), and whose flags some
    /// servers write as text.
    pub(super) fn in_any_case(self) -> Self {
        Self { any_case: true, ..self }
    }

    /// The name as the manifest has it.
    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The key of the record that it begins with: what a directory is asked for.
    pub(super) fn first(&self) -> &str {
        self.steps.first().map_or(&self.name, |step| &step.member)
    }

    /// Its values in a record, in the record's order; null and empty text are none.
    pub(super) fn values(&self, record: &Map<String, Value>) -> Vec<Value> {
        let mut found = Vec::new();
        match self.member(record, &self.name) {
            Some(value) => self.leaves(value, None, &mut found),
            None => self.walk(record, &self.steps, &mut found),
        }
        found.into_iter().filter(|value| !value.is_null() && value.as_str() != Some("")).cloned().collect()
    }

    fn walk<'a>(&self, record: &'a Map<String, Value>, steps: &[Step], found: &mut Vec<&'a Value>) {
        let Some((step, rest)) = steps.split_first() else { return };
        let Some(value) = self.member(record, &step.member) else { return };
        if rest.is_empty() {
            return self.leaves(value, step.label.as_deref(), found);
        }
        let mut within = Vec::new();
        self.elements(value, step.label.as_deref(), &mut within);
        for record in within.into_iter().filter_map(Value::as_object) {
            self.walk(record, rest, found);
        }
    }

    /// The elements of a list, or the one value, that a label chooses.
    fn elements<'a>(&self, value: &'a Value, label: Option<&str>, into: &mut Vec<&'a Value>) {
        let all = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        into.extend(all.iter().filter(|element| label.is_none_or(|label| self.is_labelled(element, label))));
    }

    /// The same where a name ends: of an object that a label chose, its `value`.
    fn leaves<'a>(&self, value: &'a Value, label: Option<&str>, into: &mut Vec<&'a Value>) {
        let from = into.len();
        self.elements(value, label, into);
        if label.is_some() {
            for leaf in into.iter_mut().skip(from) {
                *leaf = self.part(leaf, "value").unwrap_or(leaf);
            }
        }
    }

    fn is_labelled(&self, element: &Value, label: &str) -> bool {
        if label.eq_ignore_ascii_case("primary") {
            let flag = self.part(element, "primary");
            let is_said = |text: &str| self.any_case && text.eq_ignore_ascii_case("true");
            return flag.is_some_and(|flag| flag.as_bool().unwrap_or_else(|| flag.as_str().is_some_and(is_said)));
        }
        ["type", "customType"].iter().any(|key| {
            let kind = self.part(element, key).and_then(Value::as_str);
            kind.is_some_and(|kind| kind.eq_ignore_ascii_case(label))
        })
    }

    fn part<'a>(&self, element: &'a Value, key: &str) -> Option<&'a Value> {
        self.member(element.as_object()?, key)
    }

    fn member<'a>(&self, record: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
        let in_other_case = || record.iter().find(|(other, _)| other.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        record.get(key).or_else(|| self.any_case.then(in_other_case).flatten())
    }
}

impl Step {
    fn new(text: &str) -> Self {
        let labelled = text.strip_suffix(']').and_then(|text| text.split_once('['));
        match labelled {
            Some((member, label)) if !member.is_empty() && !label.is_empty() => {
                Self { member: member.to_owned(), label: Some(label.to_owned()) }
            }
            _ => Self { member: text.to_owned(), label: None },
        }
    }
}

/// The attributes of a record that paths lead to.
pub(super) fn attributes(paths: &[AttributePath], record: &Map<String, Value>) -> Attributes {
    let named = paths.iter().map(|path| (Arc::clone(path.name()), path.values(record)));
    named.filter(|(_, values)| !values.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(record: Value, name: &str) -> Value {
        let Value::Object(record) = record else { panic!("a record is an object") };
        AttributePath::new(name).values(&record).into()
    }

    #[test]
    fn a_dot_leads_into_objects_and_through_lists() {
        let record =
            json!({"name": {"fullName": "Ann Berg"}, "emails": [{"value": "a@x.example"}, {"value": "b@x.example"}]});
        assert_eq!(values(record.clone(), "name.fullName"), json!(["Ann Berg"]));
        assert_eq!(values(record.clone(), "emails.value"), json!(["a@x.example", "b@x.example"]));
        assert_eq!(values(record.clone(), "name.nickName"), json!([]));
        assert_eq!(values(record, "name.fullName.first"), json!([]));
    }

    #[test]
    fn brackets_choose_by_type_and_by_primary() {
        let phones = json!({"phones": [
            {"type": "work", "value": "1"}, {"type": "WORK", "value": "2"}, {"type": "mobile", "value": "3", "primary": true},
            {"type": "custom", "customType": "desk", "value": "4"}, {"type": "fax"}, "5"
        ]});
        assert_eq!(values(phones.clone(), "phones[work]"), json!(["1", "2"]));
        assert_eq!(values(phones.clone(), "phones[primary]"), json!(["3"]));
        assert_eq!(values(phones.clone(), "phones[desk]"), json!(["4"]));
        assert_eq!(values(phones.clone(), "phones[fax]"), json!([{"type": "fax"}]));
        assert_eq!(values(phones, "phones[work].type"), json!(["work", "WORK"]));
        assert_eq!(
            values(
                json!({"organizations": [{"title": "x"}, {"title": "y", "primary": true}]}),
                "organizations[primary].title"
            ),
            json!(["y"])
        );
    }

    #[test]
    fn a_key_spelt_like_the_name_comes_first() {
        assert_eq!(values(json!({"a.b": 1, "a": {"b": 2}}), "a.b"), json!([1]));
        assert_eq!(values(json!({"phones[work]": "1"}), "phones[work]"), json!(["1"]));
    }

    #[test]
    fn an_extension_is_known_by_its_urn() {
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let record = json!({urn: {"division": "EMEA", "manager": {"displayName": "Bo"}}});
        assert_eq!(values(record.clone(), &format!("{urn}:division")), json!(["EMEA"]));
        assert_eq!(values(record.clone(), &format!("{urn}:manager.displayName")), json!(["Bo"]));
        let path = AttributePath::new(&format!("{}:DIVISION", urn.to_uppercase())).in_any_case();
        assert_eq!(path.values(record.as_object().unwrap()), [json!("EMEA")]);
        assert_eq!(AttributePath::new(&format!("{urn}:division")).first(), urn);
    }

    #[test]
    fn in_any_case_keys_of_elements_ignore_case_too() {
        let record =
            json!({"Emails": [{"Type": "home", "Value": "h"}, {"TYPE": "Work", "VALUE": "w", "Primary": "True"}]});
        let values = |name: &str| AttributePath::new(name).in_any_case().values(record.as_object().unwrap());
        assert_eq!(values("emails[work]"), [json!("w")]);
        assert_eq!(values("emails[primary]"), [json!("w")]);
        assert_eq!(AttributePath::new("Emails[work]").values(record.as_object().unwrap()), [json!(null); 0]);
    }

    #[test]
    fn null_and_empty_text_are_no_values() {
        assert_eq!(values(json!({"a": [null, "", "x"], "b": null}), "a"), json!(["x"]));
        assert_eq!(values(json!({"a": [null, "", "x"], "b": null}), "b"), json!([]));
    }
}
