//! What the controller says about itself while it runs: log lines, and traces where somebody collects them. Metrics are
//! beside what they count, in `controller`.
//!
//! Neither carries personal data (L20). Log lines of other crates stay at `warn` unless the operator names the crate,
//! because at `debug` some print URLs and headers; traces carry this program's spans and no event or span of any other.

mod args;
mod level;
mod traces;

use std::io::{self, IsTerminal as _};

use thiserror::Error;
use tracing::{Span, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};
use url::Url;

pub use args::TelemetryArgs;
pub use level::{LevelError, LogLevel};

use self::traces::Traces;

/// What log lines look like.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line, for collectors.
    #[default]
    Json,
    /// For people at a terminal.
    Text,
}

/// How a long-running command tells what it does.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What log lines look like.
    pub format: LogFormat,
    /// A level, or directives; see [`LogLevel::set`].
    pub level: String,
    /// The base URL of a collector of traces (OTLP over HTTP); none: no traces.
    pub otlp: Option<Url>,
}

/// Why telemetry cannot start.
#[derive(Debug, Error)]
pub enum Failure {
    /// The level is none.
    #[error("--log-level: {0}")]
    Level(#[from] LevelError),
    /// The collector cannot be used.
    #[error("--otlp-endpoint: {0}")]
    Collector(String),
    /// Somebody set another one up before.
    #[error("logging is set up already: {0}")]
    Taken(#[from] TryInitError),
}

/// Running telemetry.
#[derive(Debug)]
pub struct Telemetry {
    level: LogLevel,
    traces: Option<Traces>,
}

impl Telemetry {
    /// Starts logging to stderr, and traces if asked for. Call it within a tokio runtime, once in a process.
    pub fn start(settings: &Settings) -> Result<Self, Failure> {
        let (subscriber, telemetry) = assemble(settings, io::stderr)?;
        subscriber.try_init()?;
        Ok(telemetry)
    }

    /// The log level, which may be changed while the program runs.
    pub fn level(&self) -> LogLevel {
        self.level.clone()
    }

    /// Sends what traces are left, for a few seconds at most. Call it last, within the runtime.
    pub async fn shutdown(self) {
        if let Some(traces) = self.traces {
            traces.shutdown().await;
        }
    }
}

/// The span that everything about one run belongs to. Nothing but these two may be put on it: spans leave the cluster.
pub fn run_span(namespace: &str, name: &str, run: &str) -> Span {
    tracing::info_span!(target: "contactsync", "run", connection = %format_args!("{namespace}/{name}"), run)
}

/// Everything but making it the process's own. Call it within a tokio runtime.
pub fn assemble<W>(
    settings: &Settings,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync + use<W>, Telemetry), Failure>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(EnvFilter::new("off"));
    let level = LogLevel::new(handle);
    level.set(&settings.level)?;
    // Colours are for terminals; NO_COLOR is heeded by the library.
    let colours = io::stderr().is_terminal();
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = if colours { lines } else { lines.with_ansi(false) };
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match settings.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_filter(filter).boxed(),
        LogFormat::Text => lines.with_filter(filter).boxed(),
    };
    let traces = settings.otlp.as_ref().map(Traces::to).transpose()?;
    let ours = Targets::new().with_target("contactsync", tracing::Level::INFO);
    let spans = traces.as_ref().map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    });
    Ok((Registry::default().with(lines).with(spans), Telemetry { level, traces }))
}
