//! What is logged, and changing it while the program runs.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use thiserror::Error;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, Registry, reload};

/// Why a level was not taken. What was logged before still is.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum LevelError {
    /// Neither a level nor directives.
    #[error("is no level: use error, warn, info, debug or trace")]
    Unknown,
    /// Logging is over.
    #[error("cannot be changed any more: the program is stopping")]
    Gone,
}

/// What is logged. Clones change the same.
#[derive(Clone)]
pub struct LogLevel(Arc<Shared>);

struct Shared {
    handle: reload::Handle<EnvFilter, Registry>,
    now: Mutex<String>,
}

impl LogLevel {
    pub(super) fn new(handle: reload::Handle<EnvFilter, Registry>) -> Self {
        Self(Arc::new(Shared { handle, now: Mutex::new("off".to_owned()) }))
    }

    /// What was set last.
    pub fn get(&self) -> String {
        self.0.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets a bare level: that of this program's own lines. Other crates stay at `warn`, since what they print at lower
    /// levels may hold anybody's data (L20).
    pub fn set_level(&self, level: &str) -> Result<(), LevelError> {
        let filter = ours(level.trim()).ok_or(LevelError::Unknown)?;
        self.put(level.trim(), &filter)
    }

    /// The same, or directives as [`EnvFilter`] reads them, for an operator who asks for a crate by its name.
    pub fn set(&self, text: &str) -> Result<(), LevelError> {
        let text = text.trim();
        if let Some(filter) = ours(text) {
            return self.put(text, &filter);
        }
        // A misspelt level would pass for a crate's name, and nothing else be logged.
        let clear = |part: &str| ours(part.trim()).is_some() || part.contains(['=', '[', ']', '{', '}']);
        if !text.split(',').all(clear) {
            return Err(LevelError::Unknown);
        }
        self.put(text, text)
    }

    fn put(&self, text: &str, filter: &str) -> Result<(), LevelError> {
        let filter = EnvFilter::builder().parse(filter).map_err(|_unknown| LevelError::Unknown)?;
        let mut now = self.0.now.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.handle.reload(filter).map_err(|_gone| LevelError::Gone)?;
        text.clone_into(&mut now);
        Ok(())
    }
}

impl fmt::Debug for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LogLevel").field(&self.get()).finish()
    }
}

/// The directives of a bare level; none of anything else.
fn ours(level: &str) -> Option<String> {
    let level: LevelFilter = match level.to_ascii_lowercase().as_str() {
        "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => return None,
    };
    Some(format!("{},contactsync={level}", level.min(LevelFilter::WARN)))
}
