//! The schemas this workspace speaks, as data: one table drives validation, filters, PATCH, projection and `/Schemas`.
//! It knows no document and no request.

mod json;
mod path;
mod user;

pub(super) use json::{resource_types, schemas};
pub(super) use path::{Path, Prefix};
pub(super) use user::{COMMON, ENTERPRISE, KDESK, SCHEMAS, USER};

/// An attribute's data type (RFC 7643 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    String,
    Boolean,
    DateTime,
    Reference,
    Binary,
    Complex,
}

/// Who may change it (RFC 7643 section 7, `mutability`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mutability {
    ReadOnly,
    ReadWrite,
}

/// When it is shown (RFC 7643 section 7, `returned`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Returned {
    Always,
    Default,
}

/// One attribute's definition (RFC 7643 section 7).
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "the characteristics that RFC 7643 section 7 lists")]
pub(super) struct Attribute {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) kind: Kind,
    pub(super) multi: bool,
    pub(super) required: bool,
    pub(super) case_exact: bool,
    pub(super) mutability: Mutability,
    pub(super) returned: Returned,
    /// `server` rather than `none`.
    pub(super) unique: bool,
    pub(super) canonical: &'static [&'static str],
    pub(super) reference: &'static [&'static str],
    pub(super) sub: &'static [Attribute],
    /// Longest accepted text, in characters.
    pub(super) max: usize,
}

impl Attribute {
    pub(super) fn is_complex(&self) -> bool {
        self.kind == Kind::Complex
    }

    pub(super) fn read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }

    /// A sub-attribute by name; names are not case-sensitive (RFC 7643 section 2.1).
    pub(super) fn child(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub, name)
    }
}

/// A schema: its URN and its attributes.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) urn: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) attributes: &'static [Attribute],
}

/// The extensions of a user.
pub(super) const EXTENSIONS: [&Schema; 2] = [&ENTERPRISE, &KDESK];

pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A top-level attribute of the core schema or one that every resource has (RFC 7643 section 3.1).
pub(super) fn core(name: &str) -> Option<&'static Attribute> {
    find(USER.attributes, name).or_else(|| find(COMMON, name))
}

/// An extension by its URN.
pub(super) fn extension(urn: &str) -> Option<&'static Schema> {
    EXTENSIONS.into_iter().find(|schema| schema.urn.eq_ignore_ascii_case(urn))
}
