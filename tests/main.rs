//! Every integration test, in one binary: one link.
#![allow(unreachable_pub, reason = "helpers are written for every module of this one binary")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::format_push_string,
    reason = "helpers of tests fail by panicking"
)]

mod directories;
mod support;
