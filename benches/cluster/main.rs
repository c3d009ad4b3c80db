//! How many connections one controller carries: `make bench-cluster`.
//!
//! A real API server, one workspace, and as many Enabled connections as asked for, each with a file of a few people: how
//! long it takes from a cold start until all are in step, what the controller costs while nothing is to do, and how long
//! as many scheduled no-op runs take that are all due in the same second.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::unchecked_time_subtraction,
    reason = "a measurement: it stops where something is wrong, and prints"
)]

mod office;
mod operator;
mod requests;
#[allow(dead_code, unused_imports, reason = "tests use more of it")]
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::{Duration, Instant};

use contactsync::api::{RunResult, RunTrigger};
use jiff::{SignedDuration, Timestamp};

use office::Office;
use operator::Operator;
use requests::Requests;

/// The program that is measured.
const PROGRAM: &str = env!("CARGO_BIN_EXE_contactsync");
/// How long the controller is watched while nothing is to do.
const IDLE: Duration = Duration::from_secs(20);
/// People of each connection.
const PEOPLE: usize = 10;

#[tokio::main]
async fn main() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let sizes = std::env::var("BENCH_CONNECTIONS").unwrap_or_else(|_| "100,1000".to_owned());
    println!("{PEOPLE} people each; one workspace; controller and workspace on the same machine as the API server\n");
    println!(
        "{:>11} {:>12} {:>10} {:>10} | {:>9} {:>10} {:>9} | {:>12} {:>10} {:>10} {:>8}",
        "connections",
        "first, all",
        "requests",
        "peak",
        "idle",
        "CPU",
        "requests",
        "no-op, all",
        "CPU",
        "requests",
        "peak"
    );
    for size in sizes.split(',').filter(|part| !part.is_empty()) {
        measure(size.trim().parse().expect("a number")).await;
    }
}

async fn measure(connections: usize) {
    let office = Office::open().await;
    // Later than everybody is in step.
    let lead = SignedDuration::from_secs(60 + i64::try_from(connections).unwrap() / 15);
    let tick = next_minute(Timestamp::now() + lead);
    office.connections(connections, PEOPLE, tick).await;
    let mut requests = Requests::of(&office.cluster).await;
    let begin = Instant::now();
    let operator = Operator::start(&office);
    office.until(connections, RunTrigger::Change, RunResult::Succeeded).await;
    let first = begin.elapsed();
    let asked = requests.since().await;
    let peak = operator.peak();
    // What the last runs left behind comes to rest.
    tokio::time::sleep(Duration::from_secs(3)).await;
    requests.since().await;
    let cpu = operator.cpu();
    tokio::time::sleep(IDLE).await;
    let (idle, idle_cpu, idle_requests) = (operator.resident(), operator.cpu() - cpu, requests.since().await);
    let left = tick.duration_since(Timestamp::now());
    assert!(!left.is_negative(), "the runs were due before everybody was in step: raise the lead");
    tokio::time::sleep(Duration::try_from(left).unwrap()).await;
    requests.since().await;
    let (begin, cpu) = (Instant::now(), operator.cpu());
    office.until(connections, RunTrigger::Schedule, RunResult::Succeeded).await;
    let (again, again_cpu, again_requests) = (begin.elapsed(), operator.cpu() - cpu, requests.since().await);
    println!(
        "{connections:>11} {:>10.1} s {:>10} {:>6.1} MiB | {:>5.1} MiB {:>8.2} s {:>9} | {:>10.1} s {:>8.1} s {:>10} {:>4.1} MiB",
        first.as_secs_f64(),
        asked,
        peak,
        idle,
        idle_cpu.as_secs_f64(),
        idle_requests,
        again.as_secs_f64(),
        again_cpu.as_secs_f64(),
        again_requests,
        operator.peak(),
    );
}

fn next_minute(time: Timestamp) -> Timestamp {
    Timestamp::from_second((time.as_second() / 60 + 1) * 60).unwrap()
}
