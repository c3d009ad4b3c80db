//! Before anything is listed or read: does the manifest mean something, do its names exist, has the desk a place for
//! every field?

use super::Error;
use super::account::Account;
use super::read::Fields;
use crate::api::{ContactSyncConnectionSpec, Mapping};
use crate::contact::Field;
use crate::desk::Desk;
use crate::directory::{self, Directory, GroupQuery, ReadQuery, ResolvedGroup};
use crate::person::Program;
use crate::runlog::Entry;

/// Compiles scope and mapping. All that is wrong is told at once.
pub(super) fn compile(spec: &ContactSyncConnectionSpec) -> Result<Program, Error> {
    Program::compile(spec).map_err(|errors| {
        let mut errors = errors.into_iter();
        let first = errors.next();
        let field = first.as_ref().map(|error| error.field.clone()).unwrap_or_default();
        let mut message = first.map(|error| error.message).unwrap_or_default();
        for error in errors {
            message.push_str("; ");
            message.push_str(&error.to_string());
        }
        Error::Settings { field, message }
    })
}

/// Resolves every group that the manifest names to exactly one (L2, L17), and says what is to be read.
pub(super) async fn query(
    program: &Program,
    spec: &ContactSyncConnectionSpec,
    directory: &dyn Directory,
) -> Result<ReadQuery, Error> {
    let wanted = program.groups();
    let refs: Vec<_> = wanted.iter().map(|wanted| wanted.group.clone()).collect();
    let resolved = directory.resolve_groups(&refs).await.map_err(|error| name_field(error, program))?;
    if resolved.len() != wanted.len() {
        return Err(Error::Internal("the directory resolved another number of groups than were named".to_owned()));
    }
    Ok(read_query(program, spec, resolved))
}

/// What is to be read, once the program's groups are resolved, in its order.
pub(super) fn read_query(
    program: &Program,
    spec: &ContactSyncConnectionSpec,
    resolved: Vec<ResolvedGroup>,
) -> ReadQuery {
    let pattern = spec.scope.pattern.as_ref();
    ReadQuery {
        attributes: program.attributes().clone(),
        groups: resolved
            .into_iter()
            .zip(program.groups())
            .map(|(group, wanted)| GroupQuery { group, membership: wanted.membership })
            .collect(),
        segment: pattern.and_then(|pattern| pattern.segment.clone()),
        filter: pattern.and_then(|pattern| pattern.filter.clone()),
        only_members_of: program.only_members_of(),
    }
}

/// A directory knows the group that is missing, the program the field that names it.
fn name_field(error: directory::Error, program: &Program) -> directory::Error {
    let field_of = |group: &str| {
        let named = |wanted: &&crate::person::GroupWanted| {
            wanted.group.name.as_deref() == Some(group) || wanted.group.id.as_deref() == Some(group)
        };
        program.groups().iter().find(named).map(|wanted| wanted.field.clone())
    };
    match error {
        directory::Error::GroupNotFound { field, group } => {
            directory::Error::GroupNotFound { field: field_of(&group).unwrap_or(field), group }
        }
        directory::Error::GroupAmbiguous { field, group, count } => {
            directory::Error::GroupAmbiguous { field: field_of(&group).unwrap_or(field), group, count }
        }
        other => other,
    }
}

/// The mapped fields that the desk has a place for. A field that somebody wrote down and the desk lacks fails the run; one
/// that only the preset maps is left out, and the log says so.
pub(super) async fn fields(
    program: &Program,
    spec: &ContactSyncConnectionSpec,
    desk: &Desk,
    account: &mut Account<'_>,
) -> Result<Fields, Error> {
    for field in program.fields().iter().filter(|field| desk.lacks(field)) {
        if is_written(&spec.mapping, field) {
            return Err(Error::Settings {
                field: format!("mapping.{field}"),
                message: "the desk's schema has no place for this field: leave it out of the mapping".to_owned(),
            });
        }
        let entry = Entry { event: "noted".into(), reason: Some("FieldNotOnDesk".into()), ..Entry::default() };
        account.note(entry.saying(format!("the desk has no place for {field}, so it is not written"))).await?;
    }
    Ok(Fields::new(program, |field| !desk.lacks(field)))
}

fn is_written(mapping: &Mapping, field: &Field) -> bool {
    let identity = mapping.identity.clone().unwrap_or_default();
    let address = mapping.address.clone().unwrap_or_default();
    let communication = mapping.communication.clone().unwrap_or_default();
    let labelled = |fields: &Option<Vec<crate::api::LabeledField>>, label: &str| {
        fields.iter().flatten().any(|field| field.label == label)
    };
    match field {
        Field::Name => identity.name.is_some(),
        Field::GivenName => identity.given_name.is_some(),
        Field::FamilyName => identity.family_name.is_some(),
        Field::Email => identity.email.is_some(),
        Field::Company => identity.company.is_some(),
        Field::JobTitle => identity.job_title.is_some(),
        Field::Division => identity.division.is_some(),
        Field::Notes => identity.notes.is_some(),
        Field::EmailLabeled(label) => labelled(&communication.emails, label),
        Field::PhoneLabeled(label) => labelled(&communication.phones, label),
        Field::Street => address.street.is_some(),
        Field::City => address.city.is_some(),
        Field::Region => address.region.is_some(),
        Field::PostalCode => address.postal_code.is_some(),
        Field::Country => address.country.is_some(),
        // The preset never maps access.
        Field::PortalAccess | Field::Notification(_) => true,
    }
}
