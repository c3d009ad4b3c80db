//! When a run is killed: moments drawn from a seed, and the stage at which each found the run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use contactsync::api::RunResult;
use contactsync::runlog::Summary;

use super::base::{Base, Stage};
use crate::support::between::{Kind, Side, Stop};
use crate::support::company::Dice;
use crate::support::processes::Running;

/// Where the connection's run records lie.
const RUNS: &str = "default_support_staff/runs";

/// When a run is killed.
#[derive(Clone, Copy, Debug)]
pub enum Moment {
    /// So long after its start.
    After(Duration),
    /// At the nth request that changes something, on that side of the desk.
    Write(usize, Side),
    /// As before the desk; the request comes there all the same, when the next run has listed the contacts.
    Late(usize),
    /// When its records show that.
    Record(Record),
}

/// What run records show.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Record {
    /// The run began.
    Begun,
    /// It knows what it sets out to do.
    Decided,
    /// Its log is closed.
    Logged,
}

/// Where a kill found the run.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Found {
    Starting,
    Preflight,
    ListingOrReading,
    Writing,
    AddressesParked,
    Removing,
    /// The log is closed, the summary is not.
    Summing,
    /// Nothing watched the desk; it was some moment in time.
    Unseen,
    /// It came too late.
    Ended,
}

impl Moment {
    /// One for a run like that of the base.
    pub fn draw(dice: &mut Dice, base: &Base) -> Self {
        match dice.below(20) {
            0..7 => Self::in_time(dice, base),
            7..11 => Self::Write(nth(dice, base), Side::Before),
            11..15 => Self::Write(nth(dice, base), Side::After),
            15..17 => Self::Late(nth(dice, base)),
            17 => Self::Record(if dice.below(2) == 0 { Record::Begun } else { Record::Decided }),
            _ => Self::Record(Record::Logged),
        }
    }

    /// Some moment in time.
    pub fn in_time(dice: &mut Dice, base: &Base) -> Self {
        let micros = u64::try_from(base.took.as_micros()).unwrap();
        Self::After(Duration::from_micros(dice.below(micros.max(1))))
    }

    /// Waits for the moment. The stop, if any, holds its request.
    pub async fn wait(self, stage: &Stage, running: &mut Running) -> Option<Stop> {
        match self {
            Self::After(duration) => {
                let until = Instant::now() + duration;
                wait(running, || Instant::now() >= until).await;
                None
            }
            Self::Record(Record::Logged) => {
                // The summary follows within a moment: nothing here may sleep.
                let before = logs(&stage.place.records());
                while logs(&stage.place.records()) == before && running.ended().is_none() {}
                None
            }
            Self::Record(record) => {
                wait(running, || record.shows(stage)).await;
                None
            }
            Self::Write(nth, side) => Some(nth_write(stage, running, nth, side).await),
            Self::Late(nth) => Some(nth_write(stage, running, nth, Side::Before).await),
        }
    }

    /// The side of the desk on which the moment lies, if it is one at the desk.
    pub fn side(self) -> Option<Side> {
        match self {
            Self::Write(_, side) => Some(side),
            Self::Late(_) => Some(Side::Before),
            Self::After(_) | Self::Record(_) => None,
        }
    }

    /// Whether the stopped request reaches the desk after all.
    pub fn is_late(self) -> bool {
        matches!(self, Self::Late(_))
    }
}

/// Any request that writes, every third time one of those that remove, which are the last.
fn nth(dice: &mut Dice, base: &Base) -> usize {
    let below = |dice: &mut Dice, limit: usize| usize::try_from(dice.below(limit as u64)).unwrap();
    match base.removing {
        1.. if dice.below(3) == 0 => base.writes - below(dice, base.removing),
        _ => 1 + below(dice, base.writes),
    }
}

async fn nth_write(stage: &Stage, running: &mut Running, nth: usize, side: Side) -> Stop {
    let mut stop = stage.between.stop(side, move |passing| passing.is_write() && passing.writes == nth);
    let mut reached = false;
    wait(running, || {
        reached |= stop.reached.try_recv().is_ok();
        reached
    })
    .await;
    stop
}

/// Waits until something is so, or the run has ended.
async fn wait(running: &mut Running, mut so: impl FnMut() -> bool) {
    while !so() && running.ended().is_none() {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

/// How many logs there are.
fn logs(records: &Path) -> usize {
    let names =
        std::fs::read_dir(records.join(RUNS)).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    names.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")).count()
}

/// Where the newest summary lies.
pub fn newest(records: &Path) -> Option<PathBuf> {
    let names = std::fs::read_dir(records.join(RUNS)).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    names.filter(|path| path.extension().is_some_and(|kind| kind == "json")).max()
}

/// The latest run's summary, and whether its log is there.
fn latest(stage: &Stage) -> Option<(Summary, bool)> {
    let newest = newest(&stage.place.records()).filter(|newest| stage.known.as_ref() != Some(newest))?;
    let summary = serde_json::from_slice(&std::fs::read(&newest).ok()?).ok()?;
    Some((summary, newest.with_extension("jsonl").exists()))
}

impl Record {
    fn shows(self, stage: &Stage) -> bool {
        let Some((summary, logged)) = latest(stage).filter(|(summary, _)| summary.result == RunResult::Running) else {
            return false;
        };
        match self {
            Self::Begun => true,
            Self::Decided => summary.owned_at_start.is_some(),
            Self::Logged => logged,
        }
    }
}

/// Where a run is, as desk and records show.
pub fn found(stage: &Stage, alive: bool) -> Found {
    let kinds = stage.between.kinds();
    let has = |kind: Kind| kinds.contains_key(&kind);
    let running = latest(stage).filter(|(summary, _)| summary.result == RunResult::Running);
    match () {
        () if !alive => Found::Ended,
        () if running.as_ref().is_some_and(|(_, logged)| *logged) => Found::Summing,
        () if has(Kind::Removing) => Found::Removing,
        () if has(Kind::Parking) => Found::AddressesParked,
        () if has(Kind::Writing) => Found::Writing,
        () if has(Kind::Listing) => Found::ListingOrReading,
        () if has(Kind::Greeting) => Found::Preflight,
        () => Found::Starting,
    }
}
