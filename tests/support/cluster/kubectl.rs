//! kubectl of the server's own version, as a user runs it.

use std::io::Write as _;
use std::process::{Output, Stdio};

use super::Cluster;
use super::access::ADMIN;

/// What a command answered.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Its output; it went well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }
}

impl Cluster {
    /// Runs kubectl as the administrator.
    pub async fn kubectl(&self, arguments: &[&str]) -> Said {
        self.kubectl_as(ADMIN, arguments, "").await
    }

    /// Runs kubectl as a user, with this to read from its standard input (`-f -`).
    pub async fn kubectl_as(&self, user: &str, arguments: &[&str], input: &str) -> Said {
        let mut command = self.programs.command("kubectl");
        command
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig_of(user))
            // What it remembers, and what a developer has set for kubectl, is not of this cluster.
            .env("HOME", self.folder())
            .env("KUBECACHEDIR", self.folder().join("kubectl"))
            .env("KUBERC", "off")
            .env_remove("KUBECTL_EXTERNAL_DIFF")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let input = input.to_owned();
        let answered = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            // It need not read what it is given: its exit code tells.
            drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
            child.wait_with_output().unwrap()
        });
        let Output { status, stdout, stderr } = answered.await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }
}
