//! `contactsync run-job`: the process of a run as a Job. The controller writes its arguments; nobody types them.

use std::path::PathBuf;
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use super::cluster::ClusterArgs;
use super::controller::{self, duration, signalled};
use super::printer::Printer;
use super::{Failure, Status};
use crate::clock;
use crate::controller::http::Health;
use crate::controller::metrics::Metrics;
use crate::controller::{Controller, LeaseSettings, Settings, Shard, WorkOrder};
use crate::desk::Tuning;
use crate::net::Reach;
use crate::net::reach::HostPattern;
use crate::runlog::RunId;
use crate::telemetry::{Telemetry, TelemetryArgs};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The connection, as namespace/name
    #[arg(long, value_name = "NAME")]
    connection: String,
    /// The run that was announced
    #[arg(long, value_name = "ID", value_parser = run_id)]
    run: RunId,
    /// As the controller's
    #[arg(long = "watch-namespace", value_name = "NAME")]
    namespaces: Vec<String>,
    /// As the controller's
    #[arg(long, value_name = "NAME")]
    cluster_name: String,
    /// As the controller's
    #[arg(long, value_name = "URL")]
    log_store: String,
    /// As the controller's
    #[arg(long, value_name = "DIR")]
    file_root: PathBuf,
    /// As the controller's
    #[arg(long)]
    allow_plain_http: bool,
    /// As the controller's
    #[arg(long)]
    allow_loopback: bool,
    /// As the controller's
    #[arg(long = "allowed-host", value_name = "PATTERN")]
    allowed_hosts: Vec<HostPattern>,
    /// As the controller's
    #[arg(long, value_name = "N")]
    keep_runs: u32,
    /// As the controller's
    #[arg(long, value_name = "N")]
    keep_days: u32,
    /// As the controller's
    #[arg(long, value_name = "NAME")]
    lease_namespace: String,
    /// As the controller's
    #[arg(long, value_name = "NAME")]
    lease_name: String,
    /// As the controller's
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    lease_duration: Duration,
    /// This process's name
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    identity: Option<String>,
    #[command(flatten)]
    telemetry: TelemetryArgs,
}

/// Until the run ended, or it is asked to stop.
pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let (client, _namespace) = controller::connect(&args.cluster).await?;
    let store = controller::store(&args.log_store)?;
    let telemetry = Telemetry::start(&args.telemetry.clone().into())?;
    let (namespace, name) = args.connection.split_once('/').ok_or("--connection: write it as namespace/name")?;
    let lease = LeaseSettings {
        namespace: args.lease_namespace.clone(),
        name: args.lease_name.clone(),
        duration: args.lease_duration,
    };
    let order = WorkOrder { namespace: namespace.to_owned(), name: name.to_owned(), run: args.run.clone(), lease };
    let stopping = CancellationToken::new();
    // Nobody asks a Job for its metrics: the controller counts its run.
    let metrics = Metrics::new(&mut Registry::default(), Shard::WHOLE);
    let health = Health::new(Duration::MAX);
    let worker = Controller::new(client, settings(&args), clock::system(), store, metrics, health);
    let done = tokio::select! {
        done = worker.work(order, stopping.clone()) => done,
        () = signalled(stopping) => Err("it was asked to stop a second time".to_owned()),
    };
    telemetry.shutdown().await;
    match done {
        Ok(()) => {
            printer.say(&format!("run {} of {} ended: its record says how", args.run, args.connection));
            Ok(Status::Done)
        }
        Err(why) => Err(format!("run {} of {} was not carried out: {why}", args.run, args.connection).into()),
    }
}

fn settings(args: &Args) -> Settings {
    let reach = Reach::limited(args.allow_plain_http, args.allow_loopback, args.allowed_hosts.clone());
    Settings {
        cluster_name: args.cluster_name.clone(),
        namespaces: args.namespaces.clone(),
        file_root: args.file_root.clone(),
        concurrent_runs: 1,
        retention: controller::retention(args.keep_runs, args.keep_days),
        tuning: Tuning { reach, ..Tuning::default() },
        // Of the process, not of the run: a second one is not taken for the first.
        identity: args.identity.clone().unwrap_or_else(controller::unique_identity),
        shard: Shard::WHOLE,
        jobs: None,
        lease: None,
        shutdown_grace: Duration::ZERO,
        release_after: Duration::ZERO,
        deletion_patience: jiff::SignedDuration::ZERO,
        workspace_check: Duration::MAX,
    }
}

fn run_id(text: &str) -> Result<RunId, String> {
    RunId::parse(text).ok_or_else(|| "no run has such an id".to_owned())
}
