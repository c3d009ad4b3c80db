//! The fields of a contact that a mapping can fill.

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

    /// Whether an absent value may empty it: a contact is never left without name or email (L15).
    pub fn clearable(&self) -> bool {
        !matches!(self, Self::Name | Self::Email)
    }
}

/// The path below `spec.mapping` that fills it, such as `identity.email` or `communication.phones[mobile]`.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("identity.name"),
            Self::GivenName => f.write_str("identity.givenName"),
            Self::FamilyName => f.write_str("identity.familyName"),
            Self::Email => f.write_str("identity.email"),
            Self::Company => f.write_str("identity.company"),
            Self::JobTitle => f.write_str("identity.jobTitle"),
            Self::Division => f.write_str("identity.division"),
            Self::Notes => f.write_str("identity.notes"),
            Self::EmailLabeled(label) => write!(f, "communication.emails[{label}]"),
            Self::PhoneLabeled(label) => write!(f, "communication.phones[{label}]"),
            Self::Street => f.write_str("address.street"),
            Self::City => f.write_str("address.city"),
            Self::Region => f.write_str("address.region"),
            Self::PostalCode => f.write_str("address.postalCode"),
            Self::Country => f.write_str("address.country"),
            Self::PortalAccess => f.write_str("access.portalAccess"),
            Self::Notification(kind) => write!(f, "access.emailNotifications[{kind}]"),
        }
    }
}
