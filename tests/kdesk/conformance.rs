//! A foreign judge: scim2-tester, as published, against the bundled workspace.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::Deserialize;

use super::support::Server;

/// A finding that stands because the RFC says so, not the tester.
struct Allowed {
    title: &'static str,
    /// The reason must begin so: nothing else passes under this entry.
    about: &'static str,
    why: &'static str,
}

const ALLOWED: &[Allowed] = &[Allowed {
    title: "check_add_attribute",
    about: "PATCH modify() returned unexpected value for \
            'urn:seraphex:params:scim:schemas:extension:kdesk:2.0:Contact:emailNotifications'",
    why: "The tester first adds the whole extension, one notification within, and then another notification, and \
          expects only the second. RFC 7644 section 3.5.2.1: if the target is a multi-valued attribute, a new value is \
          added to it.",
}];

/// The tester makes this many checks today; fewer would mean that it gave up early.
const LEAST_CHECKS: usize = 100;

#[derive(Debug, Deserialize)]
struct Finding {
    status: String,
    title: String,
    resource: String,
    reason: String,
}

impl Allowed {
    fn fits(&self, finding: &Finding) -> bool {
        finding.title == self.title && finding.reason.starts_with(self.about)
    }
}

fn testenv() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testenv")
}

/// Runs a program beside the server that it talks to.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.stderr(Stdio::inherit()).output()).await.unwrap().unwrap()
}

/// The Python environment, made at first use; `CONTACTSYNC_TESTENV` keeps it outside of the clone.
async fn python() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "tests are told where their cache is by the environment")]
    let cache = std::env::var("CONTACTSYNC_TESTENV")
        .map_or_else(|_unset| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/testenv"), PathBuf::from);
    let mut script = Command::new(testenv().join("python.sh"));
    script.arg(cache);
    let made = run(script).await;
    assert!(made.status.success(), "testenv/python.sh failed");
    PathBuf::from(String::from_utf8(made.stdout).unwrap().trim()).join("bin/python")
}

#[tokio::test]
async fn scim2_tester_finds_nothing_wrong() {
    let server = Server::start().await;
    let mut tester = Command::new(python().await);
    tester.arg(testenv().join("scim_tester.py")).args([&server.base, &server.token]);
    let judged = run(tester).await;
    assert!(judged.status.success(), "the tester itself failed");
    let findings: Vec<Finding> = serde_json::from_slice(&judged.stdout).unwrap();
    assert!(findings.len() >= LEAST_CHECKS, "only {} checks were made: {findings:#?}", findings.len());
    for allowed in ALLOWED {
        assert!(findings.iter().any(|finding| allowed.fits(finding)), "needless now: {}", allowed.why);
    }
    let failures: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.status != "SUCCESS")
        .filter(|finding| !ALLOWED.iter().any(|allowed| allowed.fits(finding)))
        .collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(findings.iter().any(|finding| finding.resource == "User" && finding.title == "object_creation"));
}
