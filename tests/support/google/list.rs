//! Lists: pages, queries, projections and partial answers.

use serde_json::{Map, Value, json};

use super::{CUSTOMER, Google, People, forbidden, not_found, refusal};
use crate::support::service::{Ask, Reply};

const USER_FIELDS: [&str; 34] = [
    "id",
    "primaryEmail",
    "isAdmin",
    "isDelegatedAdmin",
    "suspended",
    "archived",
    "name",
    "kind",
    "etag",
    "emails",
    "externalIds",
    "relations",
    "aliases",
    "customerId",
    "addresses",
    "organizations",
    "lastLoginTime",
    "phones",
    "suspensionReason",
    "thumbnailPhotoUrl",
    "languages",
    "creationTime",
    "nonEditableAliases",
    "notes",
    "websites",
    "locations",
    "keywords",
    "deletionTime",
    "gender",
    "customSchemas",
    "orgUnitPath",
    "recoveryEmail",
    "isGuestUser",
    "includeInGlobalAddressList",
];
const OTHER_FIELDS: [&str; 10] =
    ["users", "groups", "members", "nextPageToken", "type", "role", "status", "email", "description", "adminCreated"];

fn invalid(what: &str) -> Reply {
    refusal(400, "invalid", &format!("Invalid Input: {what}"))
}

/// A record as far as its projection shows custom schemas.
pub(super) fn projected(mut user: Value, ask: &Ask) -> Result<Value, Reply> {
    let wanted: Vec<&str> = ask.param("customFieldMask").split(',').filter(|name| !name.is_empty()).collect();
    match (ask.param("projection"), wanted.is_empty()) {
        ("" | "basic", true) => _ = user.as_object_mut().unwrap().remove("customSchemas"),
        ("custom", false) => {
            if wanted.iter().any(|name| *name != "Employment") {
                return Err(invalid("custom_schema"));
            }
            if let Some(schemas) = user["customSchemas"].as_object_mut() {
                schemas.retain(|name, _| wanted.contains(&name.as_str()));
            }
        }
        ("full", true) => {}
        _ => return Err(invalid("projection")),
    }
    Ok(user)
}

/// A partial answer (developers.google.com/workspace/admin/directory/v1/guides/performance): `a,b(c,d)`.
pub(super) fn selected(answer: &Value, fields: &str) -> Result<Value, Reply> {
    if fields.is_empty() {
        return Ok(answer.clone());
    }
    let mut left = fields.chars().peekable();
    let mask = Mask::read(&mut left)?;
    if left.next().is_some() {
        return Err(invalid("fields"));
    }
    Ok(mask.of(answer))
}

struct Mask(Vec<(String, Option<Mask>)>);

impl Mask {
    fn read(left: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Self, Reply> {
        let mut names = Vec::new();
        loop {
            let mut name = String::new();
            while let Some(c) = left.next_if(|c| !",()".contains(*c)) {
                name.push(c);
            }
            if !USER_FIELDS.contains(&name.as_str()) && !OTHER_FIELDS.contains(&name.as_str()) {
                return Err(refusal(400, "invalidParameter", &format!("Invalid field selection {name}")));
            }
            let within = left.next_if_eq(&'(').is_some().then(|| Self::read(left)).transpose()?;
            if within.is_some() && left.next() != Some(')') {
                return Err(invalid("fields"));
            }
            names.push((name, within));
            if left.next_if_eq(&',').is_none() {
                return Ok(Self(names));
            }
        }
    }

    fn of(&self, value: &Value) -> Value {
        if let Value::Array(list) = value {
            return list.iter().map(|one| self.of(one)).collect();
        }
        let chosen = self.0.iter().filter_map(|(name, within)| {
            let value = value.get(name)?;
            Some((name.clone(), within.as_ref().map_or_else(|| value.clone(), |mask| mask.of(value))))
        });
        Value::Object(chosen.collect::<Map<_, _>>())
    }
}

impl Google {
    pub(super) fn list_users(&mut self, ask: &Ask) -> Reply {
        match (ask.param("customer"), ask.param("domain")) {
            ("my_customer" | CUSTOMER, "") | ("", "acme.example" | "sub.example") => {}
            ("", "") => return refusal(400, "badRequest", "Bad Request"),
            ("", _) => return refusal(404, "notFound", "Domain not found."),
            _ => return invalid("Invalid Customer Id"),
        }
        let clauses = match clauses(ask.param("query")) {
            Ok(clauses) => clauses,
            Err(reply) => return reply,
        };
        let is_deleted = ask.param("showDeleted") == "true";
        let domain = format!("@{}", ask.param("domain"));
        if !is_deleted && clauses.is_empty() && domain == "@" {
            let count = self.count();
            return self.page(ask, 500, "users", "admin#directory#users", count, Self::person);
        }
        let mut found = Vec::new();
        let all = if is_deleted { self.deleted.clone() } else { (0..self.count()).map(|n| self.person(n)).collect() };
        for user in all {
            match self.matches(&user, &clauses) {
                Err(reply) => return reply,
                Ok(matching) => {
                    if matching && (domain == "@" || user["primaryEmail"].as_str().unwrap().ends_with(&domain)) {
                        found.push(user);
                    }
                }
            }
        }
        let count = found.len();
        self.page(ask, 500, "users", "admin#directory#users", count, |_, place| found[place].clone())
    }

    pub(super) fn list_groups(&mut self, ask: &Ask) -> Reply {
        if ask.param("customer") != "my_customer" && ask.param("customer") != CUSTOMER {
            return refusal(400, "badRequest", "Bad Request");
        }
        let clauses = match clauses(ask.param("query")) {
            Ok(clauses) => clauses,
            Err(reply) => return reply,
        };
        // Looser than its page says: whatever begins so, in any case.
        let is_meant =
            |name: &str| clauses.iter().all(|(_, _, value)| name.to_lowercase().starts_with(&value.to_lowercase()));
        let found: Vec<Value> =
            self.groups.iter().filter(|group| is_meant(&group.name)).map(super::Group::record).collect();
        let count = found.len();
        self.page(ask, 200, "groups", "admin#directory#groups", count, |_, place| found[place].clone())
    }

    pub(super) fn list_members(&mut self, key: &str, ask: &Ask) -> Reply {
        if self.foreign.contains(key) {
            return forbidden();
        }
        let Some(group) = self.groups.iter().find(|group| group.id == key) else { return not_found("groupKey") };
        let members = group.members.clone();
        self.page(ask, 200, "members", "admin#directory#members", members.len(), |_, place| members[place].clone())
    }

    fn page(
        &mut self,
        ask: &Ask,
        limit: usize,
        member: &str,
        kind: &str,
        count: usize,
        record: impl Fn(&Self, usize) -> Value,
    ) -> Reply {
        let size = match ask.param("maxResults").parse::<usize>() {
            Ok(size) if (1..=limit).contains(&size) => size.min(self.most),
            _ => return invalid("maxResults"),
        };
        // A token belongs to the request that it was given for.
        let mut same = ask.query.clone();
        same.remove("pageToken");
        let of = format!("{} {same:?}", ask.path);
        let from = match ask.param("pageToken") {
            "" => 0,
            token => match self.page_tokens.get(token) {
                Some((whose, from)) if *whose == of => *from,
                _ => return invalid("pageToken"),
            },
        };
        let mut records = Vec::new();
        for place in from..count.min(from + size) {
            let record = record(self, place);
            match if member == "users" { projected(record, ask) } else { Ok(record) } {
                Ok(record) => records.push(record),
                Err(reply) => return reply,
            }
        }
        let mut answer = json!({"kind": kind, "etag": "\"y\""});
        if !records.is_empty() {
            answer[member] = records.into();
        }
        if from + size < count {
            self.page_tokens_given += 1;
            let token = format!("next=={}", self.page_tokens_given);
            self.page_tokens.insert(token.clone(), (of, from + size));
            answer["nextPageToken"] = token.into();
        }
        selected(&answer, ask.param("fields")).map_or_else(|reply| reply, |answer| Reply::json(200, &answer))
    }

    fn matches(&self, user: &Value, clauses: &[Clause]) -> Result<bool, Reply> {
        let texts = |list: &str, member: &str| {
            let all = user[list].as_array().into_iter().flatten();
            all.filter_map(|one| one[member].as_str().map(str::to_lowercase)).collect::<Vec<_>>()
        };
        for (field, operator, value) in clauses {
            let value = value.to_lowercase();
            let is = match (field.as_str(), operator) {
                ("orgUnitPath", '=') => {
                    if !self.has_unit(&value) {
                        return Err(invalid("INVALID_OU_ID"));
                    }
                    let path = user["orgUnitPath"].as_str().unwrap_or_default().to_lowercase();
                    path == value || path.starts_with(&format!("{}/", value.trim_end_matches('/')))
                }
                ("email", '=') => {
                    let aliases = user["aliases"].as_array().into_iter().flatten();
                    aliases
                        .chain([&user["primaryEmail"]])
                        .any(|one| one.as_str().is_some_and(|one| one.to_lowercase() == value))
                }
                ("orgDepartment", '=') => texts("organizations", "department").contains(&value),
                ("isSuspended", '=') => user["suspended"].as_bool() == value.parse().ok(),
                _ => return Err(invalid("query")),
            };
            if !is {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn has_unit(&self, path: &str) -> bool {
        let People::Held(people) = &self.people else { return true };
        path == "/staff"
            || people.iter().any(|user| {
                format!("{}/", user["orgUnitPath"].as_str().unwrap().to_lowercase()).starts_with(&format!("{path}/"))
            })
    }
}

type Clause = (String, char, String);

/// `field=value field:'a value' …`; a value may be between single quotes, and a backslash takes the next as it is.
fn clauses(query: &str) -> Result<Vec<Clause>, Reply> {
    let mut left = query.chars().peekable();
    let mut found = Vec::new();
    loop {
        while left.next_if(|c| c.is_whitespace()).is_some() {}
        if left.peek().is_none() {
            return Ok(found);
        }
        let mut field = String::new();
        while let Some(c) = left.next_if(|c| c.is_alphanumeric() || *c == '.') {
            field.push(c);
        }
        let operator = left.next_if(|c| "=:".contains(*c)).ok_or_else(|| invalid("query"))?;
        let is_quoted = left.next_if_eq(&'\'').is_some();
        let mut value = String::new();
        loop {
            match left.next() {
                Some('\\') => value.extend(left.next()),
                Some('\'') if is_quoted => break,
                Some(c) if !is_quoted && c.is_whitespace() => break,
                Some(c) => value.push(c),
                None if is_quoted => return Err(invalid("query")),
                None => break,
            }
        }
        found.push((field, operator, value));
    }
}
