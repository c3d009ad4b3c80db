//! `contactsync controller`: keeps a cluster's connections in step.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::cluster::ClusterArgs;
use super::printer::Printer;
use super::{Failure, Status};
use crate::clock;
use crate::controller::http::{self, Health};
use crate::controller::logs::{self, Endpoint};
use crate::controller::metrics::Metrics;
use crate::controller::{Controller, JobSettings, JobTemplate, LeaseSettings, Settings, Shard};
use crate::desk::Tuning;
use crate::net::Reach;
use crate::net::reach::HostPattern;
use crate::runlog::{self, Retention, RunStore};
use crate::telemetry::{Telemetry, TelemetryArgs};

/// How long the main loop may be silent before the process counts as dead.
const SILENCE: Duration = Duration::from_mins(1);

/// How long the API server may take to begin an answer; a watch goes on for longer.
const API_PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only this namespace; may be given several times; absent: all
    #[arg(long = "watch-namespace", value_name = "NAME", env = "CONTACTSYNC_WATCH_NAMESPACES", value_delimiter = ',')]
    pub(super) namespaces: Vec<String>,
    /// First part of ownership keys that connections do not write out; never change it while contacts are owned
    #[arg(long, value_name = "NAME", default_value = "default", env = "CONTACTSYNC_CLUSTER_NAME")]
    pub(super) cluster_name: String,
    #[arg(
        long,
        value_name = "URL",
        default_value = "file:///var/lib/contactsync/runs",
        env = "CONTACTSYNC_LOG_STORE",
        help = "Where run logs, summaries and plans are kept, the same for all replicas: a folder, file:///folder, s3://bucket/prefix, gs://bucket/prefix or az://container/prefix"
    )]
    pub(super) log_store: String,
    /// File sources of a namespace lie in the folder of its name below this
    #[arg(long, value_name = "DIR", default_value = "/var/lib/contactsync/files", env = "CONTACTSYNC_FILE_ROOT")]
    pub(super) file_root: PathBuf,
    /// Runs that go on together
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrent_runs: u16,
    /// Let services in the cluster (*.svc) be reached over plain http
    #[arg(long, env = "CONTACTSYNC_ALLOW_PLAIN_HTTP")]
    pub(super) allow_plain_http: bool,
    /// Let this machine itself be called, over https or plain http: sidecars, tests
    #[arg(long, env = "CONTACTSYNC_ALLOW_LOOPBACK")]
    pub(super) allow_loopback: bool,
    /// The only hosts of desks, token issuers and directories, such as kdesk.example or *.acme.example; may be given several
    /// times; absent: all
    #[arg(long = "allowed-host", value_name = "PATTERN", env = "CONTACTSYNC_ALLOWED_HOSTS", value_delimiter = ',')]
    pub(super) allowed_hosts: Vec<HostPattern>,
    /// Whether replicas elect a leader; turn it off only for a single one
    #[arg(long, value_name = "BOOL", default_value_t = true, action = clap::ArgAction::Set)]
    leader_elect: bool,
    /// Namespace of the lease; absent: that of the service account or of the kubeconfig's context
    #[arg(long, value_name = "NAME", env = "POD_NAMESPACE")]
    lease_namespace: Option<String>,
    /// Name of the lease
    #[arg(long, value_name = "NAME", default_value = "contactsync")]
    lease_name: String,
    /// How long a leader that is not heard of keeps the lease, such as 15s
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration)]
    lease_duration: Duration,
    /// Shards that share the workspaces, each with a leader of its own
    #[arg(long, value_name = "N", default_value_t = 1, env = "CONTACTSYNC_SHARDS", value_parser = clap::value_parser!(u16).range(1..=256))]
    shards: u16,
    /// The shard that this process and its replicas look after, counted from 0
    #[arg(long, value_name = "I", default_value_t = 0, env = "CONTACTSYNC_SHARD")]
    shard: u16,
    /// A Job manifest (batch/v1, YAML): runs may be Jobs in the namespace of the lease, made from it
    #[arg(long, value_name = "FILE", env = "CONTACTSYNC_JOB_TEMPLATE")]
    job_template: Option<PathBuf>,
    /// Connections that own more contacts, or read more people, run as a Job; 0: all; absent: those that ask for it
    #[arg(long, value_name = "N", env = "CONTACTSYNC_JOB_ABOVE", requires = "job_template")]
    job_above: Option<u64>,
    /// Jobs that go on together
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    concurrent_jobs: u16,
    /// How long a Job may take to begin, such as 10m; its run fails then, and is tried again
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    job_start_patience: Duration,
    /// This replica's name; absent: contactsync and something unique
    #[arg(long, value_name = "NAME", env = "POD_NAME")]
    identity: Option<String>,
    /// How long runs may go on after the controller was asked to stop, such as 20s
    #[arg(long, value_name = "DURATION", default_value = "20s", value_parser = duration)]
    shutdown_grace: Duration,
    /// How long the contacts of a connection that was deleted with Keep wait for it to come back before nobody owns them
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = duration)]
    release_after: Duration,
    /// How long a deletion waits for a workspace or Secret that is not there, before contacts are left as they are
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    deletion_patience: Duration,
    /// How often a workspace is asked whether it is still there
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    workspace_check: Duration,
    /// Where metrics and probes are served: /metrics, /livez, /readyz
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8080")]
    http_address: SocketAddr,
    /// Where the log level is read and put: /loglevel; for this machine and port-forwards only
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    admin_address: SocketAddr,
    /// Where run logs are served to whoever made a request for one
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:8082", env = "CONTACTSYNC_LOG_ADDRESS")]
    log_address: SocketAddr,
    #[command(flatten)]
    pub(super) telemetry: TelemetryArgs,
    /// Run records kept of each connection; those of the last 48 hours are kept in any case
    #[arg(long, value_name = "N", default_value_t = 200, env = "CONTACTSYNC_KEEP_RUNS",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) keep_runs: u32,
    /// Days that run records are kept
    #[arg(long, value_name = "N", default_value_t = 90, env = "CONTACTSYNC_KEEP_DAYS",
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(super) keep_days: u32,
}

/// Until it is asked to stop.
pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let (client, default_namespace) = connect(&args.cluster).await?;
    let store = store(&args.log_store)?;
    let settings = settings(&args, default_namespace)?;
    let telemetry = Telemetry::start(&args.telemetry.clone().into())?;
    let stopping = CancellationToken::new();
    let mut registry = Registry::default();
    let metrics = Metrics::new(&mut registry, settings.shard);
    let health = Health::new(SILENCE);
    let stopped = CancellationToken::new();
    let public = http::public(Arc::new(registry), health.clone());
    let admin = http::admin(telemetry.level(), args.admin_address)?;
    let (logs, namespaces) = (store.clone(), settings.namespaces.clone());
    let logs = Endpoint::new(client.clone(), logs, clock::system(), settings.cluster_name.clone(), namespaces);
    let controller = Controller::new(client, settings, clock::system(), store, metrics, health);
    let serving = [
        serve("metrics and probes", args.http_address, public, &stopped).await?,
        serve("the log level", args.admin_address, admin, &stopped).await?,
        serve_logs(args.log_address, logs.router(), &stopped).await?,
    ];
    tokio::select! {
        () = controller.run(stopping.clone()) => {}
        () = signalled(stopping) => return Err("stopped at once: it was asked to a second time".into()),
    }
    stopped.cancel();
    for server in serving {
        server.await??;
    }
    telemetry.shutdown().await;
    printer.say("contactsync controller stopped");
    Ok(Status::Done)
}

async fn serve(
    what: &'static str,
    address: SocketAddr,
    router: axum::Router,
    stopped: &CancellationToken,
) -> Result<tokio::task::JoinHandle<std::io::Result<()>>, Failure> {
    let listener = TcpListener::bind(address).await.map_err(|error| format!("{what} on {address}: {error}"))?;
    tracing::info!(address = %listener.local_addr()?, "serving {what}");
    Ok(tokio::spawn(http::serve(listener, router, stopped.clone())))
}

async fn serve_logs(
    address: SocketAddr,
    router: axum::Router,
    stopped: &CancellationToken,
) -> Result<tokio::task::JoinHandle<std::io::Result<()>>, Failure> {
    let listener = bind("--log-address", "run logs", address).await?;
    Ok(tokio::spawn(logs::serve(listener, router, stopped.clone())))
}

async fn bind(flag: &str, what: &'static str, address: SocketAddr) -> Result<TcpListener, Failure> {
    let failed = |error| format!("{flag} {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    tracing::info!(address = %listener.local_addr()?, "serving {what}");
    Ok(listener)
}

/// A client of the cluster, and the namespace that it is in by default.
pub(super) async fn connect(args: &ClusterArgs) -> Result<(kube::Client, String), Failure> {
    // Other parts of the process bring their own; this is for the Kubernetes client.
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = args.config().await?;
    let default_namespace = config.default_namespace.clone();
    Ok((client(config)?, default_namespace))
}

/// A client that waits for the beginning of an answer, not for a network that swallows packets.
fn client(config: kube::Config) -> Result<kube::Client, Failure> {
    let builder = kube::client::ClientBuilder::try_from(config).map_err(|error| format!("the API server: {error}"))?;
    Ok(builder.with_layer(&tower::timeout::TimeoutLayer::new(API_PATIENCE)).build())
}

fn settings(args: &Args, default_namespace: String) -> Result<Settings, Failure> {
    if args.lease_duration < Duration::from_secs(3) {
        return Err("--lease-duration: at least 3s: it is renewed seven times in its duration".into());
    }
    crate::contact::OwnershipKey::new(args.cluster_name.clone()).map_err(|error| format!("--cluster-name: {error}"))?;
    let shard = Shard::new(args.shard, args.shards).ok_or_else(|| {
        format!(
            "--shard {}: shards are counted from 0, so of {} the last is {}",
            args.shard,
            args.shards,
            args.shards - 1
        )
    })?;
    let identity = args.identity.clone().unwrap_or_else(unique_identity);
    let namespace = args.lease_namespace.clone().unwrap_or(default_namespace);
    let lease = LeaseSettings { namespace, name: args.lease_name.clone(), duration: args.lease_duration };
    Ok(Settings {
        cluster_name: args.cluster_name.clone(),
        namespaces: args.namespaces.clone(),
        file_root: args.file_root.clone(),
        concurrent_runs: usize::from(args.concurrent_runs),
        retention: retention(args.keep_runs, args.keep_days),
        tuning: Tuning { reach: reach(args), ..Tuning::default() },
        identity,
        shard,
        jobs: jobs(args, &lease)?,
        lease: args.leader_elect.then_some(lease),
        shutdown_grace: args.shutdown_grace,
        release_after: args.release_after,
        deletion_patience: SignedDuration::try_from(args.deletion_patience).unwrap_or(SignedDuration::from_mins(10)),
        workspace_check: args.workspace_check,
    })
}

pub(super) fn retention(runs: u32, days: u32) -> Retention {
    let age = SignedDuration::from_hours(i64::from(days) * 24);
    Retention { runs: usize::try_from(runs).unwrap_or(usize::MAX), age }
}

fn reach(args: &Args) -> Reach {
    Reach::limited(args.allow_plain_http, args.allow_loopback, args.allowed_hosts.clone())
}

fn jobs(args: &Args, lease: &LeaseSettings) -> Result<Option<JobSettings>, Failure> {
    let Some(file) = &args.job_template else { return Ok(None) };
    let failed = |error: &dyn std::fmt::Display| format!("--job-template {}: {error}", file.display());
    let yaml = std::fs::read_to_string(file).map_err(|error| failed(&error))?;
    Ok(Some(JobSettings {
        template: JobTemplate::parse(&yaml).map_err(|error| failed(&error))?,
        above: args.job_above,
        at_once: usize::from(args.concurrent_jobs),
        arguments: job_arguments(args, lease),
        lease: lease.clone(),
        start_patience: args.job_start_patience,
    }))
}

/// The arguments of a Job's process that are the same for every run: what the controller was told, as far as a run needs it.
fn job_arguments(args: &Args, lease: &LeaseSettings) -> Vec<String> {
    let mut all = Vec::new();
    let mut flag = |name: &str, value: String| all.extend([name.to_owned(), value]);
    flag("--log-store", args.log_store.clone());
    flag("--keep-runs", args.keep_runs.to_string());
    flag("--keep-days", args.keep_days.to_string());
    flag("--cluster-name", args.cluster_name.clone());
    flag("--file-root", args.file_root.display().to_string());
    flag("--lease-namespace", lease.namespace.clone());
    flag("--lease-name", lease.name.clone());
    flag("--lease-duration", format!("{}ms", lease.duration.as_millis()));
    for namespace in &args.namespaces {
        flag("--watch-namespace", namespace.clone());
    }
    for host in &args.allowed_hosts {
        flag("--allowed-host", host.to_string());
    }
    if args.allow_plain_http {
        all.push("--allow-plain-http".to_owned());
    }
    if args.allow_loopback {
        all.push("--allow-loopback".to_owned());
    }
    all.extend(args.telemetry.as_arguments());
    all
}

/// A name for a process that was given none.
pub(super) fn unique_identity() -> String {
    let unique: String = uuid::Uuid::new_v4().simple().to_string().chars().take(8).collect();
    format!("contactsync-{unique}")
}

pub(super) fn store(place: &str) -> Result<RunStore, Failure> {
    Ok(runlog::open_place(place).map_err(|error| format!("--log-store: {error}"))?)
}

/// Asks to stop when the process is told to; returns when it is told so again.
pub(super) async fn signalled(stopping: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};
    let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
    let [Ok(mut terminate), Ok(mut interrupt)] = kinds.map(signal) else {
        return std::future::pending().await;
    };
    for first in [true, false] {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if first {
            tracing::info!("asked to stop: nothing new begins, and what is on may come to its end");
            stopping.cancel();
        }
    }
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let read: Result<kube::core::Duration, _> = text.parse();
    let read = read.map_err(|error| format!("{error}: write a time such as 15s or 10m"))?;
    if read.is_negative() {
        return Err("it is negative: write a time such as 15s or 10m".to_owned());
    }
    Ok(read.into())
}
