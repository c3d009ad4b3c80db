//! The Python environment of foreign servers and testers, made at first use.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The folder of this repository that says what is in it.
pub fn testenv() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testenv")
}

/// Runs a program beside the server that it talks to.
pub async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.stderr(Stdio::inherit()).output()).await.unwrap().unwrap()
}

/// Where its programs lie; `CONTACTSYNC_TESTENV` keeps it outside of the clone.
pub async fn programs() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests are told where their cache is by the environment")]
    let cache = std::env::var("CONTACTSYNC_TESTENV")
        .map_or_else(|_unset| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/testenv"), PathBuf::from);
    let mut script = Command::new(testenv().join("python.sh"));
    script.arg(cache);
    let made = run(script).await;
    assert!(made.status.success(), "testenv/python.sh failed");
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim()).join("bin")
}
