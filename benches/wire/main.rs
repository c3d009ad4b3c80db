//! How long a sync takes beside the least that the wires allow: `make bench`.
//!
//! Everything runs on one machine, one after the other: OpenLDAP's own client dumps the same attributes, ready-made Bulk
//! bodies are posted to the same workspace, its pages are fetched and thrown away; then contactsync does its work. What
//! counts are the ratios; the times are the machine's.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::cast_precision_loss,
    clippy::format_push_string,
    clippy::disallowed_methods,
    reason = "a measurement: it stops where something is wrong, and prints"
)]

mod child;
mod clouds;
mod desk;
mod growth;
mod ldap;
mod scene;
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::Duration;

use child::Cost;

/// The program that is measured.
const PROGRAM: &str = env!("CARGO_BIN_EXE_contactsync");

#[tokio::main]
async fn main() {
    child::shim();
    // The default of rustls must be chosen before the first client is made.
    drop(rustls::crypto::ring::default_provider().install_default());
    let numbers = |name: &str, or: &str| -> Vec<usize> {
        let value = std::env::var(name).unwrap_or_else(|_| or.to_owned());
        value.split(',').filter(|part| !part.is_empty()).map(|part| part.trim().parse().expect("a number")).collect()
    };
    for people in numbers("BENCH_LDAP", "100000") {
        ldap::measure(people).await;
    }
    for people in numbers("BENCH_CLOUDS", "100000") {
        clouds::measure(people).await;
    }
    growth::measure(&numbers("BENCH_GROWTH", "1000,10000,100000,1000000"));
}

/// What a syncing process may use (bytes): 64 MiB and 200 bytes a person.
fn memory_target(people: usize) -> u64 {
    (64 << 20) + 200 * people as u64
}

fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// A line of the table: time, CPU, memory, and how the memory compares with its target.
fn show(what: &str, people: usize, cost: &Cost) -> String {
    format!(
        "{what:<34} {:>9} {:>9} {:>8.1} MiB ({:.2} of the target)",
        seconds(cost.wall),
        seconds(cost.cpu),
        mebibytes(cost.peak),
        cost.peak as f64 / memory_target(people) as f64
    )
}

/// The middle one of several.
fn median<T: Copy>(mut values: Vec<T>, key: impl Fn(&T) -> Duration) -> T {
    values.sort_by_key(key);
    values[values.len() / 2]
}
