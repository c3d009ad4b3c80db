//! Whether two sources lead to one directory: then an address that comes back under another id is another person's (L9).

use url::Url;

use super::dn;
use crate::api::{LdapSource, Source};

/// Whether two sources read people of one directory, whatever part of it. Said of two that only look so, nothing is
/// handed over by address between them; so in doubt it is said.
pub fn is_same(one: &Source, other: &Source) -> bool {
    match (&one.ldap, &other.ldap, &one.file, &other.file) {
        (Some(one), Some(other), _, _) => same_server(one, other) || same_domain(one, other),
        (_, _, Some(one), Some(other)) => one.path == other.path && one.config_map_ref == other.config_map_ref,
        _ => false,
    }
}

fn same_server(one: &LdapSource, other: &LdapSource) -> bool {
    let host = |source: &LdapSource| Some(Url::parse(&source.url).ok()?.host_str()?.to_lowercase());
    host(one).is_some_and(|found| host(other) == Some(found))
}

/// Servers of one domain hold the same people.
fn same_domain(one: &LdapSource, other: &LdapSource) -> bool {
    let domain = |source: &LdapSource| -> Option<Vec<String>> {
        let name = dn::normalize(&source.base_dn).ok()?;
        let parts: Vec<String> = name.split(',').filter(|part| part.starts_with("dc=")).map(str::to_owned).collect();
        (!parts.is_empty()).then_some(parts)
    };
    domain(one).is_some_and(|found| domain(other) == Some(found))
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
}
