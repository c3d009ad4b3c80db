//! An Okta organization, as its pages say that it answers (developer.okta.com/docs/api/openapi/okta-management): users and
//! groups, `filter` and `search`, `Link` paging, errors, rate limits. What Okta would refuse is refused here.

mod expression;
mod limit;
mod sign_in;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use url::Url;

use super::service::{Ask, Reply, Server, Service};

pub use limit::Limit;
pub use sign_in::{API_TOKEN, CLIENT_ID, KEY_ID, Rights};

use expression::{Expression, Kind};

/// The most users in a page.
const MOST: usize = 200;

/// The users, by id.
enum People {
    Held(BTreeMap<String, Value>),
    /// So many, made when they are asked for.
    Generated(usize),
}

/// A group: of Okta, or of an application.
#[derive(Clone, Debug)]
pub struct Group {
    pub id: String,
    pub name: String,
    pub kind: &'static str,
    pub members: BTreeSet<String>,
}

/// An organization.
pub struct OktaService {
    people: People,
    /// What the search index knows, where it has fallen behind.
    index: Option<BTreeMap<String, Value>>,
    pub groups: Vec<Group>,
    pub rights: Rights,
    pub limit: Option<Limit>,
    /// Sends all links in one header, as a proxy may.
    pub one_link_header: bool,
    /// Where the pages that were linked to begin.
    cursors: HashMap<String, String>,
}

/// A user's id.
pub fn user_id(id: &str) -> String {
    format!("00u{id:0>17}")
}

/// A group's id.
pub fn group_id(key: &str) -> String {
    format!("00g{}", &blake3::hash(key.as_bytes()).to_hex()[..17])
}

/// A user with a profile.
#[expect(clippy::needless_pass_by_value, reason = "tests write it down where they need it")]
pub fn user(id: &str, status: &str, profile: Value) -> Value {
    let mut whole =
        json!({"firstName": "Ann", "lastName": "Berg", "mobilePhone": null, "login": format!("{id}@login.example")});
    whole.as_object_mut().unwrap().extend(profile.as_object().unwrap().clone());
    json!({
        "id": user_id(id), "status": status,
        "created": "2024-01-01T00:00:00.000Z", "activated": null, "statusChanged": null, "lastLogin": null,
        "lastUpdated": "2024-06-01T00:00:00.000Z", "passwordChanged": null,
        "type": {"id": "oty1"},
        "profile": whole,
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}, "recovery_question": {"question": "hunter2?"}},
        "_links": {"self": {"href": "https://acme.okta.com/api/v1/users/1"}},
    })
}

fn generated(number: usize) -> Value {
    let mail = format!("person{number}@acme.example");
    user(&number.to_string(), "ACTIVE", json!({"email": mail, "title": "Engineer", "department": "Sales"}))
}

fn error(status: u16, code: &str, summary: &str) -> Reply {
    // Summaries quote what was asked.
    let summary = format!("{summary}: ann@acme.example");
    Reply::json(
        status,
        &json!({"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae1", "errorCauses": []}),
    )
}

fn not_found() -> Reply {
    error(404, "E0000007", "Not found: Resource not found")
}

impl OktaService {
    pub fn new(people: Vec<Value>, groups: Vec<Group>) -> Self {
        let people = people.into_iter().map(|user| (user["id"].as_str().unwrap().to_owned(), user)).collect();
        Self::over(People::Held(people), groups)
    }

    /// So many people, none of them kept, and a group of every second.
    pub fn generated(count: usize) -> Self {
        let group = Group { id: group_id("Half"), name: "Half".into(), kind: "OKTA_GROUP", members: BTreeSet::new() };
        Self::over(People::Generated(count), vec![group])
    }

    fn over(people: People, groups: Vec<Group>) -> Self {
        let (rights, cursors) = (Rights::default(), HashMap::new());
        Self { people, index: None, groups, rights, limit: None, one_link_header: false, cursors }
    }

    /// Changes a user, now.
    pub fn change(&mut self, id: &str, change: impl FnOnce(&mut Value)) {
        let People::Held(people) = &mut self.people else { panic!("those who are generated stay as they are") };
        let user = people.get_mut(&user_id(id)).unwrap();
        user["lastUpdated"] = "2024-07-01T00:00:00.000Z".into();
        change(user);
    }

    /// Deletes a user.
    pub fn delete(&mut self, id: &str) {
        let People::Held(people) = &mut self.people else { panic!("those who are generated stay as they are") };
        people.remove(&user_id(id)).unwrap();
    }

    /// From now on the search index learns nothing.
    pub fn stop_index(&mut self) {
        let People::Held(people) = &self.people else { panic!("those who are generated stay as they are") };
        self.index = Some(people.clone());
    }

    /// The search index has followed.
    pub fn catch_up(&mut self) {
        self.index = None;
    }

    /// Forgets the pages that it linked to.
    pub fn expire_cursors(&mut self) {
        self.cursors.clear();
    }

    fn by_id(&self, id: &str) -> Option<Value> {
        match &self.people {
            People::Held(people) => people.get(id).cloned(),
            People::Generated(count) => {
                let number: usize = id.strip_prefix("00u")?.parse().ok()?;
                (number < *count).then(|| generated(number))
            }
        }
    }

    /// By id, by login, or by what stands before the `@` of one.
    fn find(&self, who: &str) -> Option<Value> {
        self.by_id(who).or_else(|| {
            let People::Held(people) = &self.people else { return None };
            let is = |login: &str| login == who || login.split('@').next() == Some(who);
            people.values().find(|user| user["profile"]["login"].as_str().is_some_and(is)).cloned()
        })
    }

    /// Users from an id on, in the order of ids, and the id of the next.
    fn from(
        &self,
        start: &str,
        limit: usize,
        indexed: bool,
        fits: impl Fn(&Value) -> bool,
    ) -> (Vec<Value>, Option<String>) {
        let id = |user: &Value| user["id"].as_str().unwrap().to_owned();
        let mut page: Vec<Value> = match &self.people {
            People::Held(people) => {
                let people = self.index.as_ref().filter(|_| indexed).unwrap_or(people);
                let from = people.range(start.to_owned()..).map(|(_, user)| user);
                from.filter(|user| fits(user)).take(limit + 1).cloned().collect()
            }
            People::Generated(count) => {
                let first = start.strip_prefix("00u").map_or(0, |number| number.parse().unwrap());
                (first..*count).map(generated).filter(|user| fits(user)).take(limit + 1).collect()
            }
        };
        let next = page.get(limit).map(id);
        page.truncate(limit);
        (page, next)
    }

    fn is_member(&self, group: &Group, id: &str) -> bool {
        match &self.people {
            People::Held(_) => group.members.contains(id),
            People::Generated(_) => id.ends_with(['0', '2', '4', '6', '8']),
        }
    }

    /// A page of users, and the links to itself and to the next.
    fn page(
        &mut self,
        base: &Url,
        ask: &Ask,
        most: usize,
        indexed: bool,
        fits: impl Fn(&Self, &Value) -> bool,
    ) -> Reply {
        let limit = match ask.param("limit") {
            "" => most,
            limit => limit.parse().unwrap(),
        };
        if !(1..=most).contains(&limit) {
            return error(400, "E0000001", "Api validation failed: limit");
        }
        let start = match ask.param("after") {
            "" => String::new(),
            after => match self.cursors.get(after) {
                Some(start) => start.clone(),
                None => return error(400, "E0000031", "Invalid search criteria. Invalid cursor."),
            },
        };
        let (mut page, next) = self.from(&start, limit, indexed, |user| fits(self, user));
        if let Some(fields) = ask.query.get("fields") {
            page = page.iter().map(|user| projected(user, fields)).collect();
        }
        let reply = Reply::json(200, &page.into());
        self.linked(base, ask, reply, next)
    }

    fn linked(&mut self, base: &Url, ask: &Ask, mut reply: Reply, next: Option<String>) -> Reply {
        let mut url = base.join(&ask.path).unwrap();
        let others = ask.query.iter().filter(|(name, _)| *name != "after");
        url.query_pairs_mut().extend_pairs(others);
        let mut links = vec![format!("<{url}>; rel=\"self\"")];
        if let Some(next) = next {
            let cursor = blake3::hash(format!("{} {next}", ask.path).as_bytes()).to_hex()[..20].to_owned();
            url.query_pairs_mut().append_pair("after", &cursor);
            self.cursors.insert(cursor, next);
            links.push(format!("<{url}>; rel=\"next\""));
        }
        if self.one_link_header {
            links = vec![links.join(", ")];
        }
        for link in links {
            reply = reply.with("link", link);
        }
        reply
    }

    fn list_users(&mut self, base: &Url, ask: &Ask) -> Reply {
        let known = ["limit", "filter", "search", "after", "fields", "sortBy", "sortOrder"];
        assert!(ask.query.keys().all(|name| known.contains(&name.as_str())), "{:?}", ask.query);
        let expression = match (ask.query.get("filter"), ask.query.get("search")) {
            (None, None) => return self.page(base, ask, MOST, false, |_, user| user["status"] != "DEPROVISIONED"),
            (Some(filter), None) => Expression::parse(filter, Kind::Filter),
            (None, Some(search)) => Expression::parse(search, Kind::Search),
            (Some(_), Some(_)) => None,
        };
        let Some(expression) = expression else { return error(400, "E0000031", "Invalid search criteria.") };
        self.page(base, ask, MOST, ask.query.contains_key("search"), |_, user| expression.matches(user))
    }

    fn list_groups(&mut self, base: &Url, ask: &Ask) -> Reply {
        assert_eq!(ask.query.keys().collect::<Vec<_>>(), ["limit", "search"], "{:?}", ask.query);
        let Some(expression) = Expression::parse(ask.param("search"), Kind::Search) else {
            return error(400, "E0000031", "Invalid search criteria.");
        };
        let groups = self.groups.iter().map(Group::record).filter(|group| expression.matches(group));
        let reply = Reply::json(200, &groups.collect());
        self.linked(base, ask, reply, None)
    }

    fn list_groups_of(&mut self, base: &Url, ask: &Ask, id: &str) -> Reply {
        let Some(user) = self.find(id) else { return not_found() };
        let id = user["id"].as_str().unwrap();
        let groups = self.groups.iter().filter(|group| self.is_member(group, id)).map(Group::record);
        let reply = Reply::json(200, &groups.collect());
        self.linked(base, ask, reply, None)
    }

    fn list_members(&mut self, base: &Url, ask: &Ask, id: &str) -> Reply {
        assert!(ask.query.keys().all(|name| ["limit", "after"].contains(&name.as_str())), "{:?}", ask.query);
        let Some(group) = self.groups.iter().find(|group| group.id == id).cloned() else { return not_found() };
        self.page(base, ask, 1000, false, |this, user| this.is_member(&group, user["id"].as_str().unwrap()))
    }
}

impl Group {
    fn record(&self) -> Value {
        json!({"id": self.id, "type": self.kind, "profile": {"name": self.name, "description": null}, "_links": {}})
    }
}

/// `id,status,profile:(a,b)`; the id is always there.
fn projected(user: &Value, fields: &str) -> Value {
    let (own, profile) = match fields.split_once("profile:(") {
        Some((own, profile)) => (own, Some(profile.strip_suffix(')').unwrap())),
        None => (fields, None),
    };
    let user = user.as_object().unwrap();
    let only = |record: &Map<String, Value>, names: &str| -> Map<String, Value> {
        let names: BTreeSet<&str> = names.split(',').collect();
        record.iter().filter(|(name, _)| names.contains(name.as_str())).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    let mut left = only(user, own);
    left.insert("id".into(), user["id"].clone());
    if let Some(profile) = profile {
        left.insert("profile".into(), only(user["profile"].as_object().unwrap(), profile).into());
    }
    left.into()
}

impl Service for OktaService {
    fn answer(&mut self, base: &Url, ask: &Ask) -> Reply {
        if ask.path == "/oauth2/v1/token" {
            return self.rights.issue(base, ask);
        }
        let steps = ask.steps();
        let what = match steps.as_slice() {
            ["api", "v1", "users", _, "groups"] | ["api", "v1", "groups", ..] => "groups",
            _ => "users",
        };
        if let Err(refusal) = self.rights.check(ask, what) {
            return refusal;
        }
        if let Some(Err(refusal)) = self.limit.as_mut().map(Limit::take) {
            return refusal;
        }
        assert_eq!((ask.method.as_str(), ask.header("accept")), ("GET", "application/json"));
        let reply = match steps.as_slice() {
            ["api", "v1", "users"] => self.list_users(base, ask),
            ["api", "v1", "users", id] => self.find(id).map_or_else(not_found, |user| Reply::json(200, &user)),
            ["api", "v1", "users", id, "groups"] => self.list_groups_of(base, ask, id),
            ["api", "v1", "groups"] => self.list_groups(base, ask),
            ["api", "v1", "groups", id] => {
                let group = self.groups.iter().find(|group| group.id == *id);
                group.map_or_else(not_found, |group| Reply::json(200, &group.record()))
            }
            ["api", "v1", "groups", id, "users"] => self.list_members(base, ask, id),
            _ => error(404, "E0000008", "The requested path was not found"),
        };
        match &self.limit {
            Some(limit) => limit.mark(reply),
            None => reply,
        }
    }
}

/// An organization on a free port.
pub async fn serve(service: OktaService) -> Server<OktaService> {
    Server::start(service).await
}
