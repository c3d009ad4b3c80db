//! When a run is killed: moments drawn from a seed, and the stage at which each found the run.

use std::path::Path;
use std::time::{Duration, Instant};

use contactsync::api::RunResult;
use contactsync::runlog::Summary;

use super::base::Stage;
use crate::support::between::{Kind, Side, Stop};
use crate::support::company::Dice;
use crate::support::processes::Running;

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
    /// It came too late.
    Ended,
}

impl Moment {
    /// One for a run that takes so long and writes so often.
    pub fn draw(dice: &mut Dice, took: Duration, writes: usize) -> Self {
        let nth = |dice: &mut Dice| 1 + usize::try_from(dice.below(writes as u64)).unwrap();
        match dice.below(20) {
            0..8 => {
                let micros = u64::try_from(took.as_micros()).unwrap();
                Self::After(Duration::from_micros(dice.below(micros.max(1))))
            }
            8..12 => Self::Write(nth(dice), Side::Before),
            12..16 => Self::Write(nth(dice), Side::After),
            16..18 => Self::Late(nth(dice)),
            18 => Self::Record(if dice.below(2) == 0 { Record::Begun } else { Record::Decided }),
            _ => Self::Record(Record::Logged),
        }
    }

    /// Waits for the moment. The stop, if any, holds its request.
    pub async fn wait(self, stage: &Stage, running: &mut Running) -> Option<Stop> {
        match self {
            Self::After(duration) => {
                let until = Instant::now() + duration;
                wait(running, || Instant::now() >= until).await;
                None
            }
            Self::Record(record) => {
                let records = stage.place.records();
                wait(running, || record.shows(&records)).await;
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

/// The latest run's summary, and whether its log is there.
fn latest(records: &Path) -> Option<(Summary, bool)> {
    let runs = records.join("default_support_staff/runs");
    let names = std::fs::read_dir(runs).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let newest = names.filter(|path| path.extension().is_some_and(|kind| kind == "json")).max()?;
    let summary = serde_json::from_slice(&std::fs::read(&newest).ok()?).ok()?;
    Some((summary, newest.with_extension("jsonl").exists()))
}

impl Record {
    fn shows(self, records: &Path) -> bool {
        let Some((summary, logged)) = latest(records).filter(|(summary, _)| summary.result == RunResult::Running)
        else {
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
    let running = latest(&stage.place.records()).filter(|(summary, _)| summary.result == RunResult::Running);
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
