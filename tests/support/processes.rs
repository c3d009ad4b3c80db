//! The program as real processes: the bundled workspace and runs of connections, ended with SIGKILL wherever a test wants.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// The program: as built with these tests, or the one that `CONTACTSYNC_PROGRAM` names (a release build).
pub fn program() -> Command {
    #[expect(clippy::disallowed_methods, reason = "which program is tested is for whoever runs the tests to say")]
    let named = std::env::var("CONTACTSYNC_PROGRAM").ok().filter(|path| !path.is_empty());
    let mut command = Command::new(named.unwrap_or_else(|| env!("CARGO_BIN_EXE_contactsync").to_owned()));
    for name in [
        "CONTACTSYNC_LOG_DIR",
        "CONTACTSYNC_LOG_STORE",
        "CONTACTSYNC_SECRETS_DIR",
        "CONTACTSYNC_CLUSTER_NAME",
        "CONTACTSYNC_IDENTITY_TOKEN_FILE",
        "CONTACTSYNC_LOG",
    ] {
        command.env_remove(name);
    }
    command
}

/// A workspace that is being served by a process of its own, to whoever connects.
pub struct Served {
    child: Child,
    // Kept open, so that the process may write there.
    _messages: BufReader<std::process::ChildStderr>,
    pub database: PathBuf,
    pub port: u16,
}

impl Served {
    /// On a free port.
    pub fn start(database: &Path) -> Self {
        Self::on(database, 0)
    }

    fn on(database: &Path, port: u16) -> Self {
        let mut child = program()
            .args(["kdesk", "--no-auth", "--listen", &format!("127.0.0.1:{port}"), "--db"])
            .arg(database)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut messages = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        messages.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_suffix("/scim/v2").and_then(|text| text.rsplit_once(':'));
        let Some(port) = address.and_then(|(_, port)| port.parse().ok()) else {
            panic!("the workspace says {line:?}");
        };
        Self { child, _messages: messages, database: database.to_owned(), port }
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}/scim/v2", self.port)
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again what was killed: same port, same database.
    pub fn again(&mut self) {
        *self = Self::on(&self.database, self.port);
    }

    /// SIGTERM, and waits for the end.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A folder that a run is started in: manifests, the file with the people, the run records.
#[derive(Clone, Debug)]
pub struct Place(pub PathBuf);

impl Place {
    pub fn records(&self) -> PathBuf {
        self.0.join("runs")
    }

    /// Starts a run of these connections (none: all of them).
    pub fn start(&self, connections: &[&str]) -> Running {
        let mut command = program();
        command.args(["sync", "-f", "manifests", "--log-dir", "runs", "-o", "json"]);
        for connection in connections {
            command.args(["--connection", connection]);
        }
        command.current_dir(&self.0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    /// Runs to the end.
    pub async fn run(&self, connections: &[&str]) -> Ended {
        self.start(connections).end().await
    }
}

/// A run that is going on.
pub struct Running(Child);

impl Running {
    /// SIGKILL; whether it was still running.
    pub fn kill(mut self) -> bool {
        let ended = self.0.try_wait().unwrap();
        self.0.kill().unwrap();
        self.0.wait().unwrap();
        ended.is_none()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().unwrap()
    }

    /// Waits for the end.
    pub async fn end(self) -> Ended {
        let output = tokio::task::spawn_blocking(move || self.0.wait_with_output().unwrap()).await.unwrap();
        Ended(output)
    }
}

/// What a run said at its end.
#[derive(Debug)]
pub struct Ended(Output);

impl Ended {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    pub fn said(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        format!("{}\n{}", text(&self.0.stdout), text(&self.0.stderr))
    }
}
