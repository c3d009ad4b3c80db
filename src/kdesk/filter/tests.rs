//! What filters mean, and what is refused.

use serde_json::{Map, Value, json};

use super::{matches, parse, parse_path, sort_key};
use crate::kdesk::error::ScimError;
use crate::kdesk::schema::{Path, Prefix};
use crate::scim;

fn document() -> Map<String, Value> {
    let Value::Object(document) = json!({
        "schemas": [scim::USER, scim::ENTERPRISE_USER],
        "id": "0191-a", "externalId": "Default/Support/1",
        "userName": "Bjensen@Example.com", "title": "Tour Guide", "active": true,
        "name": {"familyName": "O'Malley", "givenName": "Bärbel", "honorificPrefix": "ΟΔΟΣΑ"},
        "emails": [
            {"type": "work", "value": "bjensen@example.com", "primary": true},
            {"type": "home", "value": "babs@jensen.org"},
        ],
        scim::ENTERPRISE_USER: {"organization": "Acme", "manager": {"value": "26118915"}},
        scim::KDESK_CONTACT: {"emailNotifications": [{"type": "TicketUpdates", "value": true}]},
        "meta": {"lastModified": "2011-05-13T04:42:34.000Z", "resourceType": "User"},
    }) else {
        unreachable!()
    };
    document
}

fn holds(filter: &str) -> bool {
    matches(&parse(filter).unwrap_or_else(|refused| panic!("{filter}: {refused}")), &document())
}

/// Each line of RFC 7644 figure 2 that applies to users, and what surrounds them.
#[test]
fn accepts_the_whole_grammar() {
    for filter in [
        r#"userName eq "bjensen@example.com""#,
        r#"USERNAME EQ "BJENSEN@example.com""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "B""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "b""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:33Z""#,
        r#"meta.lastModified ge "2011-05-13T06:42:34+02:00""#,
        r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
        r#"meta.lastModified eq "2011-05-13T04:42:34.000000Z""#,
        r#"title pr and userName ew "COM""#,
        r#"title eq "x" or active eq true"#,
        r#"title eq "x" or title pr and active eq true"#,
        r#"active eq true and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userName ne "x" and not (emails co "example.net" or emails.value co "example.net")"#,
        r#"not(title eq "x")"#,
        r#"NOT (title eq "x") AND title pr"#,
        r#"emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "home" and not (primary eq true)]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        "emails[ primary eq true ]",
        r#"emails eq "babs@jensen.org""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization eq "ACME""#,
        r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "26118915""#,
        r#"urn:seraphex:params:scim:schemas:extension:kdesk:2.0:Contact:emailNotifications[type eq "ticketupdates" and value eq true]"#,
        r#"name.givenName eq "b\u00e4rbel""#,
        r#"name.givenName eq "BÄRBEL""#,
        r#"name.honorificPrefix sw "ΟΔΟΣ""#,
        "nickName eq null and title ne null",
        r#"nickName ne "x""#,
        r#"active eq "True""#,
        r#"externalId sw "Default/""#,
        "name pr and not (nickName pr)",
        "( title pr )",
        r#"title gt "tour" and title lt "tours""#,
    ] {
        assert!(holds(filter), "{filter}");
    }
}

#[test]
fn does_not_match_what_differs() {
    for filter in [
        r#"externalId sw "default/""#,
        r#"id eq "0191-A""#,
        r#"emails[type eq "home" and value co "@example.com"]"#,
        r#"emails[type eq "home" and primary eq true]"#,
        r#"shoeSize eq "44""#,
        "shoeSize pr",
        r#"shoe[size eq "4"]"#,
        r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
        "userName eq 5",
        r#"nickName gt "a""#,
        r#"title eq "x" and title pr or active eq false"#,
    ] {
        assert!(!holds(filter), "{filter}");
    }
}

#[test]
fn rejects_what_the_grammar_does_not_have() {
    let deep = format!("{}title pr{}", "(".repeat(50), ")".repeat(50));
    let wide = vec!["title pr"; 1100].join(" or ");
    for filter in [
        "",
        "title",
        "title eq",
        "title eq x",
        r#"title eq "x"#,
        r#"title eq "x" and"#,
        r#"title eq "x" nor title pr"#,
        r#"title eq "x"and title pr"#,
        "(title pr",
        "title pr)",
        r#"emails[type eq "work""#,
        r#"emails[type[value eq "x"]]"#,
        "title is null",
        r#"1title eq "x""#,
        "title. pr",
        "active gt true",
        r#"active co "tr""#,
        r#"active eq "maybe""#,
        r#"meta.lastModified gt "yesterday""#,
        r#"name eq "x""#,
        r#"title eq ["x"]"#,
        "title gt null",
        r#"userName[value eq "x"]"#,
        &deep,
        &wide,
    ] {
        assert!(matches!(parse(filter), Err(ScimError::InvalidFilter(_))), "{filter}");
    }
}

#[test]
fn rejects_paths_that_name_no_target() {
    for path in [
        "",
        "emails[",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"].shoe",
        "userName[type eq \"x\"]",
        "a b",
        "emails[type eq \"work\"].value.x",
    ] {
        assert!(matches!(parse_path(path), Err(ScimError::InvalidPath(_))), "{path}");
    }
    assert!(parse_path(r#"emails[type eq "work" and value ew "x"].value"#).is_ok());
}

/// The crate's parser and ours agree on what is a filter, but for `not(` and `$ref` (see `parse`).
#[test]
fn agrees_with_scim_v2_on_the_rfcs_examples() {
    for filter in [
        r#"userName eq "bjensen""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        "title eq",
        "(title pr",
        r#"title eq "x"and title pr"#,
        "title pr title pr",
    ] {
        assert_eq!(filter.parse::<scim_v2::filter::Filter>().is_ok(), parse(filter).is_ok(), "{filter}");
    }
    let unspaced = "not(title pr)";
    assert!(parse(unspaced).is_ok(), "RFC 7644 figure 1");
    assert!(unspaced.parse::<scim_v2::filter::Filter>().is_err(), "mended upstream? Then use it here");
}

#[test]
fn sorts_by_primary_value_without_case_and_puts_none_last() {
    let key = |written: &str| match Path::resolve(written) {
        Prefix::Attribute(path) => sort_key(&path, &document()),
        other => panic!("{other:?}"),
    };
    assert_eq!(key("userName"), b"\x01bjensen@example.com");
    assert_eq!(key("emails.value"), b"\x01bjensen@example.com");
    assert_eq!(key("emails"), b"\x01bjensen@example.com");
    assert_eq!(key("externalId"), b"\x01Default/Support/1");
    assert_eq!(key("nickName"), [0xFF]);
}
