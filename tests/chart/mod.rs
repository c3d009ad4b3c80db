//! The Helm chart: what it renders, what it refuses, and whether an API server, Prometheus and Argo CD take it.
//!
//! Tests that need promtool or kube-score are `#[ignore]`d here, and run by `make chart-test`, which builds those.

mod dry_run;
mod health;
pub(crate) mod helm;
mod lifecycle;
mod monitoring;
mod names;
mod pods;
mod program;
mod promtool;
mod refusals;
mod rights;
mod score;
