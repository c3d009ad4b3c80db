//! The one thread that writes. Requests queue up for it; those that wait together share a commit, and so a sync.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::kdesk::error::{Error, ScimError};

/// Requests that may wait; beyond, the sender waits.
const QUEUE: usize = 1024;
/// A commit is not put off longer than this for the sake of those still waiting: a few Bulks, or many single writes,
/// that touch the same pages of the indexes then write them once.
const GATHER: Duration = Duration::from_millis(50);

/// Runs a job in the open transaction; what it returns is called once the transaction's fate is known.
type Job = Box<dyn FnOnce(&Connection) -> Done + Send>;
/// Whether to keep what the job wrote, and whom to tell.
struct Done {
    keep: bool,
    tell: Box<dyn FnOnce(bool) + Send>,
}

#[derive(Debug)]
pub(in crate::kdesk) struct Writer {
    queue: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, Error> {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let thread =
            std::thread::Builder::new().name("kdesk-writer".to_owned()).spawn(move || run(&connection, jobs))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in a transaction. An error rolls back all that it wrote; success is told after the commit.
    pub(in crate::kdesk) async fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ScimError> + Send + 'static,
    ) -> Result<T, ScimError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            let result = work(connection);
            Done {
                keep: result.is_ok(),
                tell: Box::new(move |committed| {
                    let result = if committed || result.is_err() { result } else { Err(ScimError::Internal) };
                    // A client that hung up is told nothing; what it asked for is done all the same.
                    drop(sender.send(result));
                }),
            }
        });
        let queue = self.queue.as_ref().ok_or(ScimError::Internal)?;
        queue.send(job).await.map_err(|_stopped| ScimError::Internal)?;
        receiver.await.unwrap_or(Err(ScimError::Internal))
    }
}

impl Drop for Writer {
    /// What was accepted is written before the workspace goes away.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the workspace's writer panicked");
        }
    }
}

fn run(connection: &Connection, mut jobs: mpsc::Receiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let mut waiting = Vec::new();
        let committed = transaction(connection, first, &mut jobs, &mut waiting);
        if let Err(cause) = &committed {
            tracing::error!(error = %cause, "a commit of the workspace failed");
            if let Err(cause) = connection.execute_batch("ROLLBACK") {
                tracing::debug!(error = %cause, "nothing to roll back");
            }
        }
        for tell in waiting {
            tell(committed.is_ok());
        }
    }
    if let Err(cause) = connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::debug!(error = %cause, "the log is left for the next start");
    }
}

fn transaction(
    connection: &Connection,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    waiting: &mut Vec<Box<dyn FnOnce(bool) + Send>>,
) -> Result<(), rusqlite::Error> {
    let begun = Instant::now();
    let mut next = Some(first);
    let mut open = connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop);
    while let Some(job) = next {
        match &open {
            Ok(()) => open = savepoint(connection, job, waiting),
            // The job can't run: dropping it tells its client that the workspace failed.
            Err(_) => drop(job),
        }
        next = if begun.elapsed() < GATHER { jobs.try_recv().ok() } else { None };
    }
    open?;
    connection.prepare_cached("COMMIT")?.execute([]).map(drop)
}

fn savepoint(
    connection: &Connection,
    job: Job,
    waiting: &mut Vec<Box<dyn FnOnce(bool) + Send>>,
) -> Result<(), rusqlite::Error> {
    connection.prepare_cached("SAVEPOINT request")?.execute([])?;
    // A job that panics has dropped its client's channel: that one is told of a failure, the others go on.
    let keep = match catch_unwind(AssertUnwindSafe(|| job(connection))) {
        Ok(done) => {
            waiting.push(done.tell);
            done.keep
        }
        Err(_panic) => {
            tracing::error!("a write to the workspace panicked");
            false
        }
    };
    if !keep {
        connection.prepare_cached("ROLLBACK TO request")?.execute([])?;
    }
    connection.prepare_cached("RELEASE request")?.execute([]).map(drop)
}
