//! The contacts in memory: what a request does to them.

use axum::http::Method;
use contactsync::scim;
use serde_json::{Map, Value, json};

use super::Logged;
use super::fault::{Fault, Rule};
use super::filter::{apply, lower, matches};
use super::profile::{Habit, Profile};
use super::schemas;

pub(super) struct Desk {
    pub(super) profile: Profile,
    pub(super) users: Vec<Map<String, Value>>,
    pub(super) made: u64,
    pub(super) rules: Vec<Rule>,
    pub(super) met: usize,
    pub(super) log: Vec<Logged>,
}

#[derive(Debug)]
pub(super) struct Failed(pub(super) u16, pub(super) &'static str);

/// One request, or one operation of a Bulk request.
#[derive(Clone)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a Method,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) body: Value,
    pub(super) if_match: Option<&'a str>,
}

impl Desk {
    pub(super) fn new(profile: Profile) -> Self {
        Self { profile, users: vec![], made: 0, rules: vec![], met: 0, log: vec![] }
    }

    /// The fault that a request meets.
    pub(super) fn fault(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.fits(method, path))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.times -= 1;
        self.met += 1;
        Some(rule.fault.clone())
    }

    pub(super) fn act(&mut self, ask: Ask<'_>, fault: Option<&Fault>) -> Result<(u16, Value), Failed> {
        let Ask { method, path, query, body, if_match } = ask;
        let id = path.strip_prefix("/Users/");
        match (method.as_str(), path) {
            ("GET", "/ServiceProviderConfig") => Ok((200, schemas::config(&self.profile))),
            ("GET", "/Schemas") if self.profile.schemas => Ok((200, schemas::schemas())),
            ("GET", "/Users") => self.list(query, fault),
            ("POST", "/Users") => {
                Ok((201, Value::Object(self.create(body.as_object().ok_or(Failed(400, "invalidSyntax"))?.clone())?)))
            }
            ("POST", "/Bulk") if self.profile.has(Habit::NoBulkAfterAll) => Err(Failed(404, "")),
            ("POST", "/Bulk") => self.bulk(&body, fault),
            ("GET", _) if id.is_some() => Ok((200, Value::Object(self.find(id.unwrap())?.clone()))),
            ("PATCH", _) if id.is_some() && self.profile.patch => self.patch(id.unwrap(), &body, if_match),
            ("PUT", _) if id.is_some() => self.put(id.unwrap(), &body, if_match),
            ("DELETE", _) if id.is_some() => {
                self.check(id.unwrap(), if_match)?;
                self.find(id.unwrap())?;
                self.users.retain(|user| user["id"] != *id.unwrap());
                Ok((204, Value::Null))
            }
            _ => Err(Failed(404, "")),
        }
    }

    fn find(&mut self, id: &str) -> Result<&mut Map<String, Value>, Failed> {
        self.users.iter_mut().find(|user| user["id"] == id).ok_or(Failed(404, ""))
    }

    fn check(&mut self, id: &str, if_match: Option<&str>) -> Result<(), Failed> {
        let version = self.find(id)?["meta"]["version"].clone();
        if if_match.is_some_and(|wanted| version != wanted) { Err(Failed(412, "")) } else { Ok(()) }
    }

    fn is_taken(&self, name: &Value, by_other_than: &str) -> bool {
        let name = lower(name);
        let twin = |user: &Map<String, Value>| user["id"] != by_other_than && lower(&user["userName"]) == name;
        !self.profile.has(Habit::AllowsTwins) && self.users.iter().any(twin)
    }

    pub(super) fn create(&mut self, mut user: Map<String, Value>) -> Result<Map<String, Value>, Failed> {
        if self.is_taken(&user["userName"], "") {
            return Err(Failed(409, "uniqueness"));
        }
        self.made += 1;
        user.insert("id".into(), format!("u{}", self.made).into());
        touch(&mut user);
        keep(&self.profile, &mut user);
        self.users.push(user.clone());
        Ok(user)
    }

    fn put(&mut self, id: &str, body: &Value, if_match: Option<&str>) -> Result<(u16, Value), Failed> {
        self.check(id, if_match)?;
        if self.is_taken(&body["userName"], id) {
            return Err(Failed(409, "uniqueness"));
        }
        let profile = self.profile;
        let user = self.find(id)?;
        let meta = user["meta"].clone();
        *user = body.as_object().unwrap().clone();
        user.insert("meta".into(), meta);
        touch(user);
        keep(&profile, user);
        Ok((200, Value::Object(user.clone())))
    }

    fn patch(&mut self, id: &str, body: &Value, if_match: Option<&str>) -> Result<(u16, Value), Failed> {
        self.check(id, if_match)?;
        let operations = body["Operations"].as_array().unwrap();
        if operations.iter().any(|op| op["path"] == "userName" && self.is_taken(&op["value"], id)) {
            return Err(Failed(409, "uniqueness"));
        }
        let profile = self.profile;
        let user = self.find(id)?;
        for operation in operations {
            apply(user, operation);
        }
        touch(user);
        keep(&profile, user);
        if profile.has(Habit::AnswersWithContact) {
            return Ok((200, Value::Object(user.clone())));
        }
        Ok((204, Value::Null))
    }

    fn list(&self, query: &str, fault: Option<&Fault>) -> Result<(u16, Value), Failed> {
        let get = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        let found = self.found(get("filter"), fault)?;
        let has = |habit| self.profile.has(habit);
        let count = get("count").and_then(|n| n.parse().ok()).unwrap_or(self.profile.page).min(self.profile.page);
        let start: usize = match get("cursor") {
            Some(cursor) => cursor.trim_start_matches('c').parse().unwrap_or(0),
            None => get("startIndex").and_then(|n| n.parse::<usize>().ok()).unwrap_or(1) - 1,
        };
        let endless = has(Habit::EndlessPages) || has(Habit::EndlessCursor);
        let first = if has(Habit::FirstPageOnly) || endless { 0 } else { start };
        let mut page: Vec<_> = found.iter().skip(first).take(count).collect();
        if matches!(fault, Some(Fault::Shifted)) && !page.is_empty() {
            page.remove(0);
        }
        let total = if has(Habit::EndlessPages) { u64::MAX } else { found.len() as u64 };
        let mut answer = json!({"schemas": [scim::LIST_RESPONSE], "totalResults": total, "Resources": page});
        if get("cursor").is_some() && (start + count < found.len() || has(Habit::EndlessCursor)) {
            answer["nextCursor"] = format!("c{}", start + count).into();
        }
        Ok((200, answer))
    }

    fn found(&self, filter: Option<&str>, fault: Option<&Fault>) -> Result<Vec<&Map<String, Value>>, Failed> {
        let has = |habit| self.profile.has(habit);
        let Some(filter) = filter else { return Ok(self.users.iter().collect()) };
        if !self.profile.filter || has(Habit::RefusesFilters) || matches!(fault, Some(Fault::FilterUnknown)) {
            return Err(Failed(400, "invalidFilter"));
        }
        if has(Habit::FindsNothing) || matches!(fault, Some(Fault::FilterEmpty)) {
            return Ok(Vec::new());
        }
        let all = has(Habit::IgnoresFilters) || matches!(fault, Some(Fault::FilterIgnored));
        Ok(self.users.iter().filter(|user| all || filter.split(" or ").any(|term| matches(user, term))).collect())
    }
}

/// Another version.
pub(super) fn touch(user: &mut Map<String, Value>) {
    let old = user.get("meta").and_then(|m| m["version"].as_str()).and_then(|v| v[3..v.len() - 1].parse().ok());
    let next: u64 = old.unwrap_or(0) + 1;
    user.insert("meta".into(), json!({"resourceType": "User", "version": format!("W/\"{next}\"")}));
}

/// What the desk makes of what it was given.
fn keep(profile: &Profile, user: &mut Map<String, Value>) {
    let change = |user: &mut Map<String, Value>, name: &str, to: &dyn Fn(&str) -> String| {
        if let Some(text) = user.get(name).and_then(Value::as_str).map(to) {
            user.insert(name.to_owned(), text.into());
        }
    };
    if profile.has(Habit::Normalises) {
        change(user, "userName", &|text| text.to_lowercase());
        change(user, "displayName", &|text| text.trim().to_owned());
        change(user, "title", &|text| text.to_uppercase());
        for phone in user.get_mut("phoneNumbers").and_then(Value::as_array_mut).into_iter().flatten() {
            phone["value"] = phone["value"].as_str().unwrap().replace(' ', "").into();
        }
    }
    if profile.has(Habit::ForgetsTitles) {
        user.shift_remove("title");
    }
    if profile.has(Habit::LowersExternalIds) {
        change(user, "externalId", &|text| text.to_lowercase());
    }
    if profile.has(Habit::ForgetsExternalIds) {
        user.shift_remove("externalId");
    }
}
