//! Keeps a cluster's connections in step: watch, is a run due?, run, report.
//!
//! ```text
//! lead -> seen -> watch -> cluster (stores, roster)
//! lead -> connection -> run, job, departure -> begin, stop, conclude -> step -> due, standing, status -> conditions
//! lead -> workspace -> desks
//! lead -> housekeeping, logs
//! ```
//!
//! Deciding is pure: [`due`] says when a connection runs, [`standing`] what stands in its way, [`status`] what is written
//! back. The rest carries it out. A reconciliation that runs is one task, and nothing else runs that connection
//! meanwhile; what it decided on is in each write, so that whoever is outdated is refused and decides again. There is no
//! state that a restart would lose: what is due follows from the objects and the clock.

mod begin;
mod cluster;
mod conclude;
mod conditions;
mod connection;
mod context;
mod departure;
mod desks;
mod due;
mod error;
mod events;
mod fault;
mod fence;
mod housekeeping;
pub mod http;
mod job;
mod lead;
mod lease;
pub mod logs;
pub mod metrics;
mod patch;
mod places;
mod reserved;
mod roster;
mod run;
mod seen;
mod settings;
mod shard;
mod standing;
mod status;
mod step;
mod stop;
mod turns;
mod unreadable;
mod watch;
mod workspace;

pub use error::Error;
pub use job::{JobTemplate, Unfit, WorkOrder};
pub use lead::Controller;
pub use settings::{JobSettings, LeaseSettings, Settings};
pub use shard::Shard;
