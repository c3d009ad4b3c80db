//! One of several controller processes of an office.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::controller::office::{Office, Operator};
use crate::support::eventually::eventually;
use crate::support::house::client;

/// How long the lease of these tests lasts: the shortest that the program takes.
pub(super) const LEASE: Duration = Duration::from_secs(3);

/// For a replica that may not lose its lease only because this machine has much to do.
pub(super) const LONG: [&str; 2] = ["--lease-duration", "15s"];
/// For one that takes no part in the election.
pub(super) const SINGLE: [&str; 2] = ["--leader-elect", "false"];

pub(super) struct Replica(Operator);

impl Replica {
    /// Starts one, at the API server itself.
    pub(super) fn start(office: &Office, identity: &str, more: &[&str]) -> Self {
        Self::at(office, &office.cluster.kubeconfig_of("controller"), identity, more)
    }

    /// Starts one that comes to the API server by this kubeconfig.
    pub(super) fn at(office: &Office, kubeconfig: &Path, identity: &str, more: &[&str]) -> Self {
        let own = ["--watch-namespace", &office.namespace, "--identity", identity, "--release-after", "60s"];
        Self(Operator::at(office, kubeconfig, identity, &[&own, more].concat()))
    }

    /// What it said.
    pub(super) fn said(&self) -> String {
        self.0.said()
    }

    /// Waits until it says this.
    pub(super) async fn says(&self, words: &str) {
        eventually(&format!("a controller says: {words}"), || async {
            let said = self.said();
            if said.contains(words) { Ok(()) } else { Err(said) }
        })
        .await;
    }

    /// Waits until it has asked every workspace whether it is there, which each leader does when it begins.
    pub(super) async fn has_checked(&self) {
        let address = self.0.serves("metrics and probes").await;
        eventually("a leader has checked its workspaces", || async {
            let answer = client().get(format!("http://{address}/metrics")).send().await.map_err(|e| e.to_string())?;
            let text = answer.text().await.map_err(|error| error.to_string())?;
            if text.contains("contactsync_workspace_ready{") { Ok(()) } else { Err(text) }
        })
        .await;
    }

    /// Sends a signal: STOP, CONT, TERM.
    pub(super) fn signal(&self, name: &str) {
        let id = self.0.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &id]).status().unwrap().success());
    }

    /// SIGKILL.
    pub(super) fn kill(&mut self) {
        self.0.child.kill().unwrap();
        self.0.child.wait().unwrap();
    }

    /// Waits for its end, and says how long that took. It ended well.
    pub(super) async fn end(&mut self) -> Duration {
        let begin = Instant::now();
        let status = eventually("a controller ends", || {
            let ended = self.0.child.try_wait().unwrap();
            let said = self.said();
            async move { ended.ok_or(said) }
        })
        .await;
        assert!(status.success(), "{status}: {}", self.said());
        begin.elapsed()
    }
}
