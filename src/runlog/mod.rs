//! What is left of a run when it is over: its log (JSON Lines), its summary, and the plan of what it held back.
//!
//! Everything lies in an object store below the connection's ownership key, so that a rebuilt machine finds it again:
//! the hold's rolling window (L4) is counted from the summaries, and an approval (L5) is checked against the stored plan.
//!
//! ```text
//! <key, / written as _>/runs/<run id>.jsonl     the log, byte for byte what `logs --raw` prints
//! <key, / written as _>/runs/<run id>.json      the summary, written when the run begins, before it removes, when it ends
//! <key, / written as _>/intents/<run id>.json  what a run that writes sets out to do, until it ends
//! <key, / written as _>/plans/<hash>.json       held changes that wait for approval
//! <key, / written as _>/settled.jsonl           contacts whose desk stores a value differently from what was written (L14)
//! ```

mod error;
mod history;
mod intent;
mod log;
mod place;
mod plan;
mod retain;
#[cfg(test)]
mod retain_tests;
mod settled;
mod store;
mod summary;

pub use error::Error;
pub(crate) use history::WINDOW;
pub use history::{Spent, Window};
pub use intent::Intent;
pub use log::{Entry, FieldChange, LogWriter};
pub use place::{PlaceError, folder as open_folder, open as open_place};
pub use plan::{HeldChange, HeldKind, Plan};
pub use retain::Retention;
pub use settled::{Settled, SettledEntry};
pub use store::{LogStream, RunStore};
pub use summary::{RunId, Summary, WindowCounts};
