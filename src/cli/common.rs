//! What commands over manifests share: which files, which connections, where records lie.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Failure;
use super::embedded::Embedded;
use super::printer::Printer;
use crate::api::{ContactSync, ContactSyncConnection, ContactSyncConnectionSpec};
use crate::directory;
use crate::manifest::{Checks, Diagnostic, Input, ManifestKeys, Manifests, Object};
use crate::net::reach::HostPattern;
use crate::net::{Budget, Reach, Secret};
use crate::person::Program;
use crate::runlog::{self, RunStore};
use crate::sync::{self, ConnectionSettings, Ends, Place};

/// Which manifests.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ManifestArgs {
    /// A folder, a file, or - for standard input; may be given several times
    #[arg(short = 'f', long = "filename", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,
    /// Secrets as files DIR/NAME/KEY or DIR/NAMESPACE/NAME/KEY, before those in the manifests
    #[arg(long, value_name = "DIR", env = "CONTACTSYNC_SECRETS_DIR")]
    secrets_dir: Option<PathBuf>,
    /// First part of ownership keys that manifests do not write out: the cluster that would run them
    #[arg(long, value_name = "NAME", default_value = "default", env = "CONTACTSYNC_CLUSTER_NAME")]
    cluster_name: String,
}

/// What is to be read from where `-f` points.
pub(super) fn inputs(files: &[PathBuf]) -> Result<Vec<Input>, Failure> {
    let mut inputs = Vec::new();
    for file in files {
        if file == Path::new("-") {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
            inputs.push(Input::Text { name: "-".into(), text });
        } else {
            inputs.push(Input::Path(file.clone()));
        }
    }
    Ok(inputs)
}

impl ManifestArgs {
    /// Reads and checks everything; all that is wrong, errors and warnings.
    pub(super) fn check(&self) -> Result<(Manifests, Vec<Diagnostic>), Failure> {
        let checks = Checks {
            compile: &compile_errors,
            secrets_dir: self.secrets_dir.as_deref(),
            cluster_name: &self.cluster_name,
        };
        let loaded = crate::manifest::check(&inputs(&self.files)?, &checks);
        Ok((loaded.manifests, loaded.diagnostics))
    }
}

fn compile_errors(spec: &ContactSyncConnectionSpec) -> Vec<(String, String)> {
    match Program::compile(spec) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| (error.field, error.message)).collect(),
    }
}

/// Where the records of runs lie.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct StoreArgs {
    /// Run the bundled workspace on this database inside the command, in place of the workspaces' endpoints
    #[arg(long, value_name = "FILE")]
    pub(super) kdesk: Option<PathBuf>,
    /// Where run logs, summaries and plans are kept; with --kdesk FILE: FILE.runs, else ~/.local/state/contactsync
    #[arg(long, value_name = "DIR", env = "CONTACTSYNC_LOG_DIR")]
    log_dir: Option<PathBuf>,
    #[arg(
        long,
        value_name = "URL",
        env = "CONTACTSYNC_LOG_STORE",
        conflicts_with = "log_dir",
        help = "The same in a store: s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"
    )]
    log_store: Option<String>,
}

impl StoreArgs {
    /// Whether a flag names it.
    pub(super) fn given(&self) -> bool {
        self.kdesk.is_some() || self.log_dir.is_some() || self.log_store.is_some()
    }

    /// Where the records are, for messages.
    pub(super) fn place(&self) -> Result<String, Failure> {
        match &self.log_store {
            Some(url) => Ok(url.clone()),
            None => Ok(self.folder()?.display().to_string()),
        }
    }

    /// The folder of the records.
    fn folder(&self) -> Result<PathBuf, Failure> {
        if let Some(folder) = &self.log_dir {
            return Ok(folder.clone());
        }
        if let Some(database) = &self.kdesk {
            let mut name = database.clone().into_os_string();
            name.push(".runs");
            return Ok(name.into());
        }
        let home = std::env::home_dir().ok_or("there is no home folder for run logs: give --log-dir DIR")?;
        Ok(home.join(".local/state/contactsync"))
    }

    /// Opens the records, making the folder where needed.
    pub(super) fn open(&self) -> Result<RunStore, Failure> {
        if let Some(url) = &self.log_store {
            // Stores in clouds are reached by an HTTP client of their library.
            drop(rustls::crypto::ring::default_provider().install_default());
            return Ok(runlog::open_place(url).map_err(|error| format!("--log-store: {error}"))?);
        }
        Ok(runlog::open_folder(&self.folder()?).map_err(|error| format!("the run logs: {error}"))?)
    }

    /// The flags that find the same records again, as a person would type them.
    pub(super) fn flags(&self) -> String {
        if let Some(url) = &self.log_store {
            return format!(" --log-store {url}");
        }
        match (&self.log_dir, &self.kdesk) {
            (Some(folder), _) => format!(" --log-dir {}", folder.display()),
            (None, Some(database)) => format!(" --kdesk {}", database.display()),
            // Named, as logs looks at the cluster where there is one.
            (None, None) => self.folder().map_or(String::new(), |folder| format!(" --log-dir {}", folder.display())),
        }
    }
}

/// Which connections are run or planned, and how that is told.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) manifests: ManifestArgs,
    /// Only this connection, by name or namespace/name; may be given several times
    #[arg(long = "connection", value_name = "NAME")]
    pub(super) connections: Vec<String>,
    #[command(flatten)]
    pub(super) store: StoreArgs,
    /// The only hosts of desks, token issuers and directories, such as kdesk.example or *.acme.example; may be given several
    /// times; absent: all. For pipelines that plan what others wrote
    #[arg(long = "allowed-host", value_name = "PATTERN", env = "CONTACTSYNC_ALLOWED_HOSTS", value_delimiter = ',')]
    pub(super) allowed_hosts: Vec<HostPattern>,
    #[command(flatten)]
    pub(super) identity: IdentityArgs,
    /// How the outcome is printed
    #[arg(short, long, value_enum, default_value_t)]
    pub(super) output: Output,
}

/// Who a pipeline is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct IdentityArgs {
    /// A file with the OIDC token that stands for service accounts where auth is by workload identity, read at each run
    #[arg(long, value_name = "FILE", env = "CONTACTSYNC_IDENTITY_TOKEN_FILE")]
    pub(super) identity_token: Option<PathBuf>,
}

/// Everything that running connections from manifests needs.
pub(super) struct Session {
    pub(super) manifests: Arc<Manifests>,
    keys: ManifestKeys,
    pub(super) store: RunStore,
    cluster_name: String,
    embedded: Option<Embedded>,
    budgets: HashMap<(String, String), Budget>,
    reach: Reach,
}

impl Session {
    /// Reads manifests, which must be right, and starts the bundled workspace where it is asked for.
    pub(super) async fn open(args: &RunArgs, printer: &Printer) -> Result<Option<Self>, Failure> {
        let RunArgs { manifests, store, .. } = args;
        let (read, diagnostics) = manifests.check()?;
        if !are_right(&diagnostics, "run", printer) {
            return Ok(None);
        }
        let read = Arc::new(read);
        let embedded = match &store.kdesk {
            Some(database) => Some(Embedded::start(database).await?),
            None => None,
        };
        Ok(Some(Self {
            keys: ManifestKeys::new(Arc::clone(&read), manifests.secrets_dir.clone())
                .with_identity_token(args.identity.identity_token.clone()),
            manifests: read,
            store: store.open()?,
            cluster_name: manifests.cluster_name.clone(),
            embedded,
            budgets: HashMap::new(),
            reach: Reach::personal(args.allowed_hosts.clone()),
        }))
    }

    /// The connections that were asked for, by name or `namespace/name`; all of them when none was.
    pub(super) fn chosen(&self, names: &[String]) -> Result<Vec<Object<ContactSyncConnection>>, Failure> {
        chosen(&self.manifests, names)
    }

    pub(super) fn settings(
        &self,
        connection: &Object<ContactSyncConnection>,
    ) -> Result<ConnectionSettings, sync::Error> {
        let mut settings = self.settings_alone(connection)?;
        let is_other = |other: &Object<ContactSyncConnection>| {
            (&other.namespace, &other.name) != (&connection.namespace, &connection.name)
        };
        let others = self.manifests.connections.iter().filter(|other| is_other(other));
        let near = others.filter(|other| directory::is_same(&other.value.spec.source, &settings.spec.source));
        settings.same_directory = near.filter_map(|other| Some(self.settings_alone(other).ok()?.key)).collect();
        Ok(settings)
    }

    fn settings_alone(&self, connection: &Object<ContactSyncConnection>) -> Result<ConnectionSettings, sync::Error> {
        let spec = connection.value.spec.clone();
        ConnectionSettings::new(&self.cluster_name, &connection.namespace, &connection.name, None, spec)
    }

    /// Whether contact sync is switched on in the workspace that a connection points at.
    pub(super) fn switched_on(&self, connection: &Object<ContactSyncConnection>) -> bool {
        let (namespace, name) = workspace_of(connection);
        let workspace = self.manifests.workspace(&namespace, &name);
        workspace.is_none_or(|workspace| workspace.value.spec.contact_sync == ContactSync::Enabled)
    }

    /// Opens directory and desk of a connection.
    pub(super) async fn ends(
        &mut self,
        connection: &Object<ContactSyncConnection>,
        settings: &ConnectionSettings,
    ) -> Result<Ends, sync::Error> {
        let file_root = connection.at.folder().to_owned();
        let place = Place { keys: &self.keys, file_root, reach: self.reach.clone(), patience: Place::PATIENCE };
        let directory = sync::open_directory(settings, &place).await?;
        let (namespace, name) = workspace_of(connection);
        let desk = match (&self.embedded, self.manifests.workspace(&namespace, &name)) {
            (Some(embedded), _) => embedded.connect().await?,
            (None, Some(workspace)) => {
                let spec = &workspace.value.spec;
                let budget =
                    self.budgets.entry((namespace.clone(), name)).or_insert_with(|| sync::budget(spec, None)).clone();
                sync::open_desk(&namespace, spec, &self.keys, budget, self.reach.clone()).await?
            }
            (None, None) => {
                return Err(sync::Error::Settings {
                    field: "workspaceRef".to_owned(),
                    message: format!("there is no KDeskWorkspace {namespace}/{name} in what was given"),
                });
            }
        };
        Ok(Ends { directory, desk })
    }

    /// Stops the bundled workspace.
    pub(super) async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}

/// Tells what is wrong with manifests; of what has errors only those. Whether they can be used: else nothing was `done`.
pub(super) fn are_right(diagnostics: &[Diagnostic], done: &str, printer: &Printer) -> bool {
    let wrong = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    for diagnostic in diagnostics.iter().filter(|diagnostic| wrong == 0 || diagnostic.is_error()) {
        printer.say(&diagnostic.to_string());
    }
    if wrong > 0 {
        printer.error(&format!("{wrong} {} in the manifests; nothing was {done}", plural(wrong, "error")));
    }
    wrong == 0
}

/// The connections that were asked for, by name or `namespace/name`; all of them when none was.
pub(super) fn chosen(manifests: &Manifests, names: &[String]) -> Result<Vec<Object<ContactSyncConnection>>, Failure> {
    let all = &manifests.connections;
    if all.is_empty() {
        return Err("there is no ContactSyncConnection in what was given".into());
    }
    if names.is_empty() {
        return Ok(all.clone());
    }
    let mut chosen = Vec::new();
    for name in names {
        let matching: Vec<_> = all
            .iter()
            .filter(|object| object.name == *name || format!("{}/{}", object.namespace, object.name) == *name)
            .collect();
        match matching.as_slice() {
            [one] => chosen.push((*one).clone()),
            [] => {
                let known: Vec<String> = all.iter().map(|o| format!("{}/{}", o.namespace, o.name)).collect();
                return Err(format!("there is no connection {name:?}: there are {}", known.join(", ")).into());
            }
            _ => return Err(format!("several connections are called {name:?}: name one as namespace/name").into()),
        }
    }
    Ok(chosen)
}

fn workspace_of(connection: &Object<ContactSyncConnection>) -> (String, String) {
    let reference = &connection.value.spec.workspace_ref;
    (reference.namespace.clone().unwrap_or_else(|| connection.namespace.clone()), reference.name.clone())
}

/// A word, with an s where there is not one.
pub(super) fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

/// The token that a file holds, without the line break at its end.
pub(super) fn token(file: &Path) -> Result<Secret, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("--token-file {}: {error}", file.display()))?;
    Ok(Secret::new(text.trim_end().to_owned()))
}

/// How data is printed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub(super) enum Output {
    /// For people
    #[default]
    Text,
    /// For scripts
    Json,
}
