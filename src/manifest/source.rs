//! Sources: an address that is one, a file that is there, and a scope that the source can answer.

use std::path::Path;

use super::validate::Findings;
use super::words::shown;
use crate::api::{ContactSyncConnection, FileFormat, FileSource, LdapSource};

/// Checks `spec.source`, and what `spec.scope` asks of it.
pub(super) fn check(found: &mut Findings<'_, ContactSyncConnection>) {
    let source = &found.object.value.spec.source;
    if let Some(ldap) = &source.ldap {
        address(found, ldap);
    }
    let segments = [
        ("scim", source.scim.as_ref().map(|scim| scim.segment_attribute.is_some())),
        ("okta", source.okta.as_ref().map(|okta| okta.segment_attribute.is_some())),
    ];
    for (member, named) in segments {
        let asked = found.object.value.spec.scope.pattern.as_ref().is_some_and(|pattern| pattern.segment.is_some());
        if asked && named == Some(false) {
            let mend = format!("set spec.source.{member}.segmentAttribute to the attribute that it is compared with");
            found.error("spec.scope.pattern.segment", "the source's segments are not known", mend);
        }
    }
    if let Some(file) = &source.file {
        path(found, file);
        csv(found, file);
        scope(found, file);
    }
}

fn address(found: &mut Findings<'_, ContactSyncConnection>, ldap: &LdapSource) {
    let field = "spec.source.ldap.url";
    let mend = "write ldaps://host or ldaps://host:port";
    if !ldap.url.starts_with("ldap") {
        // The schema's rule told it.
        return;
    }
    let Ok(url) = url::Url::parse(&ldap.url) else {
        return found.error(field, format!("{} is no URL", shown(&ldap.url)), mend);
    };
    if !url.username().is_empty() || url.password().is_some() {
        found.error(field, "holds a user or a password", "take it out: the reader is spec.source.ldap.bind");
    } else if url.host_str().unwrap_or_default().is_empty() {
        found.error(field, format!("{} names no host", shown(&ldap.url)), mend);
    } else if !matches!(url.path(), "" | "/") || url.query().is_some() {
        let problem = format!("{} says more than the server", shown(&ldap.url));
        found.error(field, problem, format!("{mend}, and the DN into spec.source.ldap.baseDN"));
    }
}

fn path(found: &mut Findings<'_, ContactSyncConnection>, file: &FileSource) {
    let field = "spec.source.file.path";
    let Some(path) = file.path.as_deref() else { return };
    if Path::new(path).is_absolute() {
        return found.error(
            field,
            format!("{} is an absolute path", shown(path)),
            "write it from the folder of this manifest",
        );
    }
    let at = found.object.at.folder().join(path);
    if !path.contains("..") && !at.is_file() {
        found.warning(
            field,
            format!("there is no file {}", at.display()),
            "check the path, which begins at this manifest's folder (in a cluster: at the operator's file root and the namespace)",
        );
    }
}

fn csv(found: &mut Findings<'_, ContactSyncConnection>, file: &FileSource) {
    let Some(csv) = &file.csv else { return };
    let delimiter = csv.delimiter.as_deref().unwrap_or(",");
    if csv.list_separator.as_deref() == Some(delimiter) {
        let problem = format!("{} also stands between fields", shown(delimiter));
        found.error("spec.source.file.csv.listSeparator", problem, "choose another character, such as | or ;");
    }
}

/// What a scope asks of a file that has no such field.
fn scope(found: &mut Findings<'_, ContactSyncConnection>, file: &FileSource) {
    let scope = &found.object.value.spec.scope;
    let ldif = file.format == FileFormat::Ldif;
    let groups = [
        ("spec.scope.list.groups", scope.list.as_ref().is_some_and(|list| list.groups.is_some())),
        ("spec.scope.exclude.groups", scope.exclude.as_ref().is_some_and(|exclude| exclude.groups.is_some())),
    ];
    for (field, asked) in groups {
        if asked && !ldif && file.groups_field.is_none() {
            let mend = "set spec.source.file.groupsField to the field that lists a person's groups";
            found.error(field, "the file's groups are not known", mend);
        }
    }
    let Some(pattern) = &scope.pattern else { return };
    if pattern.filter.is_some() {
        found.error("spec.scope.pattern.filter", "a file has no filter language", "use match or expression instead");
    }
    if pattern.segment.is_some() && !ldif && file.segment_field.is_none() {
        let mend = "set spec.source.file.segmentField to the field that it is compared with";
        found.error("spec.scope.pattern.segment", "the file's segments are not known", mend);
    }
}
