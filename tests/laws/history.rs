//! What can happen to a company, its desk and its runs, and how to draw histories of it by lot.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::company::{FIRST, Mail, PEOPLE, Portal, TEAMS, Team, Teams, Who};
use super::{desk, directory};

/// What goes wrong during one run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    None,
    Directory(directory::Trouble),
    Desk(desk::Trouble),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    // In the directory.
    Join(Who),
    Leave(Who),
    Move(Who, Teams),
    Disable(Who),
    Enable(Who),
    Title(Who, Option<u8>),
    Phone(Who, Option<u8>),
    Mail(Who, Mail),
    Swap(Who, Who),
    Rotate(Who, Who, Who),
    Portal(Who, Portal),
    // By hand, on the desk, to that person's contact.
    Note(Who),
    Retitle(Who),
    Readdress(Who),
    TurnOff(Who),
    TurnOn(Who),
    Promote(Who),
    Erase(Who),
    /// A contact that nobody owns, with that person's first address.
    Stranger(Who),
    /// An agent with that person's first address.
    Agent(Who),
    // To the records of a connection.
    LoseRecords,
    /// The summary of so many runs ago. Nothing names the newest, so that its loss alone is not noticed.
    LoseSummary(Team, u8),
    /// Approves what the last run of that connection held.
    Approve(Team),
    /// Hours; the clock may also be set back.
    Pass(i8),
    Run(Team, Fault),
}

/// What does not change in a history.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rules {
    pub adopt: bool,
    /// Hold more than two of a kind; else the usual limits.
    pub tight: bool,
    pub delete: bool,
    pub desk: desk::Kind,
}

#[derive(Clone)]
pub struct History {
    pub rules: Rules,
    /// Neither connection has run before.
    pub first: bool,
    pub events: Vec<Event>,
}

/// As it is written in Rust, one event a line: a history that breaks a law becomes a test by copying it.
impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.rules)?;
        writeln!(f, "first: {}, events: [", self.first)?;
        for event in &self.events {
            writeln!(f, "    {event:?},")?;
        }
        f.write_str("]")
    }
}

/// Which kinds of event, each with its weight among the others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weights {
    /// Joining, leaving, returning, disabled accounts.
    pub coming: u32,
    /// Between the connections, and out of both.
    pub moving: u32,
    /// Addresses: new, swapped, in rings, doubled, absent, broken.
    pub mail: u32,
    pub fields: u32,
    pub portal: u32,
    pub by_hand: u32,
    /// Contacts and agents that are nobody's.
    pub strangers: u32,
    pub records: u32,
    pub approving: u32,
    /// Runs in which something goes wrong.
    pub faults: u32,
    pub clock_set_back: bool,
    /// Leavers are mostly deleted, which leaves no mark on the desk.
    pub deleting: bool,
}

pub fn history(weights: Weights, events: std::ops::Range<usize>) -> impl Strategy<Value = History> {
    let kind = (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(no_bulk, no_filter, tells)| desk::Kind {
        bulk: !no_bulk,
        filter: !no_filter,
        tells,
    });
    let rules = (any::<bool>(), any::<bool>(), prop::bool::weighted(if weights.deleting { 0.7 } else { 0.2 }), kind)
        .prop_map(|(adopt, tight, delete, desk)| Rules { adopt, tight, delete, desk });
    let first = prop::bool::weighted(0.2);
    (rules, first, prop::collection::vec(event(weights), events)).prop_map(|(rules, first, events)| History {
        rules,
        first,
        events,
    })
}

fn event(weights: Weights) -> impl Strategy<Value = Event> {
    let who = || FIRST..PEOPLE;
    let team = || select(&TEAMS[..]);
    let some = || prop::option::weighted(0.8, 0_u8..3);
    let coming = prop_oneof![
        3 => who().prop_map(Event::Leave),
        3 => who().prop_map(Event::Join),
        1 => who().prop_map(Event::Disable),
        1 => who().prop_map(Event::Enable),
    ];
    let moving =
        (who(), prop_oneof![4 => team().prop_map(Teams::Only), 1 => Just(Teams::Both), 1 => Just(Teams::None)])
            .prop_map(|(who, teams)| Event::Move(who, teams));
    let fields = prop_oneof![
        (who(), some()).prop_map(|(who, title)| Event::Title(who, title)),
        (who(), some()).prop_map(|(who, phone)| Event::Phone(who, phone)),
    ];
    let says = select(vec![Portal::True, Portal::True, Portal::False, Portal::Absent, Portal::Yes, Portal::One]);
    let portal = (who(), says).prop_map(|(who, portal)| Event::Portal(who, portal));
    let by_hand = (who(), 0..9).prop_map(|(who, what)| match what {
        0 | 1 => Event::Note(who),
        2 => Event::Retitle(who),
        3 => Event::Readdress(who),
        4 | 5 => Event::TurnOff(who),
        6 => Event::TurnOn(who),
        7 => Event::Promote(who),
        _ => Event::Erase(who),
    });
    let strangers = prop_oneof![3 => who().prop_map(Event::Stranger), 1 => who().prop_map(Event::Agent)];
    let records = prop_oneof![
        1 => Just(Event::LoseRecords),
        2 => (team(), 1_u8..4).prop_map(|(team, n)| Event::LoseSummary(team, n)),
    ];
    let mut hours = vec![1, 6, 12, 23, 24, 25, 100];
    if weights.clock_set_back {
        hours.extend([-2, -30]);
    }
    let pass = select(hours).prop_map(Event::Pass);
    let run = team().prop_map(|team| Event::Run(team, Fault::None));
    let faulty = (team(), fault()).prop_map(|(team, fault)| Event::Run(team, fault));
    let kinds = [
        (weights.coming, coming.boxed()),
        (weights.moving, moving.boxed()),
        (weights.mail, mail().boxed()),
        (weights.fields, fields.boxed()),
        (weights.portal, portal.boxed()),
        (weights.by_hand, by_hand.boxed()),
        (weights.strangers, strangers.boxed()),
        (weights.records, records.boxed()),
        (weights.approving, team().prop_map(Event::Approve).boxed()),
        (weights.faults, faulty.boxed()),
        (6, pass.boxed()),
        (8, run.boxed()),
    ];
    Union::new_weighted(kinds.into_iter().filter(|(weight, _)| *weight > 0).collect())
}

fn mail() -> impl Strategy<Value = Event> {
    let who = || FIRST..PEOPLE;
    let address = prop_oneof![
        3 => (0..PEOPLE).prop_map(Mail::Of),
        3 => (0_u8..3).prop_map(Mail::New),
        1 => select(vec![Mail::Absent, Mail::Broken, Mail::Foreign]),
    ];
    prop_oneof![
        3 => (who(), address).prop_map(|(who, mail)| Event::Mail(who, mail)),
        2 => (who(), who()).prop_map(|(a, b)| Event::Swap(a, b)),
        1 => (who(), who(), who()).prop_map(|(a, b, c)| Event::Rotate(a, b, c)),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    use desk::Trouble as Out;
    use directory::Trouble as In;
    let directory = prop_oneof![
        Just(In::Away),
        Just(In::GroupGone),
        (0_u8..6).prop_map(In::BreaksOff),
        (FIRST..PEOPLE).prop_map(In::Forgets),
        (FIRST..PEOPLE).prop_map(In::Forgets),
        Just(In::NotAgain),
    ];
    let desk = prop_oneof![
        Just(Out::ShortList),
        Just(Out::EmptyList),
        (0_u8..5).prop_map(Out::Refuses),
        (0_u8..5).prop_map(Out::Busy),
        (0_u8..5).prop_map(Out::Loses),
        (0_u8..5).prop_map(Out::Revoked),
        (0_u8..5).prop_map(Out::KilledAt),
        (0_u8..5).prop_map(Out::KilledAfter),
        (0_u8..5).prop_map(Out::KilledAfter),
    ];
    prop_oneof![2 => directory.prop_map(Fault::Directory), 3 => desk.prop_map(Fault::Desk)]
}
