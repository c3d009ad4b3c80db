//! The manifest's four field groups as one list of entries of one shape.

use crate::api::{Access, Address, Communication, FlagField, Identity, LabeledField, Mapping, NotificationField};
use crate::api::{TextField, WhenAbsent};
use crate::contact::Field;

/// A value written out in a manifest.
#[derive(Clone, Copy)]
pub(super) enum Fixed<'a> {
    Text(&'a str),
    Flag(bool),
}

/// What a manifest says of one field.
pub(super) struct Spec<'a> {
    pub(super) field: Field,
    pub(super) from: Option<&'a str>,
    pub(super) value: Option<Fixed<'a>>,
    pub(super) expression: Option<&'a str>,
    pub(super) default: Option<Fixed<'a>>,
    pub(super) when_absent: Option<WhenAbsent>,
    pub(super) each: bool,
}

/// Every field that a mapping writes out.
pub(super) fn written_out(mapping: &Mapping) -> Vec<Spec<'_>> {
    let mut specs = Vec::new();
    if let Some(Identity { name, given_name, family_name, email, company, job_title, division, notes }) =
        &mapping.identity
    {
        let fields = [
            (Field::Name, name),
            (Field::GivenName, given_name),
            (Field::FamilyName, family_name),
            (Field::Email, email),
            (Field::Company, company),
            (Field::JobTitle, job_title),
            (Field::Division, division),
            (Field::Notes, notes),
        ];
        specs.extend(fields.into_iter().filter_map(|(field, spec)| Some(text(field, spec.as_ref()?))));
    }
    if let Some(Communication { emails, phones }) = &mapping.communication {
        let emails = emails.iter().flatten().map(|entry| labeled(Field::EmailLabeled(entry.label.clone()), entry));
        let phones = phones.iter().flatten().map(|entry| labeled(Field::PhoneLabeled(entry.label.clone()), entry));
        specs.extend(emails.chain(phones));
    }
    if let Some(Address { street, city, region, postal_code, country }) = &mapping.address {
        let fields = [
            (Field::Street, street),
            (Field::City, city),
            (Field::Region, region),
            (Field::PostalCode, postal_code),
            (Field::Country, country),
        ];
        specs.extend(fields.into_iter().filter_map(|(field, spec)| Some(text(field, spec.as_ref()?))));
    }
    if let Some(Access { portal_access, email_notifications }) = &mapping.access {
        specs.extend(portal_access.iter().map(|spec| flag(Field::PortalAccess, spec)));
        specs.extend(email_notifications.iter().flatten().map(notification));
    }
    specs
}

fn text(field: Field, spec: &TextField) -> Spec<'_> {
    let TextField { from, value, expression, default, when_absent } = spec;
    Spec {
        field,
        from: from.as_deref(),
        value: value.as_deref().map(Fixed::Text),
        expression: expression.as_deref(),
        default: default.as_deref().map(Fixed::Text),
        when_absent: *when_absent,
        each: false,
    }
}

fn labeled(field: Field, spec: &LabeledField) -> Spec<'_> {
    let LabeledField { label: _, from, value, expression, default, each, when_absent } = spec;
    Spec {
        field,
        from: from.as_deref(),
        value: value.as_deref().map(Fixed::Text),
        expression: expression.as_deref(),
        default: default.as_deref().map(Fixed::Text),
        when_absent: *when_absent,
        each: each.unwrap_or_default(),
    }
}

fn flag(field: Field, spec: &FlagField) -> Spec<'_> {
    let FlagField { from, value, expression, default, when_absent } = spec;
    Spec {
        field,
        from: from.as_deref(),
        value: value.map(Fixed::Flag),
        expression: expression.as_deref(),
        default: default.map(Fixed::Flag),
        when_absent: *when_absent,
        each: false,
    }
}

fn notification(spec: &NotificationField) -> Spec<'_> {
    let NotificationField { type_, from, value, expression, default, when_absent } = spec;
    Spec {
        field: Field::Notification(type_.clone()),
        from: from.as_deref(),
        value: value.map(Fixed::Flag),
        expression: expression.as_deref(),
        default: default.map(Fixed::Flag),
        when_absent: *when_absent,
        each: false,
    }
}
