<<<<<<< HEAD
//! One binary for all tests at the boundary that users see: one link, one run.

#![allow(
=======
//! The one test binary: a module per area.
#![allow(
    unreachable_pub,
>>>>>>> desk
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
<<<<<<< HEAD
    reason = "a test that cannot go on should stop there"
)]

mod directories;
mod kdesk;
mod manifest;
=======
    clippy::string_slice,
    reason = "tests"
)]

mod desk;
>>>>>>> desk
mod support;
