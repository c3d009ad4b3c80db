//! One binary for all tests at the boundary that users see: one link, one run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop there"
)]

mod directories;
mod kdesk;
mod manifest;
mod support;
