//! All integration tests, in one binary: one link.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do"
)]
#![allow(unreachable_pub, reason = "a test binary is reached by nobody: pub means shared between its modules")]

mod directories;
