//! The leader is killed again and again, at moments drawn from a seed, while people change and runs are asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use contactsync::api::{ContactSyncConnection, RunResult, RunTrigger};
use futures::StreamExt as _;
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::replica::{LEASE, Replica};
use super::stage::{history, truthful};
use crate::controller::office::Office;
use crate::support::between::Between;
use crate::support::company::Dice;
use crate::support::eventually::eventually;
use crate::support::house::{Line, person};

const CONNECTIONS: [&str; 3] = ["emea", "apac", "americas"];

/// A number that whoever runs the tests may set.
fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "how much is tested is for whoever runs the tests to say")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// What the directory holds of each connection.
struct Company {
    people: BTreeMap<&'static str, Vec<Line>>,
    made: usize,
}

impl Company {
    fn new(each: usize) -> Self {
        let mut company = Self { people: BTreeMap::new(), made: 0 };
        for name in CONNECTIONS {
            let lines = (0..each).map(|_| company.hire()).collect();
            company.people.insert(name, lines);
        }
        company
    }

    fn hire(&mut self) -> Line {
        self.made += 1;
        person(self.made)
    }

    /// Everywhere somebody comes, a third get another title, and now and then somebody leaves.
    fn change(&mut self, round: usize) {
        for name in CONNECTIONS {
            let newcomer = self.hire();
            let lines = self.people.get_mut(name).unwrap();
            lines.push(newcomer);
            for line in lines.iter_mut().skip(round % 3).step_by(3) {
                line.title = format!("Engineer {round}");
            }
            if round % 4 == 1 {
                lines.remove(0);
            }
        }
    }

    fn write(&self, office: &Office) {
        for (name, lines) in &self.people {
            // Never half of it: a run may be reading.
            let path = office.house.folder().join(&office.namespace).join(format!("{name}.csv"));
            let mut csv = String::from("id,displayName,mail,title,groups\n");
            for Line { id, name, mail, title, groups } in lines {
                writeln!(csv, "{id},{name},{mail},{title},{groups}").unwrap();
            }
            std::fs::write(path.with_extension("new"), csv).unwrap();
            std::fs::rename(path.with_extension("new"), path).unwrap();
        }
    }
}

/// Every run that was ever announced in status, with the token that was handled by then.
type Announced = Arc<Mutex<HashMap<(String, String), (RunTrigger, Option<String>)>>>;

fn record(connections: Api<ContactSyncConnection>) -> (Announced, tokio::task::JoinHandle<()>) {
    let announced = Announced::default();
    let seen = Arc::clone(&announced);
    let task = tokio::spawn(async move {
        let mut events = Box::pin(watcher(connections, watcher::Config::default()));
        while let Some(event) = events.next().await {
            let Ok(Event::Apply(object) | Event::InitApply(object)) = event else { continue };
            let Some(status) = &object.status else { continue };
            if let Some(run) = &status.last_run {
                let key = (object.name_any(), run.id.clone());
                let token = status.last_handled_requested_at.clone();
                seen.lock().unwrap().entry(key).or_insert((run.trigger, token));
            }
        }
    });
    (announced, task)
}

struct Trial {
    // Dropped before the folder that they write to.
    replicas: HashMap<String, Replica>,
    office: Office,
    _between: Between,
    leases: Api<Lease>,
    company: Company,
    dice: Dice,
    tokens: usize,
    followed: Vec<Duration>,
    /// Kills that found a run on.
    in_a_run: usize,
}

impl Trial {
    async fn open(name: &str, each: usize, seed: u64) -> Self {
        let office = Office::open(name).await;
        // One request for each contact, and a second or two for each round.
        let between = Between::start(&office.house.base, true).await;
        let limits = json!({"requestsPerSecond": each + 20});
        office.workspace("acme", &json!({"endpoint": between.base, "limits": limits})).await;
        let company = Company::new(each);
        company.write(&office);
        for name in CONNECTIONS {
            let source = json!({"file": {"path": format!("{name}.csv")}});
            // One that leaves at times is no mass removal, however few there are.
            let leavers = json!({"hold": {"abovePercent": 50, "aboveCount": 100}});
            office.connection(name, &json!({"source": source, "leavers": leavers})).await;
        }
        let leases = Api::namespaced(office.cluster.client().await, &office.namespace);
        let names = ["ann", "bob"];
        let replicas = names.map(|name| (name.to_owned(), Replica::start(&office, name, &[]))).into();
        let (followed, dice) = (Vec::new(), Dice(seed));
        Self { replicas, office, _between: between, leases, company, dice, tokens: 0, followed, in_a_run: 0 }
    }

    async fn holder(&self) -> Option<String> {
        self.leases.get_opt("contactsync").await.unwrap()?.spec?.holder_identity
    }

    async fn leader_but(&self, dead: &str) -> String {
        eventually("somebody leads", || async {
            let holder = self.holder().await.unwrap_or_default();
            if holder.is_empty() || holder == dead { Err(holder) } else { Ok(holder) }
        })
        .await
    }

    async fn ask(&mut self, connection: &str) {
        self.tokens += 1;
        self.office.annotate(connection, &format!("token-{}", self.tokens)).await;
    }

    /// Something happens in the company, somebody asks for runs, and some time later the leader is killed.
    async fn kill(&mut self, round: usize) {
        let leader = self.leader_but("").await;
        self.company.change(round);
        self.company.write(&self.office);
        for connection in CONNECTIONS {
            for _ in 0..self.dice.below(3) {
                self.ask(connection).await;
            }
        }
        let moment = Duration::from_micros(self.dice.below(2_000_000));
        tokio::time::sleep(moment).await;
        self.replicas.get_mut(&leader).unwrap().kill();
        let killed = Instant::now();
        for connection in CONNECTIONS {
            let on = self.office.status(connection).await.last_run;
            self.in_a_run += usize::from(on.is_some_and(|run| run.result == RunResult::Running));
        }
        self.ask(CONNECTIONS[round % 3]).await;
        // One that waits, from the first moment.
        self.replicas.insert(leader.clone(), Replica::start(&self.office, &format!("{leader}-{round}"), &[]));
        let next = self.leader_but(&leader).await;
        self.followed.push(killed.elapsed());
        let again = self.replicas.remove(&leader).unwrap();
        self.replicas.insert(format!("{leader}-{round}"), again);
        assert!(self.replicas.contains_key(&next), "{next}");
    }

    /// A last request for each, and its run. One that is cut off after others waits for minutes before it is tried again
    /// (a busy machine may lose a lease of three seconds): then somebody asks once more.
    async fn settle(&mut self) {
        for connection in CONNECTIONS {
            loop {
                let put: Timestamp = contactsync::clock::system()();
                self.tokens += 1;
                let status = self.office.run_now(connection, &format!("token-{}", self.tokens)).await;
                let run = status.last_run.expect("it ran");
                assert!(run.start_time.as_millisecond() >= put.as_millisecond(), "{run:?}");
                if run.result == RunResult::Succeeded {
                    break;
                }
                assert_eq!(run.result, RunResult::Interrupted, "{run:?}");
            }
        }
    }

    /// Everybody who is there has one contact that says what the directory says, and nobody else is active.
    async fn contacts_are_right(&self) {
        let contacts = self.office.house.contacts().await;
        let mut wanted = BTreeSet::new();
        for (connection, lines) in &self.company.people {
            for line in lines {
                let contact = &contacts[&line.mail];
                assert_eq!(contact["active"], true, "{contact}");
                assert_eq!(contact["title"], line.title.as_str(), "{contact}");
                let owner = contact["externalId"].as_str().unwrap();
                assert_eq!(owner, format!("default/{}/{connection}/{}", self.office.namespace, line.id));
                wanted.insert(line.mail.clone());
            }
        }
        let active: BTreeSet<String> = self.office.house.active().await.into_iter().collect();
        assert_eq!(active, wanted);
        assert!(contacts.len() <= self.company.made, "who left is still there, turned off, if they ever were");
    }
}

/// Each token began one run at most: those that came after a kill are retries.
fn handled_once(announced: &Announced) {
    let announced = announced.lock().unwrap();
    let mut requests: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for ((connection, run), (trigger, token)) in announced.iter() {
        if *trigger == RunTrigger::Request {
            let token = token.clone().expect("a run by request handles one");
            requests.entry((connection.clone(), token)).or_default().push(run.clone());
        }
    }
    let twice: Vec<_> = requests.iter().filter(|(_, runs)| runs.len() > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

async fn play(name: &str, kills: usize, each: usize) {
    let seed = number("CONTACTSYNC_KILL_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000);
    println!("CONTACTSYNC_KILL_SEED={seed}");
    let begin = Instant::now();
    let mut trial = Trial::open(name, each, seed).await;
    let (announced, recorder) = record(trial.office.connections.clone());
    for round in 0..kills {
        trial.kill(round).await;
    }
    trial.settle().await;
    trial.contacts_are_right().await;
    let before = trial.office.house.versions().await;
    trial.settle().await;
    assert_eq!(trial.office.house.versions().await, before, "a run more changes nothing");
    recorder.abort();
    handled_once(&announced);
    for connection in CONNECTIONS {
        truthful(&trial.office, connection).await;
    }
    let runs = announced.lock().unwrap().len();
    let mut on_record = 0;
    for connection in CONNECTIONS {
        let runs = history(&trial.office, connection).await;
        on_record += runs.len();
        let idle = runs.iter().filter(|run| run.message.contains("could not be announced")).count();
        assert_eq!(idle, 0, "what was decided on an older object leaves no trace: {runs:#?}");
    }
    let (longest, mean) =
        (trial.followed.iter().max().unwrap(), trial.followed.iter().sum::<Duration>() / u32::try_from(kills).unwrap());
    println!("{kills} kills, {} of runs that were on, in {:.0?}", trial.in_a_run, begin.elapsed());
    println!("another led after {mean:.2?}, {longest:.2?} at most; {runs} runs announced, {on_record} on record");
    assert!(*longest < LEASE * 2, "{:?}", trial.followed);
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_leaders_that_are_killed_lose_no_contact_and_no_request() {
    play("killed", 3, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make controller-kill"]
async fn controller_killed_anywhere() {
    let kills = usize::try_from(number("CONTACTSYNC_KILLS").unwrap_or(30)).unwrap();
    play("killed-anywhere", kills, 200).await;
}
