//! Replicas that die, sleep, stop or lose their API server. Whatever happens, at most one of them writes to the desk, and
//! the contacts, the requests and the history end as they should.
//!
//! Scenes mostly wait: each test plays some of them at once, each in a namespace of its own.
#![allow(clippy::print_stdout, reason = "figures, and a seed, for whoever runs it with --nocapture or sees it fail")]

mod both;
mod faults;
mod job_faults;
mod jobs;
mod kills;
mod leases;
mod replica;
mod restart;
mod shards;
mod shutdown;
mod stage;
mod yard;
