//! `contactsync logs`: the log of a run, for people or byte for byte.

use super::common::StoreArgs;
use super::printer::Printer;
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
}

pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let store = args.store.open()?;
    let key = find(&store, &args.connection, &args.store).await?;
    let run = match &args.run {
        Some(id) => RunId::parse(id).ok_or_else(|| format!("{id:?} is no run: contactsync history shows them"))?,
        None => newest(&store, &key).await?,
    };
    let log = match store.raw_log(&key, &run).await {
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
    if args.raw {
        printer.data(&log)?;
        return Ok(Status::Done);
    }
    for line in log.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        printer.line(&readable(line))?;
    }
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
            "no run of {connection:?} is recorded in {}: give the same --kdesk or --log-dir as to sync",
            args.folder()?.display()
        )
        .into()),
    }
}

async fn newest(store: &RunStore, key: &OwnershipKey) -> Result<RunId, Failure> {
    store.run_ids(key).await?.into_iter().next().ok_or_else(|| "there is no run yet".into())
}

/// One line for people; what is not understood is shown as it is.
fn readable(line: &[u8]) -> String {
    let raw = || String::from_utf8_lossy(line).into_owned();
    let Ok(entry) = serde_json::from_slice::<serde_json::Value>(line) else { return raw() };
    let text = |key: &str| entry.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
    let mut words = vec![text("time").to_owned(), text("event").to_owned()];
    for (key, label) in [("run", "run "), ("person", "person "), ("contact", "contact "), ("result", "")] {
        if !text(key).is_empty() {
            words.push(format!("{label}{}", text(key)));
        }
    }
    let fields: Vec<&str> = entry
        .get("fields")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|field| field.get("field")?.as_str())
        .collect();
    if !fields.is_empty() {
        words.push(format!("[{}]", fields.join(", ")));
    }
    if let Some(counts) = entry.get("counts").filter(|_| text("event") == "ended") {
        words.push(counts.to_string());
    }
    for key in ["reason", "message"] {
        if !text(key).is_empty() {
            words.push(text(key).to_owned());
        }
    }
    words.join("  ")
}
