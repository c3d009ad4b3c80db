//! A read that is not whole is an error, never a shorter list (L2).

use contactsync::api::LdapBind;
use contactsync::directory::{Directory as _, Error, Who};
use contactsync::net::Secret;
use contactsync::person::PersonId;
use tokio::sync::mpsc;

use super::ldap::{asking, read};
use crate::support::company::{SUFFIX, company};
use crate::support::ldap_proxy::{LdapProxy, Trouble};
use crate::support::slapd::{Options, Slapd, key};

const READER: &str = "cn=reader,dc=acme,dc=example";

/// A server on which an ordinary reader, who is not above its limits and rules, reads.
fn with_reader(people: usize, config: &str, more: &str) -> Slapd {
    let mut ldif = company(30, people).to_ldif();
    ldif.push_str(&format!("dn: {READER}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: reader\nuserPassword: pw\n\n{more}"));
    Slapd::start(&Options { ldif: &ldif, config, ..Options::default() })
}

fn as_reader(settings: &mut contactsync::directory::ldap::LdapSettings) {
    let secret = contactsync::api::SecretSource { secret_ref: key("a", "b") };
    settings.source.bind = Some(LdapBind { dn: READER.into(), password: secret });
    settings.password = Some(Secret::new("pw"));
    settings.source.page_size = Some(50);
}

fn is_incomplete(error: &Error, hint: &str) {
    assert!(matches!(error, Error::Incomplete { reason, .. } if reason.contains(hint)), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_size_limit_is_not_the_end() {
    let slapd = with_reader(300, "limits dn.exact=\"cn=reader,dc=acme,dc=example\" size=120 size.prtotal=120", "");
    let error = read(&slapd.directory(as_reader), &asking(&["mail"])).await.unwrap_err();
    is_incomplete(&error, "size limit");
    assert_eq!(read(&slapd.directory(|_| {}), &asking(&["mail"])).await.unwrap().len(), 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_server_that_does_not_page_is_not_believed() {
    let slapd = with_reader(100, "limits dn.exact=\"cn=reader,dc=acme,dc=example\" size.prtotal=disabled", "");
    let error = read(&slapd.directory(as_reader), &asking(&["mail"])).await.unwrap_err();
    assert!(!matches!(error, Error::Cancelled), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_reference_to_another_server_is_not_dropped() {
    let referral = format!(
        "dn: ou=APAC,ou=People,{SUFFIX}\nobjectClass: referral\nobjectClass: extensibleObject\nou: APAC\nref: ldap://apac.acme.example/ou=People,dc=apac\n\n"
    );
    let slapd = with_reader(60, "", &referral);
    let directory = slapd.directory(as_reader);
    is_incomplete(&read(&directory, &asking(&[])).await.unwrap_err(), "another server: set source.ldap.baseDN");
    let ids = [PersonId::new(&company(30, 60).people[0].id).unwrap()];
    is_incomplete(&directory.read_again(&asking(&[]), &ids).await.unwrap_err(), "another server");
    // Above the base, the whole answer is a referral (code 10).
    let beyond = slapd.directory(|settings| {
        as_reader(settings);
        settings.source.base_dn = format!("ou=Tokyo,ou=APAC,ou=People,{SUFFIX}");
    });
    is_incomplete(&read(&beyond, &asking(&[])).await.unwrap_err(), "source.ldap.url");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_an_entry_without_its_id_breaks_the_read() {
    let hide = format!(
        "access to dn.subtree=\"ou=People,{SUFFIX}\" filter=(employeeType=Contractor) attrs=entryUUID by * none\naccess to * by * read"
    );
    let slapd = with_reader(100, &hide, "");
    is_incomplete(&read(&slapd.directory(as_reader), &asking(&["mail"])).await.unwrap_err(), "entryUUID");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_one_id_twice_breaks_the_read() {
    let slapd = with_reader(100, "", "");
    let directory = slapd.directory(|settings| {
        as_reader(settings);
        settings.source.id_attribute = Some("departmentNumber".into());
    });
    is_incomplete(&read(&directory, &asking(&[])).await.unwrap_err(), "one id");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_lost_connection_is_not_the_end() {
    let mut slapd = with_reader(600, "", "");
    let directory = slapd.directory(as_reader);
    let (sender, mut receiver) = mpsc::channel(1);
    let query = asking(&["mail"]);
    let reading = directory.read(&query, sender);
    let break_off = async {
        let first = receiver.recv().await.unwrap();
        slapd.kill();
        let mut seen = first.len();
        while let Some(page) = receiver.recv().await {
            seen += page.len();
        }
        seen
    };
    let (whole, seen) = tokio::join!(reading, break_off);
    let error = whole.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(seen < 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_may_not_search_is_told_so() {
    let slapd = with_reader(10, "access to * by anonymous auth by * none", "");
    let error = read(&slapd.directory(as_reader), &asking(&[])).await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. } | Error::Denied { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_ranged_values_of_people_are_read_to_the_star() {
    let slapd = with_reader(60, "", "");
    let proxy = LdapProxy::before(&slapd).await;
    let mut settings = proxy.settings(&slapd);
    settings.source.page_size = Some(25);
    let directory = contactsync::directory::ldap::open(settings).unwrap();
    let query = asking(&["mail", "displayName"]);
    let whole = read(&slapd.directory(as_reader), &query).await.unwrap();
    // The first search looks at the root; three pages follow. Reading on happens between them, on the same connection.
    for page in 1..=3 {
        proxy.expect(page, Trouble::Ranges);
        assert_eq!(read(&directory, &query).await.unwrap(), whole);
        let (searches, met) = proxy.behave();
        assert!(met && searches > 10, "page {page}: {searches}");
    }
    let somebody = Who::Id(whole.keys().next().unwrap().clone());
    let shown = slapd.directory(as_reader).show(&somebody).await.unwrap();
    proxy.expect(1, Trouble::Ranges);
    assert_eq!(directory.show(&somebody).await.unwrap(), shown);
    assert!(proxy.behave().1, "so are those of somebody who is shown");
}
