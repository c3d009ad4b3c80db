//! `contactsync probe`: asks URLs until all of them answer well. It is what `helm test` runs, since the image holds this
//! program and nothing else. Hidden from `--help`: a person has curl.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::printer::Printer;
use super::{Failure, Status};
use crate::net::Reach;
use crate::net::Secret;
use crate::net::http::{self, HttpSettings};

/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest time for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is shown.
const SHOWN: usize = 1000;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What is asked: each must answer with a status from 200 to 299
    #[arg(required = true, value_name = "URL")]
    urls: Vec<Url>,
    /// How long all of them may take to answer well, such as 30s
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    timeout: kube::core::Duration,
    /// Sign in with the bearer token in this file
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let client = http::client(HttpSettings { ca: None, timeout: PATIENCE, reach: &Reach::operators() })?;
    let token = args.token_file.as_deref().map(super::common::token).transpose()?;
    let end = tokio::time::Instant::now() + Duration::from(args.timeout);
    for url in &args.urls {
        let mut last = "no answer came in time".to_owned();
        let asking = async {
            loop {
                match ask(&client, url, token.as_ref()).await {
                    Ok(status) => return status,
                    Err(why) => last = why,
                }
                tokio::time::sleep(PAUSE).await;
            }
        };
        match tokio::time::timeout_at(end, asking).await {
            Ok(status) => printer.say(&format!("{url}: {status}")),
            Err(_elapsed) => return Err(format!("{url}: {last}").into()),
        }
    }
    Ok(Status::Done)
}

/// The status of a good answer, or what was wrong with it.
async fn ask(client: &reqwest::Client, url: &Url, token: Option<&Secret>) -> Result<u16, String> {
    let mut request = client.get(url.clone());
    if let Some(token) = token {
        request = request.bearer_auth(token.reveal());
    }
    let answer = request.send().await.map_err(|error| http::describe(&error).to_owned())?;
    let status = answer.status();
    if status.is_success() {
        return Ok(status.as_u16());
    }
    // The controller's pages say here what they wait for.
    let body = http::read_body(answer, SHOWN).await.unwrap_or_default();
    Err(format!("{status} {}", String::from_utf8_lossy(&body).trim()))
}
