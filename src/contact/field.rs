//! The fields of a contact that a mapping can fill.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One field of a contact. Its order is the order in which people and run logs see fields.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum Field {
    /// `displayName` and `name.formatted`.
    Name,
    /// `name.givenName`.
    GivenName,
    /// `name.familyName`.
    FamilyName,
    /// `userName`, and the primary entry of `emails`: the portal sign-in key.
    Email,
    /// Enterprise `organization`.
    Company,
    /// `title`.
    JobTitle,
    /// Enterprise `division`.
    Division,
    /// KDesk `notes`.
    Notes,
    /// Entries of `emails` whose `type` is this label.
    EmailLabeled(String),
    /// Entries of `phoneNumbers` whose `type` is this label.
    PhoneLabeled(String),
    /// `addresses[type eq "work"].streetAddress`.
    Street,
    /// `addresses[type eq "work"].locality`.
    City,
    /// `addresses[type eq "work"].region`.
    Region,
    /// `addresses[type eq "work"].postalCode`.
    PostalCode,
    /// `addresses[type eq "work"].country`, an ISO 3166-1 alpha-2 code.
    Country,
    /// KDesk `portalAccess`.
    PortalAccess,
    /// KDesk `emailNotifications[type eq …].value`.
    Notification(String),
}

/// What values a field takes, and so which canonical form they are compared in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// One or more email addresses.
    Email,
    /// One or more phone numbers.
    Phone,
    /// A country.
    Country,
    /// True or false.
    Flag,
}

impl Field {
    /// What values it takes.
    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Email | Self::EmailLabeled(_) => FieldKind::Email,
            Self::PhoneLabeled(_) => FieldKind::Phone,
            Self::Country => FieldKind::Country,
            Self::PortalAccess | Self::Notification(_) => FieldKind::Flag,
            Self::Name
            | Self::GivenName
            | Self::FamilyName
            | Self::Company
            | Self::JobTitle
            | Self::Division
            | Self::Notes
            | Self::Street
            | Self::City
            | Self::Region
            | Self::PostalCode => FieldKind::Text,
        }
    }

    /// The path below `spec.mapping` that fills it, such as `identity.email` or `communication.phones[mobile]`.
    pub fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Name => "identity.name",
            Self::GivenName => "identity.givenName",
            Self::FamilyName => "identity.familyName",
            Self::Email => "identity.email",
            Self::Company => "identity.company",
            Self::JobTitle => "identity.jobTitle",
            Self::Division => "identity.division",
            Self::Notes => "identity.notes",
            Self::EmailLabeled(label) => return Cow::Owned(format!("communication.emails[{label}]")),
            Self::PhoneLabeled(label) => return Cow::Owned(format!("communication.phones[{label}]")),
            Self::Street => "address.street",
            Self::City => "address.city",
            Self::Region => "address.region",
            Self::PostalCode => "address.postalCode",
            Self::Country => "address.country",
            Self::PortalAccess => "access.portalAccess",
            Self::Notification(kind) => return Cow::Owned(format!("access.emailNotifications[{kind}]")),
        })
    }

    /// Whether an absent value may empty it: a contact is never left without name or email (L15).
    pub fn clearable(&self) -> bool {
        !matches!(self, Self::Name | Self::Email)
    }
}

/// The path below `spec.mapping` that fills it, as [`Field::name`].
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
