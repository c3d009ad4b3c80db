//! Whether two sources lead to one directory: then an address that comes back under another id is another person's (L9).

use std::collections::BTreeSet;

use url::Url;

use super::dn;
use crate::api::{FileSource, LdapSource, Source};

/// Whether two sources read people of one directory, whatever part of it. Said of two that only look so, nothing is
/// handed over by address between them; so in doubt it is said.
pub fn is_same(one: &Source, other: &Source) -> bool {
    !identities(one).is_disjoint(&identities(other))
}

/// What a directory is known by. Two sources that share one of these read the same directory.
pub fn identities(source: &Source) -> BTreeSet<String> {
    let Source { type_: _, ldap, entra, google, scim, okta, file } = source;
    let of_ldap = ldap.iter().flat_map(|ldap| [server(ldap), domain(ldap)]);
    let of_entra = entra.iter().map(|entra| Some(format!("tenant {}", entra.tenant_id.to_lowercase())));
    // A customer has several names, and my_customer is everybody's: in doubt it is one.
    let of_google = google.iter().map(|_| Some("google".to_owned()));
    let of_scim = scim.iter().map(|scim| host("scim", &scim.endpoint));
    let of_okta = okta.iter().map(|okta| host("okta", &okta.org_url));
    let of_file = file.iter().map(|file| Some(content(file)));
    of_ldap.chain(of_entra).chain(of_google).chain(of_scim).chain(of_okta).chain(of_file).flatten().collect()
}

fn host(kind: &str, url: &str) -> Option<String> {
    Some(format!("{kind} {}", Url::parse(url).ok()?.host_str()?.to_lowercase()))
}

fn server(source: &LdapSource) -> Option<String> {
    host("server", &source.url)
}

/// Servers of one domain hold the same people.
fn domain(source: &LdapSource) -> Option<String> {
    let name = dn::normalize(&source.base_dn).ok()?;
    let parts: Vec<&str> = name.split(',').filter(|part| part.starts_with("dc=")).collect();
    (!parts.is_empty()).then(|| format!("domain {}", parts.join(",")))
}

fn content(source: &FileSource) -> String {
    match (&source.path, &source.config_map_ref) {
        (Some(path), _) => format!("file {path}"),
        (None, Some(key)) => format!("config map {}/{}", key.name, key.key),
        (None, None) => "file".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn source(value: Value) -> Source {
        serde_json::from_value(value).unwrap()
    }

    fn ldap(url: &str, base: &str) -> Source {
        source(json!({"type": "LDAP", "ldap": {"url": url, "baseDN": base}}))
    }

    fn file(path: &str) -> Source {
        source(json!({"type": "File", "file": {"path": path, "format": "CSV", "idField": "id"}}))
    }

    #[test]
    fn l09_one_directory_is_known_by_its_server_its_domain_or_its_file() {
        let dc1 = ldap("ldaps://dc1.acme.example", "OU=Sales,DC=acme,DC=example");
        assert!(is_same(&dc1, &ldap("ldap://DC1.acme.example:389", "ou=Support,o=other")));
        assert!(is_same(&dc1, &ldap("ldaps://dc2.acme.example", "ou=Support,dc=Acme,dc=example")));
        assert!(!is_same(&dc1, &ldap("ldaps://ldap.other.example", "dc=other,dc=example")));
        assert!(!is_same(&ldap("ldaps://a.example", "o=acme"), &ldap("ldaps://b.example", "o=acme")));
        assert!(is_same(&file("people.csv"), &file("people.csv")));
        assert!(!is_same(&file("people.csv"), &file("others.csv")));
        assert!(!is_same(&dc1, &file("people.csv")));
    }

    #[test]
    fn l09_one_directory_in_a_cloud_is_known_by_its_tenant_or_its_host() {
        let entra = |tenant: &str, client: &str| {
            source(
                json!({"type": "Entra", "entra": {"tenantID": tenant, "clientID": client, "auth": {"type": "ClientSecret"}}}),
            )
        };
        assert!(is_same(&entra("ABC", "one"), &entra("abc", "other")));
        assert!(!is_same(&entra("abc", "one"), &entra("abd", "one")));
        let google = |customer: Option<&str>| {
            source(json!({"type": "Google", "google": {"customer": customer, "auth": {"type": "ServiceAccountKey"}}}))
        };
        assert!(is_same(&google(None), &google(Some("C0123"))));
        let okta = |url: &str| source(json!({"type": "Okta", "okta": {"orgURL": url, "auth": {"type": "APIToken"}}}));
        assert!(is_same(&okta("https://acme.okta.com"), &okta("https://ACME.okta.com/")));
        assert!(!is_same(&okta("https://acme.okta.com"), &okta("https://other.okta.com")));
    }
}
