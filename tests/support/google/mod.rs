//! Google's Admin SDK Directory API, its token endpoint, its exchange of foreign tokens and its signing for service
//! accounts, as their pages describe them; it refuses what they refuse.

mod auth;
mod list;

use std::collections::{BTreeMap, BTreeSet};

use contactsync::directory::google::{GoogleCredential, GoogleDirectory, GoogleSettings, open};
use contactsync::directory::{Error, Wiring};
use contactsync::net::{Reach, RetryPolicy, Secret, Watch};
use serde_json::{Map, Value, json};
use url::Url;

use super::service::{Ask, Reply, SIGNING_KEY, Server, Service, Tokens};

pub const ACCOUNT: &str = "contactsync@acme.iam.gserviceaccount.com";
pub const ADMIN: &str = "admin@acme.example";
pub const KEY_ID: &str = "key-1";
pub const CUSTOMER: &str = "C03az79cb";
pub const PROVIDER: &str =
    "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/cluster/providers/kubernetes";
pub const CLUSTER_TOKEN: &str = "cluster-token";
pub const USERS: &str = "https://www.googleapis.com/auth/admin.directory.user.readonly";
pub const GROUPS: &str = "https://www.googleapis.com/auth/admin.directory.group.readonly";

/// Who is in the directory.
pub enum People {
    Held(Vec<Value>),
    /// So many, made when they are asked for.
    Generated(usize),
}

/// A group, and its members as members.list gives them.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub email: String,
    pub aliases: Vec<String>,
    pub members: Vec<Value>,
}

/// What Google holds and allows.
pub struct Google {
    pub people: People,
    pub deleted: Vec<Value>,
    pub groups: Vec<Group>,
    /// Groups of other customers, which keep their members to themselves.
    pub foreign: BTreeSet<String>,
    /// Ids that users.get answers as forbidden.
    pub hidden: BTreeSet<String>,
    /// What the administrator granted to the client id.
    pub granted: BTreeSet<String>,
    /// Whether the service account has an administrator role itself.
    pub acts_alone: bool,
    pub revoked: bool,
    /// Most records that a page holds, whatever is asked for.
    pub most: usize,
    pub tokens: Tokens,
    scopes: BTreeMap<String, String>,
    page_tokens: BTreeMap<String, (String, usize)>,
    page_tokens_given: usize,
}

impl Google {
    pub fn new(people: People) -> Self {
        Self {
            people,
            deleted: Vec::new(),
            groups: Vec::new(),
            foreign: BTreeSet::new(),
            hidden: BTreeSet::new(),
            granted: [USERS, GROUPS].map(str::to_owned).into(),
            acts_alone: false,
            revoked: false,
            most: 500,
            tokens: Tokens::default(),
            scopes: BTreeMap::new(),
            page_tokens: BTreeMap::new(),
            page_tokens_given: 0,
        }
    }

    /// So many people, made when they are asked for, in pages of 500 as in production.
    pub async fn generated(count: usize) -> (GoogleDirectory, Server<Self>) {
        let server = Server::start(Self::new(People::Generated(count))).await;
        (directory(&server, |_| {}).unwrap(), server)
    }

    /// Every page token that was given is refused from now on.
    pub fn expire_page_tokens(&mut self) {
        self.page_tokens.clear();
    }

    pub fn user_mut(&mut self, id: &str) -> &mut Value {
        let People::Held(people) = &mut self.people else { panic!("people are held") };
        people.iter_mut().find(|user| user["id"] == id).unwrap()
    }

    /// Deletes somebody, who is listed among the deleted from then on.
    pub fn delete(&mut self, id: &str) {
        let People::Held(people) = &mut self.people else { panic!("people are held") };
        let place = people.iter().position(|user| user["id"] == id).unwrap();
        self.deleted.push(people.remove(place));
    }

    fn count(&self) -> usize {
        match &self.people {
            People::Held(people) => people.len(),
            People::Generated(count) => *count,
        }
    }

    fn person(&self, place: usize) -> Value {
        match &self.people {
            People::Held(people) => people[place].clone(),
            People::Generated(_) => generated(place),
        }
    }

    fn get_user(&self, key: &str, ask: &Ask) -> Reply {
        if self.hidden.contains(key) {
            return forbidden();
        }
        let is_meant = |user: &Value| {
            let aliases = user["aliases"].as_array().into_iter().flatten();
            user["id"] == key
                || aliases
                    .chain([&user["primaryEmail"]])
                    .any(|one| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(key)))
        };
        match (0..self.count()).map(|place| self.person(place)).find(is_meant) {
            Some(user) => {
                match list::projected(user, ask).and_then(|user| list::selected(&user, ask.param("fields"))) {
                    Ok(user) => Reply::json(200, &user),
                    Err(reply) => reply,
                }
            }
            None => not_found("userKey"),
        }
    }

    fn get_group(&self, key: &str, ask: &Ask) -> Reply {
        let is_meant = |group: &&Group| {
            group.id == key || group.aliases.iter().chain([&group.email]).any(|one| one.eq_ignore_ascii_case(key))
        };
        let Some(group) = self.groups.iter().find(is_meant) else { return not_found("groupKey") };
        list::selected(&group.record(), ask.param("fields"))
            .map_or_else(|reply| reply, |group| Reply::json(200, &group))
    }
}

impl Group {
    fn record(&self) -> Value {
        json!({"kind": "admin#directory#group", "id": self.id, "name": self.name, "email": self.email,
            "aliases": self.aliases, "adminCreated": true})
    }
}

/// A user record with what every one has.
pub fn user(id: &str, more: &Value) -> Value {
    let mut user = json!({
        "kind": "admin#directory#user", "id": id, "etag": "\"x\"", "customerId": CUSTOMER,
        "primaryEmail": format!("{id}@acme.example"), "name": {"fullName": "Somebody"},
        "suspended": false, "archived": false, "orgUnitPath": "/",
    });
    user.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_else(Map::new));
    user
}

fn generated(place: usize) -> Value {
    user(
        &format!("1{place:020}"),
        &json!({
            "primaryEmail": format!("person{place}@acme.example"),
            "name": {"fullName": format!("Person {place}"), "givenName": "Person", "familyName": place.to_string()},
            "orgUnitPath": "/Staff",
            "organizations": [{"primary": true, "name": "Acme AB", "title": "Engineer", "department": "Works"}],
            "phones": [{"type": "work", "value": format!("+46 8 465 {place:06}")}],
            "addresses": [{"type": "work", "locality": "Uppsala", "countryCode": "SE"}],
        }),
    )
}

impl Service for Google {
    fn answer(&mut self, base: &Url, ask: &Ask) -> Reply {
        match (ask.method.as_str(), ask.steps().as_slice()) {
            ("POST", ["token"]) => self.token(base, ask),
            ("POST", ["v1", "token"]) => self.exchange(ask),
            ("POST", ["v1", "projects", "-", "serviceAccounts", name]) => self.sign(name, ask),
            ("GET", ["admin", "directory", "v1", steps @ ..]) => {
                let scope = if steps[0] == "users" { USERS } else { GROUPS };
                if let Err(reply) = self.admit(ask, scope) {
                    return reply;
                }
                match *steps {
                    ["users"] => self.list_users(ask),
                    ["users", key] => self.get_user(key, ask),
                    ["groups"] => self.list_groups(ask),
                    ["groups", key] => self.get_group(key, ask),
                    ["groups", key, "members"] => self.list_members(key, ask),
                    _ => Reply::json(404, &json!({"error": "no such path"})),
                }
            }
            _ => Reply::json(404, &json!({"error": "no such path"})),
        }
    }
}

/// An error body as the API writes it.
pub fn refusal(status: u16, reason: &str, message: &str) -> Reply {
    let errors = json!([{"domain": "global", "reason": reason, "message": message}]);
    Reply::json(status, &json!({"error": {"code": status, "message": message, "errors": errors}}))
}

fn not_found(what: &str) -> Reply {
    refusal(404, "notFound", &format!("Resource Not Found: {what}"))
}

fn forbidden() -> Reply {
    refusal(403, "forbidden", "Not Authorized to access this resource/api")
}

/// A key file of the service account.
pub fn key_file() -> Value {
    json!({"type": "service_account", "project_id": "acme", "private_key_id": KEY_ID, "private_key": SIGNING_KEY,
        "client_email": ACCOUNT, "client_id": "123", "token_uri": "https://oauth2.googleapis.com/token"})
}

/// Settings for a server at this address.
pub fn settings(url: &Url) -> GoogleSettings {
    let source = serde_json::from_value(json!({
        "subject": ADMIN,
        "auth": {"type": "ServiceAccountKey", "serviceAccountKey": {"secretRef": {"name": "google", "key": "key.json"}}},
        "endpoints": {"tokenURL": url.join("token").unwrap(), "directory": url, "sts": url, "iamCredentials": url},
    }));
    let wiring = Wiring::new(None, Reach::default(), Watch::default());
    let wiring = Wiring { retry: patience(), requests_per_second: 10_000, ..wiring };
    GoogleSettings {
        source: source.unwrap(),
        credential: GoogleCredential::Key(Secret::new(key_file().to_string())),
        wiring,
    }
}

fn patience() -> RetryPolicy {
    use std::time::Duration;
    RetryPolicy {
        total: Duration::from_secs(3),
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        ..RetryPolicy::default()
    }
}

/// The directory over a server, its settings changed.
pub fn directory(server: &Server<Google>, change: impl FnOnce(&mut GoogleSettings)) -> Result<GoogleDirectory, Error> {
    let mut settings = settings(&server.url);
    change(&mut settings);
    open(settings)
}
