//! The door: arguments, then a command; here alone the process ends.

use std::process::ExitCode;

use clap::Parser;

/// A run makes and drops many small values: the system's allocator would take two fifths of its time, musl's more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = contactsync::cli::Cli::parse();
    if command.runs_for_long() {
        give_memory_back();
    }
    contactsync::cli::run(command)
}

/// A controller rests most of the time: what a run needed goes back to the system at once, and a thousand connections at
/// rest weigh half. The allocator reads this before `main`, so the program starts itself once more, as the same process.
fn give_memory_back() {
    const PURGE: &str = "MIMALLOC_PURGE_DELAY";
    if std::env::var_os(PURGE).is_none()
        && let Ok(program) = std::env::current_exe()
    {
        use std::os::unix::process::CommandExt as _;
        // It comes back only where it failed: then more memory is used, and all is as well.
        drop(std::process::Command::new(program).args(std::env::args_os().skip(1)).env(PURGE, "0").exec());
    }
}
