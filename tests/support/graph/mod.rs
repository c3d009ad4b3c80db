//! Microsoft Graph v1.0 and the token endpoint of its tenant, as far as people, groups and administrative units go, as the
//! vendor's pages describe them. What the real one refuses is refused here, in its words.

mod filter;
mod list;
mod one;
mod token;

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use contactsync::api::{EntraAuthType, EntraSource};
use contactsync::directory::entra::{self, EntraCredential, EntraDirectory, EntraSettings};
use contactsync::directory::{Directory, Error, Wiring};
use contactsync::net::{Reach, RetryPolicy, Secret, Watch};
use serde_json::{Map, Value, json};
use url::Url;

use super::service::{Ask, Reply, Server, Service, Tokens};

pub const TENANT: &str = "11111111-2222-4333-8444-555555555555";
pub const CLIENT: &str = "99999999-8888-4777-8666-555555555555";
pub const SECRET: &str = "hunter2~client";
/// The token of a service account that the application trusts.
pub const WORKLOAD_TOKEN: &str = "eyJ.workload.hunter2";

/// Every permission that anything here needs.
pub const PERMISSIONS: [&str; 4] =
    ["User.Read.All", "GroupMember.Read.All", "AdministrativeUnit.Read.All", "Member.Read.Hidden"];

#[derive(Clone, Debug, Default)]
pub struct Group {
    pub key: String,
    pub id: String,
    pub name: String,
    /// `HiddenMembership`, or none.
    pub visibility: Option<&'static str>,
    /// Ids of users.
    pub users: Vec<String>,
    /// Keys of groups.
    pub groups: Vec<String>,
}

#[derive(Clone, Debug, Default)]
pub struct Unit {
    pub id: String,
    pub name: String,
    pub visibility: Option<&'static str>,
    pub users: Vec<String>,
}

/// Who there is.
pub enum Users {
    Held(Vec<Map<String, Value>>),
    /// So many, made when they are asked for.
    Generated(usize),
}

pub struct Graph {
    pub users: Users,
    pub groups: Vec<Group>,
    pub units: Vec<Unit>,
    pub tokens: Tokens,
    pub permissions: BTreeSet<&'static str>,
    /// Whom the index behind advanced queries does not have yet, or lost.
    pub unindexed: HashSet<String>,
    /// How many more, or less, than there are are counted.
    pub miscounted: i64,
    /// Statuses that requests within batches meet next, with their `Retry-After`.
    pub within_batches: VecDeque<(u16, Option<u64>)>,
    /// Whether the application's credentials are good.
    pub trusted: bool,
    cursors: HashMap<String, list::Cursor>,
    issued: usize,
    assertions: HashSet<String>,
}

impl Graph {
    pub fn new(users: Users) -> Self {
        Self {
            users,
            groups: Vec::new(),
            units: Vec::new(),
            tokens: Tokens::default(),
            permissions: PERMISSIONS.into(),
            unindexed: HashSet::new(),
            miscounted: 0,
            within_batches: VecDeque::new(),
            trusted: true,
            cursors: HashMap::new(),
            issued: 0,
            assertions: HashSet::new(),
        }
    }

    /// So many people, none of whom is kept.
    pub fn generated(count: usize) -> Self {
        Self::new(Users::Generated(count))
    }

    /// Page tokens that were given out are good no more.
    pub fn expire(&mut self) {
        self.cursors.clear();
    }

    /// The user at a place, changed.
    pub fn edit(&mut self, id: &str, property: &str, value: Value) {
        let Users::Held(users) = &mut self.users else { panic!("they are made when they are asked for") };
        users.iter_mut().find(|user| user["id"] == id).unwrap().insert(property.to_owned(), value);
    }

    fn count(&self) -> usize {
        match &self.users {
            Users::Held(users) => users.len(),
            Users::Generated(count) => *count,
        }
    }

    fn at(&self, place: usize) -> Map<String, Value> {
        match &self.users {
            Users::Held(users) => users[place].clone(),
            Users::Generated(_) => {
                let mut user = user(&generated_id(place), &format!("Person {place}"));
                user["mail"] = format!("person{place}@acme.example").into();
                user
            }
        }
    }

    fn find(&self, id: &str) -> Option<Map<String, Value>> {
        if let Users::Generated(count) = self.users {
            let place = usize::from_str_radix(id.strip_prefix(GENERATED)?, 16).ok().filter(|place| *place < count);
            return place.map(|place| self.at(place));
        }
        (0..self.count()).map(|place| self.at(place)).find(|user| user["id"].as_str().unwrap() == id.to_lowercase())
    }

    fn may(&self, permission: &str) -> bool {
        self.permissions.contains(permission)
    }
}

/// How ids of people begin who are made when they are asked for.
const GENERATED: &str = "00000000-0000-4000-8000-";

/// The id of the person that is made at a place.
pub fn generated_id(place: usize) -> String {
    format!("{GENERATED}{place:012x}")
}

/// A member of the tenant.
pub fn user(id: &str, name: &str) -> Map<String, Value> {
    let user = json!({
        "id": id, "displayName": name, "accountEnabled": true, "userType": "Member",
        "mail": "somebody@acme.example", "userPrincipalName": format!("{id}@acme.onmicrosoft.example"),
        "businessPhones": [], "otherMails": [], "proxyAddresses": ["SMTP:somebody@acme.example"],
        "department": "Sales", "companyName": "Acme AB",
    });
    let Value::Object(user) = user else { unreachable!() };
    user
}

/// An error as Graph says it.
fn error(status: u16, code: &str, message: &str) -> Reply {
    let inner = json!({"date": "2026-01-01T00:00:00", "request-id": "b", "client-request-id": "c"});
    Reply::json(status, &json!({"error": {"code": code, "message": message, "innerError": inner}}))
}

fn denied() -> Reply {
    error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

fn not_found(id: &str) -> Reply {
    let message =
        format!("Resource '{id}' does not exist or one of its queried reference-property objects are not present.");
    error(404, "Request_ResourceNotFound", &message)
}

impl Service for Graph {
    fn answer(&mut self, base: &Url, ask: &Ask) -> Reply {
        if ask.path.ends_with("/token") {
            return self.token(base, ask);
        }
        if !self.tokens.admit(ask) {
            return error(401, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.");
        }
        let Some(rest) = ask.path.strip_prefix("/v1.0/") else {
            return error(400, "BadRequest", "Invalid version: it must be v1.0 or beta.");
        };
        if rest == "$batch" {
            return self.batch(base, ask);
        }
        self.route(base, ask)
    }
}

impl Graph {
    fn route(&mut self, base: &Url, ask: &Ask) -> Reply {
        let steps = ask.steps();
        match (ask.method.as_str(), &steps[1..]) {
            ("GET", ["users"]) => self.list(base, ask, list::Of::Users),
            ("GET", ["users", id]) => self.user(ask, id),
            ("POST", ["users", id, "checkMemberObjects"]) => self.check_member_objects(ask, id),
            ("GET", ["groups"]) => self.named(ask, true),
            ("GET", ["directory", "administrativeUnits"]) => self.named(ask, false),
            ("GET", ["groups", id]) => self.one_named(id, true),
            ("GET", ["directory", "administrativeUnits", id]) => self.one_named(id, false),
            ("GET", ["groups", id, which @ ("members" | "transitiveMembers"), cast @ ..]) => {
                let of = list::Of::Members { group: (*id).into(), nested: *which != "members", cast: !cast.is_empty() };
                self.list(base, ask, of)
            }
            ("GET", ["directory", "administrativeUnits", id, "members", cast @ ..]) => {
                self.list(base, ask, list::Of::Unit { unit: (*id).into(), cast: !cast.is_empty() })
            }
            _ => error(400, "BadRequest", "Resource not found for the segment."),
        }
    }
}

/// A directory over such a server.
pub fn open(url: &Url, credential: EntraCredential, page_size: Option<i32>, retry: RetryPolicy) -> EntraDirectory {
    open_with(url, credential, retry, |source| source.page_size = page_size).unwrap()
}

/// The same with changes to the manifest.
pub fn open_with(
    url: &Url,
    credential: EntraCredential,
    retry: RetryPolicy,
    change: impl FnOnce(&mut EntraSource),
) -> Result<EntraDirectory, Error> {
    let auth = match credential {
        EntraCredential::ClientSecret(_) => EntraAuthType::ClientSecret,
        EntraCredential::Certificate { .. } => EntraAuthType::Certificate,
        EntraCredential::Token(_) => EntraAuthType::WorkloadIdentity,
    };
    let mut source: EntraSource = serde_json::from_value(json!({
        "tenantID": TENANT, "clientID": CLIENT, "auth": {"type": auth},
        "endpoints": {"login": url.as_str(), "graph": url.as_str()},
    }))
    .unwrap();
    change(&mut source);
    let wiring = Wiring::new(None, Reach::default(), Watch::default());
    let wiring = Wiring { retry, requests_per_second: 10_000, ..wiring };
    entra::open(EntraSettings { source, credential, wiring })
}

/// The client secret.
pub fn secret() -> EntraCredential {
    EntraCredential::ClientSecret(Secret::new(SECRET.to_owned()))
}

/// So many people, made on the fly, and a directory that reads them in the largest pages.
pub async fn generated(count: usize) -> (Box<dyn Directory>, Server<Graph>) {
    let server = Server::start(Graph::generated(count)).await;
    let directory = open(&server.url, secret(), None, RetryPolicy::default());
    (Box::new(directory), server)
}
