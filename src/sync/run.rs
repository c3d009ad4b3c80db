//! One run from beginning to end, and what it leaves behind whatever happens.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Error;
use super::account::{Account, Observer};
use super::settings::ConnectionSettings;
use crate::api::{RunCounts, RunResult, RunTrigger};
use crate::clock::Clock;
use crate::desk::Desk;
use crate::directory::Directory;
use crate::runlog::{Entry, Intent, Retention, RunId, RunStore, Summary, WindowCounts};

/// Whether a run writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// It does.
    Sync,
    /// It only says what it would do, and leaves no trace on the desk.
    Plan,
}

/// The two ends of a run. They are opened by whoever runs it, who knows where secrets lie.
pub struct Ends {
    /// Where people come from.
    pub directory: Box<dyn Directory>,
    /// Where contacts go.
    pub desk: Desk,
}

/// One run of one connection.
pub struct Run<'a> {
    /// The connection.
    pub settings: &'a ConnectionSettings,
    /// Whether it writes.
    pub mode: Mode,
    /// Why it runs.
    pub trigger: RunTrigger,
    /// Where its records go.
    pub store: &'a RunStore,
    /// How many records are kept.
    pub retention: Retention,
    /// What time it is.
    pub clock: &'a Clock,
    /// Who watches.
    pub observer: &'a dyn Observer,
}

/// How a run went.
#[derive(Debug)]
pub struct Report {
    /// What is kept of it.
    pub summary: Summary,
    /// Why it failed, if it did.
    pub error: Option<Error>,
}

/// A run that is on record, and has done nothing yet.
#[derive(Debug)]
pub struct Begun {
    summary: Summary,
    /// It could not be put on record.
    error: Option<Error>,
}

impl Begun {
    /// What is known of it so far.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Whether it is on record indeed. One that could not be put there does nothing but fail.
    pub fn is_on_record(&self) -> bool {
        self.error.is_none()
    }
}

impl Run<'_> {
    /// Runs. `ends` opens directory and desk; that it fails is a failed run like any other. Dropping the future stops the
    /// run where it is, which the next run finds as interrupted.
    pub async fn go(&self, ends: impl Future<Output = Result<Ends, Error>>) -> Report {
        self.finish(self.begin().await, ends).await
    }

    /// Puts a run on record. Whoever must announce it under its id does so before [`Run::finish`].
    pub async fn begin(&self) -> Begun {
        let mut summary = self.blank_summary((self.clock)());
        let error = self.record(&mut summary).await.err();
        Begun { summary, error }
    }

    /// Takes up a run that another process put on record, for [`Run::finish`]. That can be done once: what a run that was
    /// cut off set out to do must stay on record (L4), so its id is never used again. `None`: it was done before, or the
    /// run is over.
    pub async fn resume(&self, id: &RunId) -> Result<Option<Begun>, Error> {
        let key = &self.settings.key;
        let summary = self.store.summary(key, id).await?;
        let is_on = summary.result == RunResult::Running && summary.end_time.is_none();
        if !is_on || self.store.intent(key, id).await?.is_some() {
            return Ok(None);
        }
        self.store.put_intent(key, id, &Intent::default()).await?;
        Ok(Some(Begun { summary, error: None }))
    }

    /// The rest of a run that was begun.
    pub async fn finish(&self, begun: Begun, ends: impl Future<Output = Result<Ends, Error>>) -> Report {
        let Begun { mut summary, error } = begun;
        let error = match error {
            Some(error) => Some(error),
            None => self.logged(&mut summary, ends).await.err(),
        };
        self.conclude(summary, error).await
    }

    /// Closes the record of a run that was begun and did nothing.
    pub async fn abandon(&self, begun: Begun, why: &str) -> Result<(), Error> {
        let Begun { mut summary, .. } = begun;
        summary.result = RunResult::Interrupted;
        why.clone_into(&mut summary.message);
        summary.end_time = Some((self.clock)());
        self.end(&summary).await
    }

    /// Takes back the record of a run that was begun and did nothing, and that nobody was told of.
    pub async fn withdraw(&self, begun: Begun) -> Result<(), Error> {
        Ok(self.store.drop_summary(&self.settings.key, &begun.summary.id).await?)
    }

    /// Lets go of every contact that the connection owns, because its resource is being deleted: the same record, log and
    /// hold as a run (L4, L6).
    pub async fn depart(&self, begun: Begun, desk: impl Future<Output = Result<Desk, Error>>) -> Report {
        let Begun { mut summary, error } = begun;
        let error = match error {
            Some(error) => Some(error),
            None => self.logged_departure(&mut summary, desk).await.err(),
        };
        self.conclude(summary, error).await
    }

    async fn conclude(&self, mut summary: Summary, error: Option<Error>) -> Report {
        if let Some(error) = &error {
            summary.result = RunResult::Failed;
            summary.message = error.to_string();
        }
        summary.end_time = Some((self.clock)());
        let kept = self.end(&summary).await.err();
        if let Some(error) = kept.as_ref().filter(|_| error.is_none()) {
            // What is not on record cannot be counted tomorrow: that is no success (L19).
            summary.result = RunResult::Failed;
            summary.message = error.to_string();
        }
        Report { summary, error: error.or(kept) }
    }

    fn blank_summary(&self, start: Timestamp) -> Summary {
        Summary {
            id: RunId::new(start),
            previous: None,
            connection: self.settings.full_name(),
            trigger: self.trigger,
            generation: self.settings.generation,
            start_time: start,
            end_time: None,
            result: RunResult::Running,
            message: String::new(),
            fault: None,
            counts: RunCounts::default(),
            owned_at_start: None,
            active_at_start: None,
            owned: None,
            spent: WindowCounts::default(),
            reasons: BTreeMap::new(),
            plan: None,
            clears_held: Vec::new(),
            not_converging: Vec::new(),
        }
    }

    /// Planning leaves no summary: it is not part of the history that the hold is counted from.
    async fn record(&self, summary: &mut Summary) -> Result<(), Error> {
        let key = &self.settings.key;
        summary.previous = self.store.run_ids(key).await?.into_iter().next();
        if self.mode == Mode::Plan {
            return Ok(());
        }
        if let Some(newest) = &summary.previous {
            summary.id = RunId::after(newest, summary.start_time);
        }
        Ok(self.store.put_summary(key, summary).await?)
    }

    async fn end(&self, summary: &Summary) -> Result<(), Error> {
        if self.mode == Mode::Plan {
            return Ok(());
        }
        self.store.put_summary(&self.settings.key, summary).await?;
        self.store.drop_intent(&self.settings.key, &summary.id).await?;
        Ok(self.store.retain(&self.settings.key, self.retention, summary.start_time).await?)
    }

    /// The run between the first and the last line of its log.
    async fn logged(
        &self,
        summary: &mut Summary,
        ends: impl Future<Output = Result<Ends, Error>>,
    ) -> Result<(), Error> {
        let mut account = self.open_log(summary).await?;
        let worked = self.work(summary, &mut account, ends).await;
        self.close_log(summary, account, worked).await
    }

    async fn logged_departure(
        &self,
        summary: &mut Summary,
        desk: impl Future<Output = Result<Desk, Error>>,
    ) -> Result<(), Error> {
        let mut account = self.open_log(summary).await?;
        let worked = match desk.await {
            Ok(desk) => self.let_go(&desk, summary, &mut account).await,
            Err(error) => Err(error),
        };
        self.close_log(summary, account, worked).await
    }

    async fn open_log(&self, summary: &Summary) -> Result<Account<'_>, Error> {
        let planning = self.mode == Mode::Plan;
        let mut log =
            if planning { RunStore::discard(&summary.id) } else { self.store.log(&self.settings.key, &summary.id) };
        log.frame((self.clock)(), "started", summary).await?;
        let log_values = self.settings.spec.log_values.unwrap_or_default();
        Ok(Account::new(log, self.clock, self.observer, log_values, planning))
    }

    /// Counts what was done, and writes the last lines.
    async fn close_log(
        &self,
        summary: &mut Summary,
        mut account: Account<'_>,
        worked: Result<(), Error>,
    ) -> Result<(), Error> {
        summary.counts = account.counts;
        if self.mode == Mode::Sync {
            // What was refused, or not come to, is not spent.
            summary.spent = account.spent();
        }
        summary.reasons.clone_from(&account.reasons);
        summary.result = match &worked {
            Err(_) => RunResult::Failed,
            Ok(()) if account.blemish || !whole(&account.counts) => RunResult::Partial,
            Ok(()) => RunResult::Succeeded,
        };
        if let Err(error) = &worked {
            account
                .note(Entry { event: "stopped".into(), message: Some(error.to_string()), ..Entry::default() })
                .await?;
        }
        let mut log = account.into_log();
        log.frame((self.clock)(), "ended", summary).await?;
        log.close().await?;
        worked
    }
}

/// Whether every record in scope is in the desk as mapped (L19).
fn whole(counts: &RunCounts) -> bool {
    counts.skipped + counts.conflicts + counts.waiting + counts.failed + counts.held == 0
}
