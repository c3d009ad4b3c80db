//! The door: arguments, then a command; here alone the process ends.

use std::process::ExitCode;

use clap::Parser;

/// A run makes and drops many small values: the system's allocator would take two fifths of its time, musl's more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = contactsync::cli::Cli::parse();
    contactsync::cli::run(command)
}
