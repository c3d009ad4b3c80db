//! How long a read of 20,000 takes, beside OpenLDAP's own client on the same server. A measurement, not a promise.

use std::process::Stdio;
use std::time::Instant;

use super::ldap::{asking, groups, read};
use crate::support::company::{ALL_HANDS, SUFFIX, company};
use crate::support::slapd::Slapd;

const ATTRIBUTES: [&str; 10] =
    ["displayName", "mail", "title", "ou", "telephoneNumber", "mobile", "street", "l", "postalCode", "employeeType"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement: cargo test --test it ldap_speed -- --ignored --nocapture"]
async fn reading_twenty_thousand() {
    let slapd = Slapd::with(&company(40, 20_000).to_ldif());
    let directory = slapd.directory(|_| {});
    let mut query = asking(&ATTRIBUTES);
    for round in 1..=3 {
        let start = Instant::now();
        let mut client = slapd.client("ldapsearch");
        client
            .args(["-LLL", "-E", "pr=1000/noprompt", "-b", SUFFIX, "(objectClass=inetOrgPerson)", "entryUUID"])
            .args(ATTRIBUTES);
        assert!(client.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
        let theirs = start.elapsed();
        let start = Instant::now();
        assert_eq!(read(&directory, &query).await.unwrap().len(), 20_000);
        println!("round {round}: ldapsearch {theirs:.2?}, ours {:.2?}", start.elapsed());
    }
    query.groups = groups(&directory, &[ALL_HANDS]).await;
    let start = Instant::now();
    assert_eq!(read(&directory, &query).await.unwrap().values().filter(|one| one.groups.contains(0)).count(), 5000);
    println!("with a group of 5,000: {:.2?}", start.elapsed());
}
