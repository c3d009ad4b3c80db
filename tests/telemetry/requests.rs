//! Requests by the code of their answer.

use axum::http::Method;
use contactsync::desk::{Desk, Settings, Tuning};
use contactsync::directory::Directory as _;
use contactsync::directory::ldap::open;
use contactsync::net::{Budget, Credentials, RetryPolicy, Secret};
use std::time::Duration;

use super::*;
use crate::support::misbehaving_desk::{Fault, MisbehavingDesk, Profile};
use crate::support::slapd::Slapd;

fn settings(desk: &MisbehavingDesk) -> Settings {
    Settings {
        endpoint: desk.url.clone(),
        auth: Credentials::BearerToken(Secret::new("token")),
        ca: None,
        requests_per_second: 1000,
        concurrency: 4,
        timeout: Duration::from_secs(20),
    }
}

async fn connect(desk: &MisbehavingDesk, metrics: &Metrics) {
    let retry = RetryPolicy {
        total: Duration::from_secs(3),
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        ..RetryPolicy::default()
    };
    let budget = Budget::new(1000, 4).watched(metrics.desk_requests());
    Desk::connect_with(settings(desk), budget, Tuning { retry, ..Tuning::default() }).await.unwrap();
}

pub(super) async fn one_desk_request(metrics: &Metrics) {
    connect(&MisbehavingDesk::start(Profile::default()).await, metrics).await;
}

fn count(registry: &Registry, side: &str, code: &str) -> Option<f64> {
    value(registry, &format!("contactsync_requests_total{{side=\"{side}\",code=\"{code}\"}}"))
}

#[tokio::test]
async fn every_request_to_a_desk_counts_retries_included() {
    let (registry, metrics) = counted();
    let desk = MisbehavingDesk::start(Profile::default()).await;
    connect(&desk, &metrics).await;
    let plain = count(&registry, "desk", "200").unwrap();
    for fault in [Fault::status(503), Fault::status(429), Fault::CutBefore] {
        desk.once(Method::GET, "/ServiceProviderConfig", fault);
    }
    connect(&desk, &metrics).await;
    desk.assert_met();
    let codes = ["503", "429", "none"].map(|code| count(&registry, "desk", code));
    assert_eq!(codes, [Some(1.0), Some(1.0), Some(1.0)]);
    assert_eq!(count(&registry, "desk", "200"), Some(2.0 * plain));
}

#[test]
fn a_code_that_no_standard_knows_makes_no_series_of_its_own() {
    let (registry, metrics) = counted();
    // Reached through the wires only: a server that answers any number at all.
    let (desk, directory) = (metrics.desk_requests(), metrics.directory_requests());
    for code in [600, 742, 999] {
        desk.tell(Some(code));
    }
    for code in 124..1000 {
        directory.tell(Some(code));
    }
    assert_eq!(count(&registry, "desk", "other"), Some(3.0));
    assert_eq!(count(&registry, "directory", "other"), Some(876.0));
    assert_eq!(text(&registry).matches("contactsync_requests_total{").count(), 2);
}

#[tokio::test]
async fn operations_on_a_directory_count_by_result_code() {
    let (registry, metrics) = counted();
    let slapd = Slapd::with("");
    let watched = |change: &dyn Fn(&mut contactsync::directory::ldap::LdapSettings)| {
        let mut settings = slapd.settings();
        change(&mut settings);
        open(settings).unwrap().watched(metrics.directory_requests())
    };
    watched(&|_| ()).resolve_groups(&[]).await.unwrap();
    // The bind, and the look at the root entry.
    assert_eq!(count(&registry, "directory", "0"), Some(2.0));
    let wrong = watched(&|settings| settings.password = Some(Secret::new("wrong")));
    wrong.resolve_groups(&[]).await.unwrap_err();
    assert_eq!(count(&registry, "directory", "49"), Some(1.0));
    let nobody = watched(&|settings| settings.source.url = "ldaps://localhost:1".to_owned());
    nobody.resolve_groups(&[]).await.unwrap_err();
    assert_eq!(count(&registry, "directory", "none"), Some(1.0));
    assert_eq!(count(&registry, "directory", "0"), Some(2.0));
}
