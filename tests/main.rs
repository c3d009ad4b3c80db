//! One test binary: a module for each part of the house.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod manifest;
