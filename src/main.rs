//! The door: arguments, then a command; here alone the process ends.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let command = contactsync::cli::Cli::parse();
    contactsync::cli::run(command)
}
