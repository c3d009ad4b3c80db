//! The Standard preset: which attributes a source usually has for each field (LAWS.md's table).
//!
//! It never maps notes (`info` and `description` hold remarks of HR), home phones or addresses, aliases, second
//! addresses, portal access or notifications: those are written out by somebody who means it.

use crate::api::{FileFormat, LdapFlavor, Source, SourceType};
use crate::contact::Field;

/// A field and what fills it.
pub type Row = (Field, Fill);

/// What fills a field.
#[derive(Clone, Copy, Debug)]
pub enum Fill {
    /// The first of these attributes that a person has.
    First(&'static [&'static str]),
    /// An expression, where no attribute holds the value as it is.
    Expression(&'static str),
}

/// What the Standard preset maps for a source.
pub fn table(source: &Source) -> Vec<Row> {
    let rows = match source.type_ {
        SourceType::Ldap => match source.ldap.as_ref().and_then(|ldap| ldap.flavor).unwrap_or_default() {
            LdapFlavor::OpenLdap => inet_org_person(),
            LdapFlavor::ActiveDirectory => active_directory(),
        },
        SourceType::Entra => entra(),
        SourceType::Google => google(),
        SourceType::Scim => scim(),
        SourceType::Okta => return okta(),
        SourceType::File => match source.file.as_ref().map(|file| file.format) {
            Some(FileFormat::Ldif) => inet_org_person(),
            // None: refused where it is opened.
            Some(FileFormat::Csv | FileFormat::Jsonl) | None => records(),
        },
    };
    rows.into_iter().map(|(field, attributes)| (field, Fill::First(attributes))).collect()
}

/// Fields and the attributes of which the first that a person has fills them.
type Attributes = Vec<(Field, &'static [&'static str])>;

/// RFC 2798 and RFC 4519.
fn inet_org_person() -> Attributes {
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
fn active_directory() -> Attributes {
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

/// The user resource of Microsoft Graph v1.0. Never the UPN: it need not be an address that mail reaches.
fn entra() -> Attributes {
    vec![
        (Field::Name, &["displayName"]),
        (Field::GivenName, &["givenName"]),
        (Field::FamilyName, &["surname"]),
        (Field::Email, &["mail"]),
        (Field::Company, &["companyName"]),
        (Field::JobTitle, &["jobTitle"]),
        (Field::Division, &["employeeOrgData.division", "department"]),
        (work_email(), &["mail"]),
        (work_phone(), &["businessPhones"]),
        (mobile_phone(), &["mobilePhone"]),
        (Field::Street, &["streetAddress"]),
        (Field::City, &["city"]),
        (Field::Region, &["state"]),
        (Field::PostalCode, &["postalCode"]),
        (Field::Country, &["country"]),
    ]
}

/// The user resource of the Admin SDK Directory API.
fn google() -> Attributes {
    vec![
        (Field::Name, &["name.fullName"]),
        (Field::GivenName, &["name.givenName"]),
        (Field::FamilyName, &["name.familyName"]),
        (Field::Email, &["primaryEmail"]),
        (Field::Company, &["organizations[primary].name"]),
        (Field::JobTitle, &["organizations[primary].title"]),
        (Field::Division, &["organizations[primary].department"]),
        (work_email(), &["primaryEmail"]),
        (work_phone(), &["phones[work]"]),
        (mobile_phone(), &["phones[mobile]", "phones[work_mobile]"]),
        (Field::Street, &["addresses[work].streetAddress", "addresses[work].formatted"]),
        (Field::City, &["addresses[work].locality"]),
        (Field::Region, &["addresses[work].region"]),
        (Field::PostalCode, &["addresses[work].postalCode"]),
        (Field::Country, &["addresses[work].countryCode", "addresses[work].country"]),
    ]
}

/// RFC 7643 sections 4.1 and 4.3.
fn scim() -> Attributes {
    vec![
        (Field::Name, &["displayName", "name.formatted"]),
        (Field::GivenName, &["name.givenName"]),
        (Field::FamilyName, &["name.familyName"]),
        (Field::Email, &["emails[primary]", "emails[work]"]),
        (Field::Company, &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization"]),
        (Field::JobTitle, &["title"]),
        (
            Field::Division,
            &[
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:division",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            ],
        ),
        (work_email(), &["emails[work]"]),
        (work_phone(), &["phoneNumbers[work]"]),
        (mobile_phone(), &["phoneNumbers[mobile]"]),
        (Field::Street, &["addresses[work].streetAddress"]),
        (Field::City, &["addresses[work].locality"]),
        (Field::Region, &["addresses[work].region"]),
        (Field::PostalCode, &["addresses[work].postalCode"]),
        (Field::Country, &["addresses[work].country"]),
    ]
}

/// The default user profile of Okta. Most people there have no displayName.
fn okta() -> Vec<Row> {
    let name = "has(person.displayName) ? person.displayName \
                : has(person.firstName) && has(person.lastName) ? person.firstName + ' ' + person.lastName \
                : has(person.firstName) ? person.firstName : person.lastName";
    let attributes: Attributes = vec![
        (Field::GivenName, &["firstName"]),
        (Field::FamilyName, &["lastName"]),
        (Field::Email, &["email"]),
        (Field::Company, &["organization"]),
        (Field::JobTitle, &["title"]),
        (Field::Division, &["division", "department"]),
        (work_email(), &["email"]),
        (work_phone(), &["primaryPhone"]),
        (mobile_phone(), &["mobilePhone"]),
        (Field::Street, &["streetAddress"]),
        (Field::City, &["city"]),
        (Field::Region, &["state"]),
        (Field::PostalCode, &["zipCode"]),
        (Field::Country, &["countryCode"]),
    ];
    let rows = attributes.into_iter().map(|(field, attributes)| (field, Fill::First(attributes)));
    [(Field::Name, Fill::Expression(name))].into_iter().chain(rows).collect()
}

/// CSV and JSON Lines: the names that exports of directories and of HR systems use.
fn records() -> Attributes {
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
