//! `contactsync check`: whether a connection could run, who would be in scope, and what somebody's contact would be.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::cluster::{ClusterArgs, client, named};
use super::common::{IdentityArgs, are_right, chosen, inputs};
use super::printer::{Printer, bold};
use super::progress::Progress;
use super::{Failure, Status, somebody};
use crate::api::{ContactSyncConnection, ContactSyncConnectionSpec};
use crate::keys::{ClusterKeys, Keys};
use crate::manifest::{self, ManifestKeys};
use crate::net::Reach;
use crate::net::reach::HostPattern;
use crate::remote;
use crate::sync::check::{Check, Checked, Finding, Mark, Subject};
use crate::sync::{ConnectionSettings, Place};

/// The cluster's name plays no part: nothing is owned here.
const CLUSTER: &str = "default";
/// Somebody waits for the answer; a run has the night for it.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug, clap::Args)]
#[command(
    override_usage = "contactsync check -f PATH [NAME]... [OPTIONS]\n       contactsync check NAME... [-n NAMESPACE] [OPTIONS]"
)]
pub(super) struct Args {
    /// Connections, by name or namespace/name: with -f of the manifests (absent: all of them), else of the cluster
    #[arg(value_name = "NAME", required_unless_present = "files")]
    names: Vec<String>,
    /// A folder, a file, or - for standard input; may be given several times
    #[arg(short = 'f', long = "filename", value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Secrets as files DIR/NAME/KEY or DIR/NAMESPACE/NAME/KEY, before those in the manifests
    #[arg(long, value_name = "DIR", env = "CONTACTSYNC_SECRETS_DIR")]
    secrets_dir: Option<PathBuf>,
    #[command(flatten)]
    identity: IdentityArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// The connection's namespace; absent: the context's
    #[arg(short, long, value_name = "NAME", conflicts_with = "files")]
    namespace: Option<String>,
    /// For a connection of the cluster with a file: the folder that holds NAMESPACE/PATH, as the controller's does
    #[arg(long, value_name = "DIR", conflicts_with = "files")]
    file_root: Option<PathBuf>,
    /// Show everything that the directory says of this person, whether they are in scope, and what their contact would be
    #[arg(long, value_name = "ID_OR_EMAIL")]
    person: Option<String>,
    /// Do not read the directory to its end, and count nobody
    #[arg(long)]
    no_count: bool,
    /// The only hosts that may be called, such as *.acme.example; may be given several times; absent: all
    #[arg(long = "allowed-host", value_name = "PATTERN", env = "CONTACTSYNC_ALLOWED_HOSTS", value_delimiter = ',')]
    allowed_hosts: Vec<HostPattern>,
    /// How the outcome is printed
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

/// How the outcome is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
enum Output {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
    /// The same as YAML
    Yaml,
}

pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let checked = if args.files.is_empty() {
        Some(Box::pin(in_cluster(&args, printer)).await?)
    } else if args.cluster.given() {
        return Err(
            "-f checks manifests on this machine, --kubeconfig and --context those of a cluster: give one".into()
        );
    } else {
        Box::pin(in_checkout(&args, printer)).await?
    };
    let Some(checked) = checked else { return Ok(Status::Failed) };
    match args.output {
        Output::Text => {}
        Output::Json => printer.line(&serde_json::to_string_pretty(&checked)?)?,
        Output::Yaml => printer.data(serde_yaml::to_string(&checked)?.as_bytes())?,
    }
    Ok(if checked.iter().all(|checked| checked.passed) { Status::Done } else { Status::Attention })
}

async fn in_checkout(args: &Args, printer: &Printer) -> Result<Option<Vec<Checked>>, Failure> {
    let loaded = manifest::read(&inputs(&args.files)?);
    if !are_right(&loaded.diagnostics, "checked", printer) {
        return Ok(None);
    }
    let manifests = Arc::new(loaded.manifests);
    let keys = ManifestKeys::new(Arc::clone(&manifests), args.secrets_dir.clone())
        .with_identity_token(args.identity.identity_token.clone());
    let mut all = Vec::new();
    for connection in chosen(&manifests, &args.names)? {
        let settings = settings(&connection.namespace, &connection.name, connection.value.spec.clone())?;
        all.push(prove(args, &settings, &keys, connection.at.folder().to_owned(), printer).await?);
    }
    Ok(Some(all))
}

async fn in_cluster(args: &Args, printer: &Printer) -> Result<Vec<Checked>, Failure> {
    drop(rustls::crypto::ring::default_provider().install_default());
    let config = args.cluster.config().await?;
    let default = config.default_namespace.clone();
    let client = client(config)?;
    let keys = ClusterKeys::of_user(client.clone());
    let mut all = Vec::new();
    for text in &args.names {
        let (namespace, name) = named(text, args.namespace.as_deref(), &default)?;
        let ContactSyncConnection { spec, .. } = remote::connection(&client, &namespace, &name).await?;
        let folder = match (&args.file_root, &spec.source.file) {
            (Some(root), _) => root.join(&namespace),
            (None, Some(file)) if file.path.is_some() => {
                return Err("source.file.path lies where the controller runs: give --file-root DIR, a folder that holds NAMESPACE/PATH".into());
            }
            (None, _) => PathBuf::new(),
        };
        all.push(prove(args, &settings(&namespace, &name, spec)?, &keys, folder, printer).await?);
    }
    Ok(all)
}

fn settings(namespace: &str, name: &str, spec: ContactSyncConnectionSpec) -> Result<ConnectionSettings, Failure> {
    Ok(ConnectionSettings::new(CLUSTER, namespace, name, None, spec)?)
}

async fn prove(
    args: &Args,
    settings: &ConnectionSettings,
    keys: &dyn Keys,
    file_root: PathBuf,
    printer: &Printer,
) -> Result<Checked, Failure> {
    let reach = Reach::personal(args.allowed_hosts.clone());
    let place = Place { keys, file_root, reach, patience: PATIENCE };
    let progress = Progress::new(printer.is_terminal(), false);
    let check =
        Check { settings, place: &place, count: !args.no_count, person: args.person.as_deref(), observer: &progress };
    let text = args.output == Output::Text;
    let mut outcome = Ok(());
    let mut print = |line: &str| {
        if text && outcome.is_ok() {
            outcome = progress.aside(|| printer.line(line));
        }
    };
    print(&bold(&settings.full_name()));
    let checked = Box::pin(check.go(&mut |finding| print(&line(finding)))).await;
    for person in &checked.people {
        for line in somebody::lines(person) {
            print(&line);
        }
    }
    progress.finish();
    outcome?;
    Ok(checked)
}

fn line(Finding { subject, mark, message }: &Finding) -> String {
    let mark = match mark {
        Mark::Ok => "ok",
        Mark::Warning => "warning",
        Mark::Failed => "failed",
        Mark::Skipped => "skipped",
    };
    let subject = match subject {
        Subject::Manifest => "manifest",
        Subject::Credentials => "credentials",
        Subject::Groups => "groups",
        Subject::Read => "read",
        Subject::Scope => "scope",
        Subject::Mapping => "mapping",
        Subject::Attributes => "attributes",
        Subject::Person => "person",
        Subject::Throttling => "throttling",
    };
    format!("  {mark:<7}  {subject:<11}  {message}")
}
