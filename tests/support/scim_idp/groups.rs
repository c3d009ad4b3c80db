//! Groups, and what people say of them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use url::Url;

use super::{BASE, Record, ScimIdp, Shown};
use crate::support::service::Ask;

/// A group of people and of groups, by id.
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub people: Vec<String>,
    pub groups: Vec<String>,
}

impl ScimIdp {
    /// A group as it is sent.
    pub(super) fn group(&self, base: &Url, ask: &Ask, group: &Group) -> Record {
        let member = |id: &String, kind: &str| {
            let link = format!("{}{}/{kind}s/{id}", base.as_str().trim_end_matches('/'), BASE);
            if self.habits.untyped_members {
                json!({"value": id, "display": "ann@acme.example"})
            } else {
                json!({"value": id, "type": kind, "$ref": link})
            }
        };
        let people = group.people.iter().map(|id| member(id, "User"));
        let mut members: Vec<Value> = people.chain(group.groups.iter().map(|id| member(id, "Group"))).collect();
        if let Some(most) = self.habits.most_members {
            members.truncate(most);
        }
        let asked = ask.param("attributes").contains("members");
        let shown = match self.habits.members {
            Shown::Always => true,
            Shown::Never | Shown::LeftOut => false,
            Shown::WhenAsked => asked,
            Shown::WhenNotAsked => ask.param("attributes").is_empty(),
        };
        let mut record = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"],
            "id": group.id,
            "displayName": group.name,
        });
        if shown && !members.is_empty() {
            record["members"] = json!(members);
        } else if self.habits.members == Shown::Never {
            record["members"] = json!([]);
        }
        record.as_object().unwrap().clone()
    }

    /// A user with the groups that they are in (RFC 7643 section 4.1.2).
    pub(super) fn grouped(&self, mut user: Record) -> Record {
        if self.groups.is_empty() || self.habits.silent_users {
            return user;
        }
        let id = user["id"].as_str().unwrap().to_owned();
        let mut found: BTreeMap<&str, &str> = BTreeMap::new();
        for group in &self.groups {
            if group.people.contains(&id) {
                found.insert(&group.id, "direct");
            }
        }
        let mut waiting: Vec<&str> = found.keys().copied().collect();
        let mut seen: BTreeSet<&str> = waiting.iter().copied().collect();
        while let Some(inner) = waiting.pop() {
            for outer in self.groups.iter().filter(|group| group.groups.iter().any(|id| id == inner)) {
                if seen.insert(&outer.id) {
                    found.entry(&outer.id).or_insert("indirect");
                    waiting.push(&outer.id);
                }
            }
        }
        let groups: Vec<Value> = found.iter().map(|(id, kind)| json!({"value": id, "type": kind})).collect();
        if !groups.is_empty() {
            user.insert("groups".to_owned(), json!(groups));
        }
        user
    }
}
