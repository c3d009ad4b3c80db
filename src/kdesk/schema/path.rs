//! Attribute paths: from what a client wrote (`emails.type`, `urn:…:User:organization`) to the definition it names.

use super::{Attribute, Kind, Schema, USER, core, extension, find};

/// A resolved attribute path (RFC 7644 section 3.10).
#[derive(Debug, Clone, Copy)]
pub(in crate::kdesk) struct Path {
    /// The extension that holds the attribute; `None` for the resource itself.
    pub(in crate::kdesk) extension: Option<&'static str>,
    pub(in crate::kdesk) attribute: &'static Attribute,
    pub(in crate::kdesk) sub: Option<&'static Attribute>,
}

/// What a written path names.
#[derive(Debug, Clone, Copy)]
pub(in crate::kdesk) enum Prefix {
    Attribute(Path),
    /// A whole extension, named by its URN.
    Extension(&'static Schema),
    /// Nothing that any schema here defines.
    Unknown,
}

impl Path {
    /// Resolves a written path.
    pub(in crate::kdesk) fn resolve(written: &str) -> Prefix {
        if let Some(schema) = extension(written) {
            return Prefix::Extension(schema);
        }
        match written.rsplit_once(':') {
            None => Self::within(None, written),
            // A URN's own version has a dot, so `urn:…:2.0:User:name.familyName` splits at its last colon only.
            Some((urn, rest)) if urn.eq_ignore_ascii_case(USER.urn) => Self::within(None, rest),
            Some((urn, rest)) => extension(urn).map_or(Prefix::Unknown, |schema| Self::within(Some(schema), rest)),
        }
    }

    /// A path relative to a complex attribute, as between the brackets of a value path.
    pub(in crate::kdesk) fn relative(parent: &'static Attribute, written: &str) -> Option<Self> {
        parent.child(written).map(|attribute| Self { extension: None, attribute, sub: None })
    }

    fn within(schema: Option<&'static Schema>, written: &str) -> Prefix {
        let (name, sub) = written.split_once('.').map_or((written, None), |(name, sub)| (name, Some(sub)));
        let found = match schema {
            None => core(name),
            Some(schema) => find(schema.attributes, name),
        };
        let Some(attribute) = found else { return Prefix::Unknown };
        let extension = schema.map(|schema| schema.urn);
        match sub {
            None => Prefix::Attribute(Self { extension, attribute, sub: None }),
            Some(sub) => match attribute.child(sub) {
                Some(sub) => Prefix::Attribute(Self { extension, attribute, sub: Some(sub) }),
                None => Prefix::Unknown,
            },
        }
    }

    /// The definition that a comparison is about: of a complex attribute its `value` (RFC 7643 section 2.4).
    pub(in crate::kdesk) fn compared(&self) -> Option<&'static Attribute> {
        let last = self.sub.unwrap_or(self.attribute);
        if last.kind == Kind::Complex { last.child("value") } else { Some(last) }
    }

    /// Whether it names the given attribute of the core schema.
    pub(in crate::kdesk) fn is_core(&self, name: &str, sub: Option<&str>) -> bool {
        self.extension.is_none() && self.attribute.name == name && self.sub.map(|sub| sub.name) == sub
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scim;

    fn named(written: &str) -> Option<String> {
        match Path::resolve(written) {
            Prefix::Attribute(path) => Some(format!(
                "{}/{}/{}",
                path.extension.map_or("", |_| "ext"),
                path.attribute.name,
                path.sub.map_or("", |sub| sub.name)
            )),
            Prefix::Extension(schema) => Some(schema.name.to_owned()),
            Prefix::Unknown => None,
        }
    }

    #[test]
    fn accepts_plain_dotted_and_urn_paths_in_any_case() {
        assert_eq!(named("USERNAME").as_deref(), Some("/userName/"));
        assert_eq!(named("name.familyname").as_deref(), Some("/name/familyName"));
        assert_eq!(named(&format!("{}:name.givenName", scim::USER)).as_deref(), Some("/name/givenName"));
        assert_eq!(named(&format!("{}:manager.value", scim::ENTERPRISE_USER)).as_deref(), Some("ext/manager/value"));
        assert_eq!(named(&scim::KDESK_CONTACT.to_uppercase()).as_deref(), Some("Contact"));
        assert_eq!(named("meta.lastModified").as_deref(), Some("/meta/lastModified"));
    }

    #[test]
    fn rejects_what_no_schema_defines() {
        for unknown in ["shoeSize", "name.shoe", "urn:example:1.0:Thing:userName", "organization", "name.given.x"] {
            assert_eq!(named(unknown), None, "{unknown}");
        }
    }
}
