//! One log, from the request to its last byte.

use std::io;

use axum::body::to_bytes;
use futures::StreamExt as _;
use kube::{Api, Client};

use super::error::Error;
use super::fetch::{Answered, Way, fetch};
use super::request::make;
use crate::api::ContactSyncConnection;
use crate::controller::logs::Ticket;
use crate::runlog::RunId;

/// Longest answer that is not a log.
const WORDS: usize = 4096;

/// Which log.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of the connection.
    pub namespace: String,
    /// The connection.
    pub connection: String,
    /// The run; `None`: the newest.
    pub run: Option<RunId>,
}

/// Reads a log piece by piece into `sink`. The request at the API server is gone after it, Ctrl-C included.
pub async fn read(
    client: &Client,
    way: &Way,
    wanted: &Wanted,
    mut sink: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Error> {
    let ticket = Ticket::new().ok_or(Error::NoRandomness)?;
    let made = make(client, wanted, &ticket).await?;
    let read = async {
        let answered = Box::pin(fetch(client, way, &wanted.namespace, &made.name, &ticket)).await?;
        Box::pin(take(client, wanted, answered, &mut sink)).await
    };
    let outcome = tokio::select! {
        outcome = read => outcome,
        Ok(()) = tokio::signal::ctrl_c() => Err(Error::Stopped),
    };
    made.take_back().await;
    outcome
}

async fn take(
    client: &Client,
    wanted: &Wanted,
    answered: Answered,
    sink: &mut impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), Error> {
    let Answered { word, response } = answered;
    match word.as_str() {
        "log" => {}
        "refused" => return Err(Error::Refused { namespace: wanted.namespace.clone() }),
        "no-run" => return Err(Error::NoRun(no_run(client, wanted).await)),
        _ => {
            let text = to_bytes(response.into_body(), WORDS).await.unwrap_or_default();
            return Err(Error::Told(String::from_utf8_lossy(&text).trim_end().to_owned()));
        }
    }
    let length = response.headers().get(http::header::CONTENT_LENGTH);
    let whole = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let mut body = response.into_body().into_data_stream();
    let mut got = 0;
    while let Some(piece) = body.next().await {
        let Ok(piece) = piece else { return Err(Error::BrokeOff { got, whole: whole.unwrap_or_default() }) };
        got += piece.len() as u64;
        sink(&piece)?;
    }
    match whole {
        Some(whole) if whole != got => Err(Error::BrokeOff { got, whole }),
        Some(_) | None => Ok(()),
    }
}

/// What is there instead, as far as the user may see it.
async fn no_run(client: &Client, wanted: &Wanted) -> String {
    let Wanted { namespace, connection, run } = wanted;
    let connections: Api<ContactSyncConnection> = Api::namespaced(client.clone(), namespace);
    let found = connections.get_opt(connection).await;
    let runs: Vec<String> = match &found {
        Ok(Some(found)) => {
            let recent = found.status.iter().flat_map(|status| &status.recent_runs);
            recent.map(|run| run.id.clone()).collect()
        }
        Ok(None) | Err(_) => Vec::new(),
    };
    let what = match run {
        Some(run) => format!("no run {run} of {namespace}/{connection} is on record"),
        None => format!("no run of {namespace}/{connection} is on record"),
    };
    match found {
        Ok(None) => format!("{what}, and there is no such connection: kubectl get csc -n {namespace} shows them"),
        Ok(Some(_)) if runs.is_empty() => format!("{what}: it has not run yet"),
        Ok(Some(_)) => format!("{what}: its newest runs are {}", runs.join(", ")),
        Err(_) => format!("{what}: status.recentRuns of the connection lists the newest"),
    }
}
