//! Keeps a cluster's connections in step: watch, is a run due?, run, report.
//!
//! Deciding is pure: [`due`] says when a connection runs, [`standing`] what stands in its way, [`status`] what is
//! written back. The rest carries it out.

pub mod conditions;
pub mod due;
mod fault;
pub mod http;
pub mod metrics;
pub mod roster;
pub mod standing;
pub mod status;
