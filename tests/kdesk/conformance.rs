//! A foreign judge: scim2-tester, as published, against the bundled workspace.

use std::process::Command;

use serde::Deserialize;

use super::support::Server;
use crate::support::python::{programs, run, testenv};

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

#[tokio::test]
async fn scim2_tester_finds_nothing_wrong() {
    let server = Server::start().await;
    let mut tester = Command::new(programs().await.join("python"));
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
