//! Runs programs and says what each cost. A program is started by a small copy of this one, so that what the kernel
//! counts for its children is that program's alone.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// What a program cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    pub wall: Duration,
    /// User and system time of all its threads.
    pub cpu: Duration,
    /// Peak resident memory, in bytes.
    pub peak: u64,
}

/// The first argument by which this program knows that it is the small copy.
const SHIM: &str = "--run-and-measure";

/// Runs a program to its end; its output comes as text.
pub fn measure(program: &OsStr, arguments: &[&OsStr], envs: &[(&str, &OsStr)]) -> (Cost, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(SHIM).arg(program).args(arguments).envs(envs.iter().copied());
    let done = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().unwrap();
    let stdout = String::from_utf8_lossy(&done.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{} failed: {stdout}{stderr}", program.display());
    let line = stderr.lines().last().unwrap_or_default();
    let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
    let [wall, cpu, peak] = numbers[..] else { panic!("no measurement in {stderr}") };
    (Cost { wall: Duration::from_micros(wall), cpu: Duration::from_micros(cpu), peak: peak * 1024 }, stdout)
}

/// Where this is the small copy: runs the program, prints its cost as the last line of stderr, and ends.
pub fn shim() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != SHIM) {
        return;
    }
    let begin = Instant::now();
    let status = Command::new(arguments.next().unwrap()).args(arguments).status().unwrap();
    let wall = begin.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    let cpu = micros(usage.user_time()) + micros(usage.system_time());
    eprintln!("\n{} {cpu} {}", wall.as_micros(), usage.max_rss());
    std::process::exit(i32::from(!status.success()));
}
