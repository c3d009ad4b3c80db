//! Keeps the cluster's connections in step.

pub mod http;
pub mod metrics;
