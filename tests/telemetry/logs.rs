//! Log lines, and how much of them.

use std::io;
use std::sync::{Arc, Mutex};

use contactsync::telemetry::{LevelError, LogFormat, Settings, Telemetry, assemble, run_span};
use serde_json::Value;
use tracing::subscriber::DefaultGuard;

#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn logging(format: LogFormat, level: &str) -> (Lines, Telemetry, DefaultGuard) {
    let lines = Lines::default();
    let settings = Settings { format, level: level.to_owned(), otlp: None };
    let writer = lines.clone();
    let (subscriber, telemetry) = assemble(&settings, move || writer.clone()).unwrap();
    (lines, telemetry, tracing::subscriber::set_default(subscriber))
}

#[test]
fn a_line_is_a_json_object_that_names_its_run() {
    let (lines, _telemetry, _guard) = logging(LogFormat::Json, "info");
    run_span("support", "emea", "20260101t000000000z-abcdef").in_scope(|| {
        tracing::info!(target: "contactsync::sync", created = 3, "the run ended");
    });
    let text = lines.text();
    let line: Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(
        (&line["message"], &line["created"], &line["level"]),
        (&"the run ended".into(), &3.into(), &"INFO".into())
    );
    let span = &line["spans"][0];
    assert_eq!(span["connection"], "support/emea");
    assert_eq!(span["run"], "20260101t000000000z-abcdef");
    assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{line}");
}

#[test]
fn the_level_is_changed_while_the_program_runs() {
    let (lines, telemetry, _guard) = logging(LogFormat::Text, "warn");
    let say = || tracing::debug!(target: "contactsync::sync", "whispered");
    say();
    assert_eq!(lines.text(), "");
    telemetry.level().set("debug").unwrap();
    say();
    assert!(lines.text().contains("whispered"));
    telemetry.level().set("error").unwrap();
    say();
    assert_eq!(lines.text().lines().count(), 1);
}

#[test]
fn l20_a_lower_level_lets_no_other_crate_talk() {
    let (lines, telemetry, _guard) = logging(LogFormat::Text, "trace");
    tracing::debug!(target: "hyper::client", "GET /Users?filter=userName eq ann@acme.example");
    tracing::warn!(target: "kube::client", "heard");
    telemetry.level().set_level("debug").unwrap();
    tracing::debug!(target: "reqwest::connect", "ann@acme.example");
    let text = lines.text();
    assert!(!text.contains("ann") && text.contains("heard"), "{text}");
    // Unless the operator who starts the program asks for it by name.
    telemetry.level().set("info,kube=debug").unwrap();
    tracing::debug!(target: "kube::client", "asked for");
    assert!(lines.text().contains("asked for"));
    assert_eq!(telemetry.level().set_level("info,kube=debug"), Err(LevelError::Unknown));
}

#[test]
fn a_misspelt_level_is_refused_and_changes_nothing() {
    let (lines, telemetry, _guard) = logging(LogFormat::Text, "info");
    for wrong in ["inof", "", "info,", "kube=loud", "info,kube"] {
        assert_eq!(telemetry.level().set(wrong), Err(LevelError::Unknown), "{wrong:?}");
    }
    tracing::info!(target: "contactsync", "still there");
    assert!(lines.text().contains("still there"));
    let settings = Settings { format: LogFormat::Json, level: "loud".to_owned(), otlp: None };
    let failure = assemble(&settings, io::sink).err().unwrap();
    assert_eq!(failure.to_string(), "--log-level: is no level: use error, warn, info, debug or trace");
}
