//! Plays histories: the company, its desk, two connections and their records, under a clock that only events move.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contactsync::api::RunTrigger;
use contactsync::desk::{Desk as Client, Settings, Tuning};
use contactsync::net::{Budget, Credentials, RetryPolicy, Secret};
use contactsync::runlog::{HeldChange, Retention, RunStore, Summary};
use contactsync::scim;
use contactsync::sync::{ConnectionSettings, Ends, Mode, Observer, PlannedChange, Run, Silent};
use futures::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use object_store::memory::InMemory;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use serde_json::json;

use super::company::{self, PEOPLE, Person, TEAMS, Team, Who};
use super::desk::{Change, Desk, User};
use super::directory::{FaultyDirectory, Trouble};
use super::history::{Event, Fault, Rules};
use crate::support::house::connection;

/// What is wrong with a history, in one sentence.
pub type Verdict = Result<(), String>;

/// One connection's side of the world.
struct Side {
    client: Client,
    token: String,
    approved: Option<String>,
    last: Option<Summary>,
}

pub struct World {
    pub rules: Rules,
    pub desk: Desk,
    pub people: Vec<Person>,
    /// In which order the directory gives them.
    pub order: Vec<Who>,
    pub now: Timestamp,
    /// Contacts that somebody turned off by hand, and nobody on since.
    pub off_by_hand: BTreeSet<String>,
    /// Removals and other limited changes that nobody approved, for the window.
    pub spent: Vec<(Team, &'static str, Timestamp)>,
    sides: Vec<Side>,
    store: Arc<InMemory>,
    generation: u32,
}

/// One run that is over, or was killed.
pub struct Played {
    pub team: Team,
    pub fault: Fault,
    pub summary: Option<Summary>,
    pub changes: Vec<Change>,
    /// What the manifest's approval covers.
    pub approved: BTreeSet<HeldChange>,
}

impl World {
    pub async fn new(rules: Rules) -> Self {
        let desk = Desk::start(rules.desk).await;
        let mut sides = Vec::new();
        for team in TEAMS {
            let token = team.name().to_owned();
            sides.push(Side { client: client(&desk, &token).await, token, approved: None, last: None });
        }
        Self {
            rules,
            desk,
            people: (0..PEOPLE).map(Person::first).collect(),
            order: (0..PEOPLE).collect(),
            now: "2026-11-23T08:00:00Z".parse().unwrap(),
            off_by_hand: BTreeSet::new(),
            spent: Vec::new(),
            sides,
            store: Arc::default(),
            generation: 0,
        }
    }

    pub fn store(&self) -> RunStore {
        RunStore::new(Arc::clone(&self.store) as _)
    }

    /// Everything that runs left behind, in one text.
    pub async fn records(&self) -> String {
        let all: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        let mut text = String::new();
        for object in all {
            let bytes = self.store.get(&object.location).await.unwrap().bytes().await.unwrap();
            text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
        text
    }

    pub fn pass(&mut self, hours: i8) {
        self.now = self.now.checked_add(SignedDuration::from_hours(hours.into())).unwrap();
    }

    /// Approves what the last run held, and says whether that was anything new.
    pub fn approve(&mut self, team: Team) -> bool {
        let side = &mut self.sides[team as usize];
        let Some(plan) = side.last.as_ref().and_then(|last| last.plan.clone()) else { return false };
        let new = side.approved.as_ref() != Some(&plan);
        side.approved = Some(plan);
        new
    }

    /// Everything but a run.
    pub async fn happen(&mut self, event: Event) {
        match event {
            Event::Join(who) => self.people[who].here = true,
            Event::Leave(who) => self.people[who].here = false,
            Event::Move(who, teams) => self.people[who].teams = teams,
            Event::Disable(who) => self.people[who].disabled = true,
            Event::Enable(who) => self.people[who].disabled = false,
            Event::Title(who, title) => self.people[who].title = title,
            Event::Phone(who, phone) => self.people[who].phone = phone,
            Event::Mail(who, mail) => self.people[who].mail = mail,
            Event::Swap(a, b) => self.rotate(&[a, b]),
            Event::Rotate(a, b, c) if a != b && b != c && a != c => self.rotate(&[a, b, c]),
            Event::Rotate(..) => {}
            Event::Portal(who, portal) => self.people[who].portal = portal,
            Event::LoseRecords => self.store = Arc::default(),
            Event::LoseSummary(team, ago) => self.lose_summary(team, usize::from(ago)).await,
            Event::Approve(team) => {
                self.approve(team);
            }
            Event::Pass(hours) => self.pass(hours),
            Event::Stranger(who) => self.stranger(who, "Person"),
            Event::Agent(who) => self.stranger(who, "Agent"),
            Event::Note(_)
            | Event::Retitle(_)
            | Event::Readdress(_)
            | Event::TurnOff(_)
            | Event::TurnOn(_)
            | Event::Promote(_)
            | Event::Erase(_) => self.by_hand(event),
            Event::Run(..) => unreachable!("runs are played"),
        }
    }

    /// Each gets the next one's address.
    fn rotate(&mut self, ring: &[Who]) {
        let mails: Vec<_> = ring.iter().map(|who| self.people[*who].mail).collect();
        for (place, who) in ring.iter().enumerate() {
            self.people[*who].mail = mails[(place + 1) % ring.len()];
        }
    }

    fn stranger(&self, who: Who, kind: &str) {
        let name = format!("a{who}@acme.example");
        self.desk.lock().make(&json!({
            "schemas": [scim::USER], "userName": name, "displayName": "By Hand", "userType": kind, "active": true,
            "nickName": "made by hand", "title": "Boss", "emails": [{"value": name, "primary": true}],
        }));
    }

    /// Somebody edits the contact of a person; the active one where there are two.
    fn by_hand(&mut self, event: Event) {
        let (Event::Note(who)
        | Event::Retitle(who)
        | Event::Readdress(who)
        | Event::TurnOff(who)
        | Event::TurnOn(who)
        | Event::Promote(who)
        | Event::Erase(who)) = event
        else {
            return;
        };
        let mut desk = self.desk.lock();
        let mut theirs: Vec<usize> = (0..desk.users.len())
            .filter(|place| owner(&desk.users[*place]).is_some_and(|o| o.person == company::id(who)))
            .collect();
        theirs.sort_by_key(|place| desk.users[*place]["active"] != true);
        let Some(place) = theirs.first().copied() else { return };
        let id = desk.users[place]["id"].as_str().unwrap().to_owned();
        let user = &mut desk.users[place];
        match event {
            Event::Note(_) => drop(user.insert("nickName".into(), "noted by hand".into())),
            Event::Retitle(_) => drop(user.insert("title".into(), "Wizard".into())),
            Event::Readdress(_) => {
                let name = format!("{who}@by-hand.example");
                user.insert("userName".into(), name.clone().into());
                user.insert("emails".into(), json!([{"value": name, "primary": true, "type": "work"}]));
            }
            Event::TurnOff(_) => {
                if user["active"] == true && owner(user).is_some_and(|owner| !owner.deactivated) {
                    self.off_by_hand.insert(id);
                }
                user.insert("active".into(), false.into());
            }
            Event::TurnOn(_) => {
                user.insert("active".into(), true.into());
                self.off_by_hand.remove(&id);
            }
            Event::Promote(_) => drop(user.insert("userType".into(), "Agent".into())),
            _ => drop(desk.users.remove(place)),
        }
    }

    async fn lose_summary(&self, team: Team, ago: usize) {
        let prefix = object_store::path::Path::from(format!("{}/runs", team.key().replace('/', "_")));
        let all: Vec<_> = self.store.list(Some(&prefix)).try_collect().await.unwrap();
        let mut paths: Vec<_> = all.into_iter().map(|o| o.location).filter(|p| p.extension() == Some("json")).collect();
        paths.sort();
        if let Some(path) = paths.iter().rev().nth(ago) {
            self.store.delete(path).await.unwrap();
        }
    }

    /// The connection as its manifest in Git says now.
    pub fn settings(&self, team: Team) -> ConnectionSettings {
        let Rules { adopt, tight, delete, .. } = self.rules;
        let hold = if tight { "aboveCount: 2" } else { "aboveCount: 5, abovePercent: 10" };
        let approved = self.sides[team as usize].approved.as_ref();
        let spec = format!(
            "
source: {{type: File, file: {{path: people.jsonl, format: JSONL, idField: id, groupsField: groups, disabledWhen: {{attribute: disabled, values: ['true']}}}}}}
scope: {{mode: List, list: {{groups: [{{name: {}}}]}}}}
mapping:
  preset: None
  identity: {{name: {{from: name}}, email: {{from: mail}}, jobTitle: {{from: title}}}}
  communication: {{emails: [{{label: work, from: mail}}], phones: [{{label: work, from: phone}}]}}
  access: {{portalAccess: {{from: portal}}}}
conflicts: {}
leavers: {{policy: {}, hold: {{{hold}}}{}}}
",
            team.name(),
            if adopt { "Adopt" } else { "Skip" },
            if delete { "Delete" } else { "Deactivate" },
            approved.map(|plan| format!(", approvedPlan: '{plan}'")).unwrap_or_default(),
        );
        connection(team.name(), &spec)
    }

    /// A minute passes.
    pub fn tick(&mut self) {
        self.now = self.now.checked_add(SignedDuration::from_mins(1)).unwrap();
    }

    /// A run; a minute passes before.
    pub async fn run(&mut self, team: Team, fault: Fault) -> Played {
        self.tick();
        self.run_now(team, fault).await
    }

    pub async fn run_now(&mut self, team: Team, fault: Fault) -> Played {
        let approved = self.approval(team).await;
        let trouble = if let Fault::Desk(trouble) = fault { Some(trouble) } else { None };
        self.desk.begin(&self.sides[team as usize].token, self.now, trouble);
        let before = self.desk.lock().changes.len();
        let summary = tokio::select! {
            biased;
            () = self.desk.killed() => None,
            summary = self.go(team, fault, Mode::Sync, &Silent) => Some(summary),
        };
        if summary.is_none() {
            self.generation += 1;
            let token = format!("{}.{}", team.name(), self.generation);
            self.desk.begin(&token, self.now, None);
            let client = client(&self.desk, &token).await;
            let side = &mut self.sides[team as usize];
            (side.client, side.token) = (client, token);
        } else {
            self.sides[team as usize].last.clone_from(&summary);
        }
        let changes = self.desk.lock().changes.split_off(before);
        Played { team, fault, summary, changes, approved }
    }

    /// What a run would do.
    pub async fn plan(&self, team: Team) -> (Summary, Vec<PlannedChange>) {
        let watcher = Watcher::default();
        self.desk.begin(&self.sides[team as usize].token, self.now, None);
        let before = self.desk.lock().changes.len();
        let summary = self.go(team, Fault::None, Mode::Plan, &watcher).await;
        assert_eq!(self.desk.lock().changes.len(), before, "a plan writes nothing");
        (summary, watcher.0.into_inner().unwrap())
    }

    async fn go(&self, team: Team, fault: Fault, mode: Mode, observer: &dyn Observer) -> Summary {
        let settings = self.settings(team);
        let trouble = if let Fault::Directory(trouble) = fault { Some(trouble) } else { None };
        let forgotten = if let Some(Trouble::Forgets(who)) = trouble { Some(who) } else { None };
        let whole = company::file(&self.people, &self.order, forgotten);
        let again = company::file(&self.people, &self.order, None);
        let source = settings.spec.source.file.as_ref().unwrap();
        let directory = Box::new(FaultyDirectory::open(source, whole, again, trouble));
        let desk = self.sides[team as usize].client.clone();
        let now = self.now;
        let clock: contactsync::clock::Clock = Arc::new(move || now);
        let (store, retention) = (self.store(), Retention::default());
        let trigger = RunTrigger::Schedule;
        let run = Run { settings: &settings, mode, trigger, store: &store, retention, clock: &clock, observer };
        Box::pin(run.go(async { Ok(Ends { directory, desk }) })).await.summary
    }

    async fn approval(&self, team: Team) -> BTreeSet<HeldChange> {
        let Some(hash) = &self.sides[team as usize].approved else { return BTreeSet::new() };
        let plan = self.store().plan(&self.settings(team).key, hash).await.unwrap();
        plan.filter(|plan| !plan.expired(self.now)).map(|plan| plan.changes).unwrap_or_default()
    }
}

async fn client(desk: &Desk, token: &str) -> Client {
    let settings = Settings {
        endpoint: desk.base.parse().unwrap(),
        auth: Credentials::BearerToken(Secret::new(token.to_owned())),
        ca: None,
        requests_per_second: 100_000,
        concurrency: 4,
        timeout: Settings::TIMEOUT,
    };
    let retry = RetryPolicy {
        total: Duration::from_secs(5),
        first: Duration::from_millis(1),
        longest: Duration::from_millis(4),
        ..RetryPolicy::default()
    };
    let tuning = Tuning { retry, linger: Duration::ZERO, ..Tuning::default() };
    Client::connect_with(settings, Budget::new(100_000, 4), tuning).await.unwrap()
}

#[derive(Default)]
struct Watcher(Mutex<Vec<PlannedChange>>);

impl Observer for Watcher {
    fn planned(&self, change: PlannedChange) {
        self.0.lock().unwrap().push(change);
    }
}

/// Whose a contact is, read from its `externalId` without the engine's help.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owner {
    pub team: Team,
    pub person: String,
    pub adopted: bool,
    pub left: bool,
    pub deactivated: bool,
}

pub fn owner(user: &User) -> Option<Owner> {
    let id = user.get("externalId")?.as_str()?;
    let team = TEAMS.into_iter().find(|team| id.starts_with(&format!("{}/", team.key())))?;
    let mut parts = id[team.key().len() + 1..].split('!');
    let person = parts.next()?.to_owned();
    let marks: Vec<&str> = parts.collect();
    let has = |mark: &str| marks.iter().any(|found| found.starts_with(mark));
    Some(Owner { team, person, adopted: has("adopted"), left: has("left="), deactivated: has("deactivated=") })
}
