//! What every trial of one kind begins with, made once; and how that kind of run ends when nobody disturbs it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::between::{Between, Kind};
use crate::support::ledger::{Ledger, assert_sound, ledger};
use crate::support::processes::{Place, Served};
use crate::support::upheaval::{Leavers, State, edit_by_hand, file, foreigners, lay_out, put_file, staff};

/// The kinds of run that are killed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Sort {
    /// The desk has no contact of this connection.
    First,
    /// Everything happens at once.
    Changes(Leavers),
    /// The same, one request for each contact.
    Singly(Leavers),
}

/// A folder to copy, and what its run comes to.
pub struct Base {
    pub sort: Sort,
    pub people: usize,
    folder: tempfile::TempDir,
    pub before: Ledger,
    pub after: Ledger,
    /// Exit code of the undisturbed run, and of the one after it.
    pub codes: (i32, i32),
    pub took: Duration,
    /// How many requests write, and how many of them, the last, remove.
    pub writes: usize,
    pub removing: usize,
}

/// A copy of the base: a desk, a proxy before it, and the folder of the run.
pub struct Stage {
    _folder: tempfile::TempDir,
    sort: Sort,
    /// The summary that was the newest before the run that is looked at.
    pub known: Option<PathBuf>,
    pub place: Place,
    pub desk: Served,
    pub between: Between,
}

impl Stage {
    async fn over(base: &Path, sort: Sort) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(base, folder.path());
        let desk = Served::start(&folder.path().join("kdesk.db"));
        let between = Between::start(&desk.base(), matches!(sort, Sort::Singly(_))).await;
        let place = lay_out(folder.path(), &between.base, &staff(sort.leavers()));
        Self { _folder: folder, sort, known: None, place, desk, between }
    }

    pub fn ledger(&self) -> Ledger {
        ledger(&self.desk.database)
    }

    /// Lets runs go to another desk.
    pub fn point_at(&self, desk: &str) {
        lay_out(&self.place.0, desk, &staff(self.sort.leavers()));
    }
}

impl Sort {
    fn leavers(self) -> Leavers {
        match self {
            Self::First => Leavers::Deactivate,
            Self::Changes(leavers) | Self::Singly(leavers) => leavers,
        }
    }

    /// What the file shows in the run that is killed.
    pub fn state(self) -> State {
        if self == Self::First { State::First } else { State::Changed }
    }
}

impl Base {
    pub async fn make(sort: Sort, people: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Served::start(&folder.path().join("kdesk.db"));
        let place = lay_out(folder.path(), &desk.base(), &staff(sort.leavers()));
        foreigners(&desk.base(), people).await;
        if sort != Sort::First {
            for state in [State::First, State::Settled] {
                put_file(&place, "people.csv", &file(people, state));
                let ended = place.run(&[]).await;
                assert_eq!(ended.code(), 0, "{}", ended.said());
                age(&place);
            }
            edit_by_hand(&desk.base(), people).await;
        }
        put_file(&place, "people.csv", &file(people, sort.state()));
        desk.stop();
        let before = ledger(&folder.path().join("kdesk.db"));
        let mut base = Self {
            sort,
            people,
            folder,
            before,
            after: Ledger::default(),
            codes: (0, 0),
            took: Duration::ZERO,
            writes: 0,
            removing: 0,
        };
        base.undisturbed().await;
        base
    }

    async fn undisturbed(&mut self) {
        let stage = self.stage().await;
        let begin = Instant::now();
        let first = stage.place.run(&[]).await;
        self.took = begin.elapsed();
        self.writes = stage.between.writes();
        self.removing = stage.between.kinds().get(&Kind::Removing).copied().unwrap_or_default();
        self.after = stage.ledger();
        stage.between.count_anew();
        let second = stage.place.run(&[]).await;
        assert_eq!(stage.between.writes(), 0, "it comes to rest: {}", second.said());
        self.codes = (first.code(), second.code());
        assert_eq!(self.codes.0, 0, "{}", first.said());
        assert_sound(&stage.desk.database, &HashMap::new());
        assert!(self.writes > 1 && self.after.doubled().is_empty());
    }

    /// What the file shows in the run that is killed.
    pub fn file(&self) -> String {
        file(self.people, self.sort.state())
    }

    pub async fn stage(&self) -> Stage {
        Stage::over(self.folder.path(), self.sort).await
    }
}

/// Makes all run records two days older: the hold's limits are measured against the contacts of a day ago.
fn age(place: &Place) {
    let older = |text: &str| {
        let (time, zone) = text.split_at(8);
        let day: jiff::civil::Date = jiff::civil::Date::strptime("%Y%m%d", time).unwrap();
        format!("{}{zone}", day.checked_sub(jiff::Span::new().days(2)).unwrap().strftime("%Y%m%d"))
    };
    for entry in std::fs::read_dir(place.records().join("default_support_staff/runs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|kind| kind == "json") {
            let mut summary: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            for member in ["id", "previous"] {
                if let Some(id) = summary[member].as_str().map(older) {
                    summary[member] = id.into();
                }
            }
            for member in ["startTime", "endTime"] {
                let time: jiff::Timestamp = summary[member].as_str().unwrap().parse().unwrap();
                summary[member] = (time - jiff::SignedDuration::from_hours(48)).to_string().into();
            }
            std::fs::write(&path, summary.to_string()).unwrap();
        }
        std::fs::rename(&path, path.with_file_name(older(&name))).unwrap();
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}
