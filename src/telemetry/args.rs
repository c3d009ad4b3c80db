//! The flags of commands that run for long.

use clap::Args;
use url::Url;

use super::{LogFormat, Settings};

/// Logs and traces.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Logs and traces")]
pub struct TelemetryArgs {
    /// What log lines look like
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: LogFormat,
    /// What is logged: error, warn, info, debug or trace, or directives such as info,kube=debug
    #[arg(long, env = "CONTACTSYNC_LOG", default_value = "info", value_name = "LEVEL")]
    log_level: String,
    /// Send traces to the collector at this base URL, by OTLP over HTTP (often port 4318)
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<Url>,
}

impl From<TelemetryArgs> for Settings {
    fn from(args: TelemetryArgs) -> Self {
        Self { format: args.log_format, level: args.log_level, otlp: args.otlp_endpoint }
    }
}

impl TelemetryArgs {
    /// The flags that say the same to another process of this program.
    pub fn as_arguments(&self) -> Vec<String> {
        let format = clap::ValueEnum::to_possible_value(&self.log_format);
        let format = format.map(|format| ["--log-format".to_owned(), format.get_name().to_owned()]);
        let level = ["--log-level".to_owned(), self.log_level.clone()];
        let endpoint = self.otlp_endpoint.as_ref().map(|url| ["--otlp-endpoint".to_owned(), url.to_string()]);
        format.into_iter().chain([level]).chain(endpoint).flatten().collect()
    }
}
