//! One company, one desk that misbehaves: a first run, and a second with everything in it that can happen to people.

use std::path::Path;
use std::time::Duration;

use contactsync::desk::{Settings, Tuning};
use contactsync::net::RetryPolicy;
use contactsync::sync::{ConnectionSettings, Mode, Report, Silent};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::house::{House, Line, connection, mail, people, person};
use crate::support::misbehaving_desk::{MisbehavingDesk, Profile};

const PORTAL: &str = "
mapping: {preset: Standard, access: {portalAccess: {expression: \"inGroup('Portal')\"}}}
leavers: {policy: Deactivate, hold: {aboveCount: 50, abovePercent: 50}}
";

/// Contacts that are none of this connection's business.
pub(super) fn bystanders() -> Vec<Value> {
    vec![
        json!({"userName": "agent@desk.example", "displayName": "An Agent", "userType": "Agent"}),
        json!({"userName": "by.hand@acme.example", "displayName": "By Hand"}),
        json!({"userName": "other@acme.example", "displayName": "Other", "externalId": "default/support/other/p0001"}),
        json!({"userName": "longer@acme.example", "displayName": "Longer", "externalId": "default/support/staff/more/p0001"}),
    ]
}

/// The company at first: 14 people, two of them in the portal.
pub(super) fn before() -> Vec<Line> {
    let mut lines = people(14);
    for n in [8, 9] {
        lines[n].groups = "Staff;Portal".into();
    }
    lines
}

/// The same later: new titles, new addresses (two of them swapped), somebody who moved, two who left, three who joined;
/// one was let into the portal, one must leave it.
pub(super) fn after() -> Vec<Line> {
    let mut lines = before();
    lines[1].title = "Manager".into();
    lines[2].mail = mail(102);
    (lines[3].mail, lines[4].mail) = (mail(4), mail(3));
    lines[5].title = String::new();
    lines[6].groups = "Sales".into();
    lines[7].groups = "Staff;Portal".into();
    lines[8].groups = "Staff".into();
    lines.drain(10..12);
    lines.extend([14, 15, 16].map(person));
    lines.last_mut().unwrap().groups = "Staff;Portal".into();
    lines
}

/// Which run a fault is met in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    First,
    Second,
}

pub(super) struct Scene {
    pub(super) house: House,
    pub(super) desk: MisbehavingDesk,
    pub(super) staff: ConnectionSettings,
    pub(super) phase: Phase,
    /// The bystanders as they are on the desk.
    pub(super) bystanders: Vec<Value>,
}

/// What was there before the second run: contacts and run records.
pub(super) struct Base {
    users: Vec<Value>,
    runs: tempfile::TempDir,
}

impl Base {
    pub(super) async fn make(profile: Profile) -> Self {
        let scene = Scene::open(profile, Phase::First).await;
        let report = scene.run().await;
        assert!(report.error.is_none() && report.summary.counts.created == 14, "{report:#?}");
        let runs = tempfile::tempdir().unwrap();
        copy(&scene.house.runs(), runs.path());
        Self { users: scene.desk.users(), runs }
    }
}

impl Scene {
    /// Before the first run.
    pub(super) async fn open(profile: Profile, phase: Phase) -> Self {
        let desk = MisbehavingDesk::start(profile).await;
        for contact in bystanders() {
            desk.add(contact);
        }
        let house = House::before(desk.url.to_string(), "token".into(), tempfile::tempdir().unwrap());
        house.advance(SignedDuration::from_mins(10));
        house.file(&if phase == Phase::First { before() } else { after() });
        let bystanders = desk.users();
        let scene = Self { house, desk, staff: connection("staff", PORTAL), phase, bystanders };
        scene.be_patient();
        scene
    }

    /// Before the second run.
    pub(super) async fn second(profile: Profile, base: &Base) -> Self {
        let scene = Self::open(profile, Phase::Second).await;
        scene.desk.restore(&base.users);
        copy(base.runs.path(), &scene.house.runs());
        scene
    }

    /// Waits long, so that only the fault at hand counts.
    pub(super) fn be_patient(&self) {
        let retry = RetryPolicy {
            total: Duration::from_secs(30),
            first: Duration::from_millis(1),
            longest: Duration::from_millis(20),
            ..RetryPolicy::default()
        };
        self.house.be_patient(Settings::TIMEOUT, Tuning { retry, ..quick() });
    }

    /// Gives up soon.
    pub(super) fn be_hasty(&self) {
        let (first, longest) = (Duration::from_millis(1), Duration::from_millis(10));
        let retry = RetryPolicy { total: Duration::from_millis(60), first, longest, ..RetryPolicy::default() };
        self.house.be_patient(Duration::from_millis(150), Tuning { retry, ..quick() });
    }

    pub(super) async fn run(&self) -> Report {
        self.house.report(&self.staff, Mode::Sync, &Silent).await
    }
}

fn quick() -> Tuning {
    Tuning { linger: Duration::from_millis(1), max_answer: 1 << 20, ..Tuning::default() }
}

pub(super) fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
