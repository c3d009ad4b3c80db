//! The Standard preset: which attributes a source usually has for each field (LAWS.md's table).
//!
//! It never maps notes (`info` and `description` hold remarks of HR), home phones or addresses, aliases, second
//! addresses, portal access or notifications: those are written out by somebody who means it.

use crate::api::{FileFormat, LdapFlavor, Source, SourceType};
use crate::contact::Field;

/// A field and the attributes that fill it: the first that a person has.
pub type Row = (Field, &'static [&'static str]);

/// What the Standard preset maps for a source.
pub fn table(source: &Source) -> Vec<Row> {
    match (source.type_, &source.ldap, &source.file) {
        (SourceType::Ldap, Some(ldap), _) => match ldap.flavor.unwrap_or_default() {
            LdapFlavor::OpenLdap => inet_org_person(),
            LdapFlavor::ActiveDirectory => active_directory(),
        },
        (SourceType::File, _, Some(file)) => match file.format {
            FileFormat::Ldif => inet_org_person(),
            FileFormat::Csv | FileFormat::Jsonl => records(),
        },
        // A source without the member that its type names: refused where it is opened.
        (SourceType::Ldap, None, _) => inet_org_person(),
        (SourceType::File, _, None) => records(),
    }
}

/// RFC 2798 and RFC 4519.
fn inet_org_person() -> Vec<Row> {
    vec![
        (Field::Name, &["displayName", "cn"]),
        (Field::GivenName, &["givenName"]),
        (Field::FamilyName, &["sn"]),
        (Field::Email, &["mail"]),
        (Field::Company, &["o"]),
        (Field::JobTitle, &["title"]),
        (Field::Division, &["ou", "departmentNumber"]),
        (work_email(), &["mail"]),
        (work_phone(), &["telephoneNumber"]),
        (mobile_phone(), &["mobile"]),
        (Field::Street, &["street"]),
        (Field::City, &["l"]),
        (Field::Region, &["st"]),
        (Field::PostalCode, &["postalCode"]),
        (Field::Country, &["c", "co"]),
    ]
}

/// Active Directory's schema.
fn active_directory() -> Vec<Row> {
    vec![
        (Field::Name, &["displayName", "cn"]),
        (Field::GivenName, &["givenName"]),
        (Field::FamilyName, &["sn"]),
        (Field::Email, &["mail"]),
        (Field::Company, &["company"]),
        (Field::JobTitle, &["title"]),
        (Field::Division, &["division", "department"]),
        (work_email(), &["mail"]),
        (work_phone(), &["telephoneNumber"]),
        (mobile_phone(), &["mobile"]),
        (Field::Street, &["streetAddress"]),
        (Field::City, &["l"]),
        (Field::Region, &["st"]),
        (Field::PostalCode, &["postalCode"]),
        (Field::Country, &["c", "co"]),
    ]
}

/// CSV and JSON Lines: the names that exports of directories and of HR systems use.
fn records() -> Vec<Row> {
    vec![
        (Field::Name, &["displayName", "name", "cn"]),
        (Field::GivenName, &["givenName", "firstName"]),
        (Field::FamilyName, &["sn", "familyName", "lastName"]),
        (Field::Email, &["mail", "email"]),
        (Field::Company, &["company", "o", "organization"]),
        (Field::JobTitle, &["title", "jobTitle"]),
        (Field::Division, &["division", "department", "ou", "departmentNumber"]),
        (work_email(), &["mail", "email"]),
        (work_phone(), &["telephoneNumber", "workPhone", "phone"]),
        (mobile_phone(), &["mobile", "mobilePhone"]),
        (Field::Street, &["streetAddress", "street"]),
        (Field::City, &["l", "city", "locality"]),
        (Field::Region, &["st", "region", "state"]),
        (Field::PostalCode, &["postalCode", "zipCode", "zip"]),
        (Field::Country, &["c", "co", "country"]),
    ]
}

fn work_email() -> Field {
    Field::EmailLabeled("work".to_owned())
}

fn work_phone() -> Field {
    Field::PhoneLabeled("work".to_owned())
}

fn mobile_phone() -> Field {
    Field::PhoneLabeled("mobile".to_owned())
}
