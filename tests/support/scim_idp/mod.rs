//! An identity provider that serves Users and Groups over SCIM 2.0 (RFC 7643, 7644, 9865), and has the [`Habits`] that it
//! is given. It refuses what RFCs let it refuse.

mod filter;
mod groups;
mod habits;
mod list;

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use url::Url;

pub use groups::Group;
pub use habits::{Chosen, Cursors, Filters, Habits, Shown, Total};

use super::service::{Ask, Reply, Server, Service, Tokens};

/// Where it serves.
pub const BASE: &str = "/scim/v2";
/// The token that it takes.
pub const TOKEN: &str = "hunter2-bearer";
pub const CLIENT: (&str, &str) = ("contactsync", "hunter2-secret");
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// An extension of this house.
pub const STAFF: &str = "urn:acme:params:scim:schemas:extension:staff:2.0:User";

pub(super) type Record = Map<String, Value>;

/// Who is there.
pub enum Users {
    Listed(Vec<Record>),
    /// So many, made when they are asked for.
    Generated(usize),
}

pub struct ScimIdp {
    pub users: Users,
    pub groups: Vec<Group>,
    pub habits: Habits,
    pub tokens: Tokens,
    /// Whether it takes [`TOKEN`].
    pub open: bool,
    cursors: HashMap<String, usize>,
    issued: usize,
    pages: u64,
}

impl ScimIdp {
    pub fn new(users: Vec<Value>, groups: Vec<Group>) -> Self {
        let users = users.into_iter().map(|user| user.as_object().unwrap().clone()).collect();
        Self {
            users: Users::Listed(users),
            groups,
            habits: Habits::default(),
            tokens: Tokens::default(),
            open: true,
            cursors: HashMap::new(),
            issued: 0,
            pages: 0,
        }
    }

    #[must_use]
    pub fn with(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    /// One that holds so many people, and keeps none of them.
    pub async fn generated(count: usize) -> Server<Self> {
        Server::start(Self { users: Users::Generated(count), ..Self::new(Vec::new(), Vec::new()) }).await
    }

    fn count(&self) -> usize {
        match &self.users {
            Users::Listed(users) => users.len(),
            Users::Generated(count) => *count,
        }
    }

    fn user(&self, place: usize) -> Record {
        match &self.users {
            Users::Listed(users) => users[place].clone(),
            Users::Generated(_) => generated(place),
        }
    }

    fn place(&self, id: &str) -> Option<usize> {
        match &self.users {
            Users::Listed(users) => users.iter().position(|user| user["id"] == id),
            Users::Generated(count) => id.strip_prefix("user-")?.parse().ok().filter(|place| place < count),
        }
    }

    fn config(&self) -> Reply {
        if self.habits.no_config {
            return error(404, None);
        }
        let filter = self.habits.filters != Filters::Unsupported;
        let most = self.habits.most.map_or(json!(1000), |most| json!(most));
        let mut config = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
            "patch": {"supported": false},
            "filter": {"supported": filter, "maxResults": most},
            "authenticationSchemes": [],
        });
        if self.habits.cursors.is_some() {
            config["pagination"] = json!({"cursor": true, "index": false, "cursorTimeout": 60});
        }
        self.say(200, config)
    }

    fn say(&self, status: u16, body: Value) -> Reply {
        let body = if self.habits.loose { loosened(body) } else { body };
        let mut reply = Reply::json(status, &body);
        reply.headers = vec![("content-type", "application/scim+json".into())];
        reply
    }

    fn token(&mut self, ask: &Ask) -> Reply {
        use base64::Engine as _;
        let sent = ask.header("authorization").strip_prefix("Basic ");
        let sent = sent.map(|sent| base64::engine::general_purpose::STANDARD.decode(sent).unwrap());
        // User and password are form-encoded first (RFC 6749 section 2.3.1).
        let decoded = sent.map(|sent| percent_encoding::percent_decode(&sent).decode_utf8().unwrap().into_owned());
        let basic = decoded.is_some_and(|sent| sent == format!("{}:{}", CLIENT.0, CLIENT.1));
        let form = ask.form();
        let in_form = form.get("client_id").is_some_and(|id| id == CLIENT.0)
            && form.get("client_secret").is_some_and(|secret| secret == CLIENT.1);
        let granted = form.get("grant_type").is_some_and(|grant| grant == "client_credentials");
        let scoped = form.get("scope").is_some_and(|scope| scope == "scim.read");
        if self.open && granted && scoped && (basic || in_form) {
            return self.tokens.issue();
        }
        Reply::json(401, &json!({"error": "invalid_client", "error_description": "ann@acme.example may not"}))
    }
}

impl Service for ScimIdp {
    fn answer(&mut self, base: &Url, ask: &Ask) -> Reply {
        if ask.path == "/token" {
            return self.token(ask);
        }
        let admitted = self.tokens.admit(ask) || ask.header("authorization") == format!("Bearer {TOKEN}");
        if !self.open || !admitted {
            return error(401, None);
        }
        if !ask.header("accept").contains("application/scim+json") {
            return error(406, None);
        }
        let Some(path) = ask.path.strip_prefix(BASE) else { return error(404, None) };
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        if self.habits.forbidden.is_some_and(|what| steps.first() == Some(&what)) {
            return error(403, None);
        }
        match steps.as_slice() {
            ["ServiceProviderConfig"] => self.config(),
            ["Users" | "Groups"] => self.list(base, ask, steps[0] == "Users"),
            ["Users", id] if !self.habits.no_users_by_id => {
                let Some(place) = self.place(id) else { return error(404, None) };
                let user = self.grouped(self.user(place));
                self.chosen(ask, user).map_or_else(|refused| refused, |user| self.say(200, Value::Object(user)))
            }
            ["Groups", id] => {
                let Some(group) = self.groups.iter().find(|group| group.id == *id) else { return error(404, None) };
                let group = self.group(base, ask, group);
                self.chosen(ask, group).map_or_else(|refused| refused, |group| self.say(200, Value::Object(group)))
            }
            _ => error(404, None),
        }
    }
}

/// An error as RFC 7644 section 3.12 has it; its detail names somebody.
pub(super) fn error(status: u16, scim_type: Option<&str>) -> Reply {
    let mut body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": "ann@acme.example cannot be shown",
        "status": status.to_string(),
    });
    if let Some(scim_type) = scim_type {
        body["scimType"] = json!(scim_type);
    }
    let mut reply = Reply::json(status, &body);
    reply.headers = vec![("content-type", "application/scim+json".into())];
    reply
}

fn generated(place: usize) -> Record {
    let user = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "id": format!("user-{place}"),
        "userName": format!("u{place:06}"),
        "displayName": format!("Person {place}"),
        "active": true,
        "emails": [{"value": format!("u{place:06}@acme.example"), "type": "work", "primary": true}],
        ENTERPRISE: {"department": "Sales"},
    });
    user.as_object().unwrap().clone()
}

/// As careless servers write it.
fn loosened(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let name = if name.starts_with("urn:") { name } else { name.to_uppercase() };
                (name, loosened(value))
            })
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(values) => values.into_iter().map(loosened).collect(),
        Value::Number(number) => number.to_string().into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        other => other,
    }
}
