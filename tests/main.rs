//! One binary for all tests at the boundary that users see: one link, one run.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_push_string,
    reason = "a test that cannot go on should stop there; pub means shared between its modules"
)]

mod chart;
mod cli;
mod controller;
mod desk;
mod directories;
mod docs;
mod kdesk;
mod laws;
mod manifest;
mod support;
mod sync;
mod telemetry;
