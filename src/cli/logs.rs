//! `contactsync logs`: the log of a run, for people or byte for byte.

use futures::StreamExt as _;

use super::cluster::ClusterArgs;
use super::common::StoreArgs;
use super::paper::Paper;
use super::printer::Printer;
use super::remote::RemoteArgs;
use super::{Failure, Status};
use crate::contact::OwnershipKey;
use crate::runlog::{self, RunId, RunStore};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The connection, by name or namespace/name
    connection: String,
    /// Which run; the newest when left out
    #[arg(long, value_name = "ID")]
    run: Option<String>,
    /// Print the log byte for byte: JSON Lines
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    remote: RemoteArgs,
}

/// From the records of `sync` where a flag names them, from the cluster where one is named; with neither from the cluster
/// if there is a kubeconfig.
pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let run = match &args.run {
        Some(id) => Some(RunId::parse(id).ok_or_else(|| format!("{id:?} is no run: contactsync history shows them"))?),
        None => None,
    };
    match (args.store.given(), args.remote.given()) {
        (true, true) => Err("--log-dir, --log-store (or CONTACTSYNC_LOG_DIR, CONTACTSYNC_LOG_STORE) and --kdesk read the records that lie there, --kubeconfig, --context, --namespace and --via those of a cluster: give one or the other".into()),
        (false, remote) if remote || ClusterArgs::there() => {
            Box::pin(args.remote.read(&args.connection, run, args.raw, printer)).await
        }
        _ => local(&args, run, printer).await,
    }
}

async fn local(args: &Args, run: Option<RunId>, printer: &Printer) -> Result<Status, Failure> {
    let store = args.store.open()?;
    let key = find(&store, &args.connection, &args.store).await?;
    let run = match run {
        Some(run) => run,
        None => newest(&store, &key).await?,
    };
    let (_size, mut log) = match store.stream_log(&key, &run).await {
        Ok(log) => log,
        Err(runlog::Error::NotFound(_)) => {
            let connection = &args.connection;
            return Err(format!(
                "run {run} of {connection} left no log: it was cut off, or its log was too old to keep; contactsync history {connection} shows the runs"
            )
            .into());
        }
        Err(error) => return Err(error.into()),
    };
    let mut paper = Paper::new(printer, args.raw);
    while let Some(piece) = log.next().await {
        paper.put(&piece?)?;
    }
    paper.end()?;
    Ok(Status::Done)
}

/// The key of a connection that ran; the error says where it was looked for.
pub(super) async fn find(store: &RunStore, connection: &str, args: &StoreArgs) -> Result<OwnershipKey, Failure> {
    let mut keys = store.find(connection).await?;
    match (keys.pop(), keys.is_empty()) {
        (Some(key), true) => Ok(key),
        (Some(_), false) => {
            Err(format!("several connections are called {connection:?}: name one as namespace/name").into())
        }
        (None, _) => Err(format!(
            "no run of {connection:?} is recorded in {}: give the same --kdesk, --log-dir or --log-store as to sync",
            args.place()?
        )
        .into()),
    }
}

async fn newest(store: &RunStore, key: &OwnershipKey) -> Result<RunId, Failure> {
    store.run_ids(key).await?.into_iter().next().ok_or_else(|| "there is no run yet".into())
}
