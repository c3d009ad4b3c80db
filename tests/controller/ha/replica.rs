//! One of several controller processes of an office.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::controller::office::Office;
use crate::support::eventually::eventually;
use crate::support::processes::program;

/// How long the lease of these tests lasts: the shortest that the program takes.
pub(super) const LEASE: Duration = Duration::from_secs(3);

/// For a replica that may not lose its lease only because this machine has much to do.
pub(super) const LONG: [&str; 2] = ["--lease-duration", "15s"];
/// For one that takes no part in the election.
pub(super) const SINGLE: [&str; 2] = ["--leader-elect", "false"];

pub(super) struct Replica {
    child: Child,
    log: PathBuf,
}

impl Replica {
    /// Starts one, at the API server itself.
    pub(super) fn start(office: &Office, identity: &str, more: &[&str]) -> Self {
        Self::at(office, &office.cluster.kubeconfig_of("controller"), identity, more)
    }

    /// Starts one that comes to the API server by this kubeconfig.
    pub(super) fn at(office: &Office, kubeconfig: &Path, identity: &str, more: &[&str]) -> Self {
        let number = std::fs::read_dir(office.house.folder()).unwrap().count();
        let log = office.house.folder().join(format!("{identity}-{number}.log"));
        let child = program()
            .args(["controller", "--watch-namespace", &office.namespace, "--lease-namespace", &office.namespace])
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--log-dir")
            .arg(office.house.runs())
            .arg("--file-root")
            .arg(office.house.folder())
            .args(["--identity", identity, "--release-after", "60s", "--log-format", "text"])
            .args(["--http-address", "127.0.0.1:0", "--admin-address", "127.0.0.1:0"])
            .args(if more.contains(&"--lease-duration") { &[][..] } else { &["--lease-duration", "3s"][..] })
            .args(more)
            .env("CONTACTSYNC_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// What it said.
    pub(super) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it says this.
    pub(super) async fn says(&self, words: &str) {
        eventually(&format!("a controller says: {words}"), || async {
            let said = self.said();
            if said.contains(words) { Ok(()) } else { Err(said) }
        })
        .await;
    }

    /// Sends a signal: STOP, CONT, TERM.
    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, and says how long that took. It ended well.
    pub(super) async fn end(&mut self) -> Duration {
        let begin = Instant::now();
        let status = eventually("a controller ends", || {
            let ended = self.child.try_wait().unwrap();
            let said = self.said();
            async move { ended.ok_or(said) }
        })
        .await;
        assert!(status.success(), "{status}: {}", self.said());
        begin.elapsed()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            println!("{}\n{}", self.log.display(), self.said());
        }
    }
}
