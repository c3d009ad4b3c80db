//! The attribute tables: core user (RFC 7643 section 4.1), enterprise user (4.3), KDesk's contact, common (3.1).
//!
//! Left out on purpose: `password` (contacts sign in by mail; nothing here may hold one) and `groups` (no Groups).

use super::{Attribute, Kind, Mutability, Returned, Schema};
use crate::scim;

const fn attribute(kind: Kind, name: &'static str, description: &'static str) -> Attribute {
    Attribute {
        name,
        description,
        kind,
        multi: false,
        required: false,
        case_exact: false,
        mutability: Mutability::ReadWrite,
        returned: Returned::Default,
        unique: false,
        canonical: &[],
        reference: &[],
        sub: &[],
        max: 1024,
    }
}

const fn text(name: &'static str, description: &'static str) -> Attribute {
    attribute(Kind::String, name, description)
}

const fn exact(name: &'static str, description: &'static str) -> Attribute {
    Attribute { case_exact: true, ..attribute(Kind::String, name, description) }
}

const fn flag(name: &'static str, description: &'static str) -> Attribute {
    attribute(Kind::Boolean, name, description)
}

const fn link(name: &'static str, description: &'static str, to: &'static [&'static str]) -> Attribute {
    Attribute { case_exact: true, reference: to, max: 8192, ..attribute(Kind::Reference, name, description) }
}

const fn one(name: &'static str, description: &'static str, sub: &'static [Attribute]) -> Attribute {
    Attribute { sub, ..attribute(Kind::Complex, name, description) }
}

const fn many(name: &'static str, description: &'static str, sub: &'static [Attribute]) -> Attribute {
    Attribute { sub, multi: true, ..attribute(Kind::Complex, name, description) }
}

const fn read_only(of: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..of }
}

const fn label(canonical: &'static [&'static str]) -> Attribute {
    Attribute { canonical, ..text("type", "A label indicating the value's function.") }
}

const DISPLAY: Attribute = text("display", "A human-readable name of the value.");
const PRIMARY: Attribute = flag("primary", "Whether this is the preferred value; true appears at most once.");

/// `schemas` (RFC 7643 section 3): derived from what the resource holds.
pub(in crate::kdesk) const SCHEMAS: Attribute = Attribute {
    multi: true,
    returned: Returned::Always,
    mutability: Mutability::ReadOnly,
    ..link("schemas", "URIs of the schemas that the resource uses.", &["uri"])
};

/// `meta` (RFC 7643 section 3.1).
const META: Attribute = read_only(one(
    "meta",
    "What the workspace knows about the resource.",
    &[
        read_only(exact("resourceType", "The name of the resource type.")),
        read_only(attribute(Kind::DateTime, "created", "When the resource was added.")),
        read_only(attribute(Kind::DateTime, "lastModified", "When the resource was last changed.")),
        read_only(link("location", "The resource's own address.", &["uri"])),
        read_only(exact("version", "The resource's version: its entity tag.")),
    ],
));

/// What every resource has, beyond its schemas' attributes.
pub(in crate::kdesk) const COMMON: &[Attribute] = &[
    SCHEMAS,
    Attribute {
        unique: true,
        returned: Returned::Always,
        ..read_only(exact("id", "The workspace's own, immutable identifier."))
    },
    exact("externalId", "The client's identifier of the resource."),
    META,
];

const NAME: &[Attribute] = &[
    text("formatted", "The full name, formatted for display."),
    text("familyName", "The family name."),
    text("givenName", "The given name."),
    text("middleName", "The middle names."),
    text("honorificPrefix", "A title before the name, such as Dr."),
    text("honorificSuffix", "A suffix after the name, such as III."),
];

const ADDRESS: &[Attribute] = &[
    text("formatted", "The full address, formatted for display; it may contain newlines."),
    text("streetAddress", "Street, house number and the like; it may contain newlines."),
    text("locality", "The city or locality."),
    text("region", "The state or region."),
    text("postalCode", "The postal code."),
    text("country", "The country as an ISO 3166-1 alpha-2 code."),
    label(&["work", "home", "other"]),
    PRIMARY,
];

/// The core schema of a user.
pub(in crate::kdesk) const USER: Schema = Schema {
    urn: scim::USER,
    name: "User",
    description: "A contact of the workspace",
    attributes: &[
        Attribute {
            required: true,
            unique: true,
            ..text("userName", "The sign-in key of the contact, unique in the workspace regardless of case.")
        },
        one("name", "The components of the contact's name.", NAME),
        text("displayName", "The name shown to people."),
        text("nickName", "The casual name."),
        link("profileUrl", "The contact's profile page.", &["external"]),
        text("title", "The job title, such as Vice President."),
        text("userType", "The relation to the organization, such as Contractor."),
        text("preferredLanguage", "The preferred languages, in the form of Accept-Language."),
        text("locale", "The default location for formatting, such as en-US."),
        text("timezone", "The time zone in IANA form, such as Europe/Stockholm."),
        flag("active", "Whether the contact is active."),
        many(
            "emails",
            "Email addresses.",
            &[text("value", "The email address."), DISPLAY, label(&["work", "home", "other"]), PRIMARY],
        ),
        many(
            "phoneNumbers",
            "Phone numbers.",
            &[
                text("value", "The phone number."),
                DISPLAY,
                label(&["work", "home", "mobile", "fax", "pager", "other"]),
                PRIMARY,
            ],
        ),
        many(
            "ims",
            "Instant messaging addresses.",
            &[
                text("value", "The address."),
                DISPLAY,
                label(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq"]),
                PRIMARY,
            ],
        ),
        many(
            "photos",
            "Addresses of photos.",
            &[link("value", "Where the photo is.", &["external"]), DISPLAY, label(&["photo", "thumbnail"]), PRIMARY],
        ),
        many("addresses", "Physical mailing addresses.", ADDRESS),
        many("entitlements", "Entitlements.", &[text("value", "The entitlement."), DISPLAY, label(&[]), PRIMARY]),
        many("roles", "Roles.", &[text("value", "The role."), DISPLAY, label(&[]), PRIMARY]),
        many(
            "x509Certificates",
            "Certificates.",
            &[
                Attribute {
                    case_exact: true,
                    max: 65_536,
                    ..attribute(Kind::Binary, "value", "The certificate in DER, as base64.")
                },
                DISPLAY,
                label(&[]),
                PRIMARY,
            ],
        ),
    ],
};

/// The enterprise extension.
pub(in crate::kdesk) const ENTERPRISE: Schema = Schema {
    urn: scim::ENTERPRISE_USER,
    name: "EnterpriseUser",
    description: "What a contact is to an organization",
    attributes: &[
        text("employeeNumber", "The number or code that the organization gave."),
        text("costCenter", "The cost center."),
        text("organization", "The organization: the contact's company."),
        text("division", "The division."),
        text("department", "The department."),
        one(
            "manager",
            "The contact's manager.",
            &[
                exact("value", "The manager's id."),
                link("$ref", "The manager's address.", &["User"]),
                read_only(text("displayName", "The manager's displayName.")),
            ],
        ),
    ],
};

/// KDesk's own extension.
pub(in crate::kdesk) const KDESK: Schema = Schema {
    urn: scim::KDESK_CONTACT,
    name: "Contact",
    description: "What a contact is to the service desk",
    attributes: &[
        Attribute { max: 65_536, ..text("notes", "Notes for the agents; they may contain newlines.") },
        flag("portalAccess", "Whether the contact may sign in to the portal."),
        many(
            "emailNotifications",
            "Which notifications the contact gets by email.",
            &[text("type", "The kind of notification, such as TicketUpdates."), flag("value", "Whether it is sent.")],
        ),
        text("connection", "The connection that keeps the contact, for display."),
    ],
};
