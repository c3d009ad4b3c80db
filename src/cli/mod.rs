//! Commands: one file each, with no logic of its own. `cli` alone reads the environment, and prints through one printer:
//! data on stdout, everything else on stderr.

mod check;
mod cluster;
mod common;
mod controller;
mod crd;
mod embedded;
mod history;
mod kdesk;
mod logs;
mod paper;
mod plan;
mod printer;
mod probe;
mod progress;
mod remote;
mod run_job;
mod somebody;
mod sync;
mod validate;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use printer::Printer;

/// Brings the people of a company's directory into a KDesk workspace as contacts, as manifests in Git declare it.
#[derive(Debug, Parser)]
#[command(name = "contactsync", version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run connections straight from a Git checkout: exit 0 all succeeded, 1 partial or held, 2 failed
    Sync(common::RunArgs),
    /// Show what sync would do, person by person: exit 0 nothing to do, 1 changes, 2 error
    Plan(common::RunArgs),
    /// Check manifests without a cluster: exit 0 valid, 2 not
    Validate(validate::Args),
    /// Prove credentials, names and a whole read, and count who is in scope: exit 0 all good, 1 something failed
    Check(check::Args),
    /// Print the custom resource definitions
    Crd(crd::Args),
    /// Serve the bundled KDesk workspace, a SCIM 2.0 service on SQLite
    Kdesk(kdesk::Args),
    /// Keep a cluster's connections in step, until it is asked to stop
    Controller(Box<controller::Args>),
    /// Carry out one run that a controller announced, as the process of a Job
    #[command(hide = true)]
    RunJob(Box<run_job::Args>),
    /// Print the log of a run: for people, or with --raw byte for byte
    Logs(logs::Args),
    /// List the runs of a connection, newest first
    History(history::Args),
    /// Ask URLs until each answers well, for helm test
    #[command(hide = true)]
    Probe(probe::Args),
    /// Print a shell completion script
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

impl Cli {
    /// Whether the command goes on until it is asked to stop, at rest most of the time.
    pub fn runs_for_long(&self) -> bool {
        matches!(self.command, Command::Controller(_))
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Status {
    /// All is well.
    Done,
    /// It worked, and there is something to look at.
    Attention,
    /// It did not work.
    Failed,
}

/// What stops a command, in one line for people.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs a command.
pub fn run(cli: Cli) -> ExitCode {
    // In a cluster, commands set up their own.
    if !matches!(cli.command, Command::Controller(_) | Command::RunJob(_)) {
        let filter = tracing_subscriber::EnvFilter::try_from_env("CONTACTSYNC_LOG")
            // What the Kubernetes client has to say of an error is said again by whoever met it.
            .unwrap_or_else(|_unset| tracing_subscriber::EnvFilter::new("warn,kube_client=off"));
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
    // A panic's text may hold a person's data (L20): where it happened is enough to mend it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(%place, "something inside broke its own promise");
    }));
    let printer = Printer::new();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            printer.error(&format!("cannot start: {error}"));
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(dispatch(cli.command, &printer)) {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::Attention) => ExitCode::from(1),
        Ok(Status::Failed) => ExitCode::from(2),
        Err(failure) => {
            printer.error(&failure.to_string());
            ExitCode::from(2)
        }
    }
}

async fn dispatch(command: Command, printer: &Printer) -> Result<Status, Failure> {
    match command {
        Command::Sync(args) => Box::pin(sync::run(args, printer)).await,
        Command::Plan(args) => Box::pin(plan::run(args, printer)).await,
        Command::Validate(args) => validate::run(&args, printer),
        Command::Check(args) => Box::pin(check::run(args, printer)).await,
        Command::Crd(args) => crd::run(&args, printer),
        Command::Kdesk(args) => kdesk::run(args, printer).await,
        Command::Controller(args) => Box::pin(controller::run(*args, printer)).await,
        Command::RunJob(args) => Box::pin(run_job::run(*args, printer)).await,
        Command::Logs(args) => Box::pin(logs::run(args, printer)).await,
        Command::History(args) => history::run(args, printer).await,
        Command::Probe(args) => probe::run(args, printer).await,
        Command::Completions { shell } => {
            use clap::CommandFactory;
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "contactsync", &mut script);
            printer.data(&script)?;
            Ok(Status::Done)
        }
    }
}
