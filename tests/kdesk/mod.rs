//! The bundled workspace over the real wire.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail as tests do; clippy's own exception is for test functions only"
)]

mod bulk;
mod conformance;
mod listing;
mod protocol;
mod resources;
mod support;
mod tokens;
