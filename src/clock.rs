//! The one place that asks what time it is. Everything else is handed a clock, or the time itself.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time. Tests stop it and move it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's clock.
pub fn system() -> Clock {
    #[expect(clippy::disallowed_methods, reason = "the one place that may")]
    Arc::new(Timestamp::now)
}
