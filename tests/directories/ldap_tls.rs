//! Nothing in clear, nobody unverified: TLS, `StartTLS` and the bind.

use contactsync::directory::ldap::{LdapSettings, open};
use contactsync::directory::{Directory, Error};
use contactsync::net::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::ldap::{asking, read};
use crate::support::company::company;
use crate::support::slapd::{Options, PASSWORD, Slapd, certificates};

async fn fails(slapd: &Slapd, change: impl FnOnce(&mut LdapSettings)) -> Error {
    let directory = slapd.directory(change);
    let error = directory.resolve_groups(&[]).await.unwrap_err();
    assert!(!error.to_string().contains(PASSWORD));
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_over_tls_and_over_start_tls() {
    let slapd = Slapd::with(&company(20, 30).to_ldif());
    for url in [slapd.ldaps(), slapd.ldap()] {
        let directory = slapd.directory(|settings| settings.source.url = url);
        assert_eq!(read(&directory, &asking(&["mail"])).await.unwrap().len(), 30);
    }
    let anonymous = slapd.directory(|settings| settings.source.bind = None);
    assert_eq!(read(&anonymous, &asking(&[])).await.unwrap().len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_server_that_it_cannot_verify() {
    let slapd = Slapd::with(&company(21, 1).to_ldif());
    let other = certificates(tempfile::tempdir().unwrap().path(), "127.0.0.1");
    for url in [slapd.ldaps(), slapd.ldap()] {
        let error = fails(&slapd, |settings| {
            settings.source.url = url.clone();
            settings.ca = Some(other.clone());
        });
        let error = error.await;
        assert!(
            matches!(&error, Error::Unavailable { reason, .. } if reason.contains("source.ldap.tls.ca")),
            "{error}"
        );
        // The right authority, but the certificate is for 127.0.0.1.
        let error = fails(&slapd, |settings| settings.source.url = url.replace("127.0.0.1", "localhost")).await;
        assert!(matches!(&error, Error::Unavailable { reason, .. } if reason.contains("TLS fails")), "{error}");
    }
    let error = open(LdapSettings { ca: Some(b"no certificate".to_vec()), ..slapd.settings() }).err().unwrap();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.ldap.tls.ca"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_denied() {
    let slapd = Slapd::with(&company(22, 1).to_ldif());
    let error = fails(&slapd, |settings| settings.password = Some(Secret::new("wrong"))).await;
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    // A name without password would be an anonymous bind that looks like success.
    for password in [None, Some(Secret::new(""))] {
        let error = open(LdapSettings { password, ..slapd.settings() }).err().unwrap();
        assert!(matches!(&error, Error::Settings { field, .. } if field == "source.ldap.bind.password"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_not_spoken_to() {
    let slapd = Slapd::start(&Options { ldif: &company(23, 1).to_ldif(), plain: true, ..Options::default() });
    let error = fails(&slapd, |settings| settings.source.url = slapd.ldap()).await;
    assert!(matches!(&error, Error::Unavailable { reason, .. } if reason.contains("StartTLS")), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_never_travels_in_clear() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 1024];
        let first = stream.read(&mut heard).await.unwrap();
        // ExtendedResponse, protocolError: no StartTLS here.
        stream.write_all(&[0x30, 12, 2, 1, 1, 0x78, 7, 10, 1, 2, 4, 0, 4, 0]).await.unwrap();
        heard.truncate(first);
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let slapd = Slapd::with(&company(24, 0).to_ldif());
    let error = fails(&slapd, |settings| settings.source.url = url).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    let heard = peer.await.unwrap();
    assert!(String::from_utf8_lossy(&heard).contains("1.3.6.1.4.1.1466.20037"), "StartTLS was asked for");
    assert!(!heard.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_from_before_tls_are_not_believed() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let first = stream.read(&mut vec![0; 1024]).await.unwrap();
        assert!(first > 0);
        // StartTLS succeeds, and with it comes, in clear, what looks like the answer to the bind.
        let success = |id, tag| [0x30, 12, 2, 1, id, tag, 7, 10, 1, 0, 4, 0, 4, 0];
        stream.write_all(&[success(1, 0x78), success(2, 0x61)].concat()).await.unwrap();
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    });
    let slapd = Slapd::with(&company(26, 0).to_ldif());
    let error = fails(&slapd, |settings| settings.source.url = url).await;
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(peer.await.unwrap().is_empty(), "nothing more was said");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_cannot_be_are_refused_by_name() {
    let slapd = Slapd::with(&company(25, 0).to_ldif());
    let refused = |field: &str, change: &dyn Fn(&mut LdapSettings)| {
        let mut settings = slapd.settings();
        change(&mut settings);
        let error = open(settings).err().unwrap_or_else(|| panic!("{field} was accepted"));
        assert!(matches!(&error, Error::Settings { field: named, .. } if named == field), "{error}");
    };
    for url in ["http://a", "ldap://", "ldaps://u:p@a", "ldaps://a/dc=b", "ldaps://[::1]", "a"] {
        refused("source.ldap.url", &|settings| settings.source.url = url.into());
    }
    refused("source.ldap.baseDN", &|settings| settings.source.base_dn = "acme".into());
    refused("source.ldap.personFilter", &|settings| settings.source.person_filter = Some("(a=b".into()));
    refused("source.ldap.idAttribute", &|settings| settings.source.id_attribute = Some("a=b)(c".into()));
    let directory = slapd.directory(|settings| settings.source.base_dn = "ou=Nowhere,dc=acme,dc=example".into());
    let error = read(&directory, &asking(&[])).await.unwrap_err();
    assert!(matches!(&error, Error::Settings { field, .. } if field == "source.ldap.baseDN"), "{error}");
    let flavored =
        slapd.directory(|settings| settings.source.flavor = Some(contactsync::api::LdapFlavor::ActiveDirectory));
    let error = flavored.resolve_groups(&[]).await.unwrap_err();
    assert!(
        matches!(&error, Error::Settings { field, reason } if field == "source.ldap.flavor" && reason.contains("OpenLDAP")),
        "{error}"
    );
}
