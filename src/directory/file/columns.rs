//! Which column of a table a field of the manifest means.

use std::sync::Arc;

use crate::api::FileSource;
use crate::directory::{Error, ReadQuery};

/// The columns that one read needs, by their place.
pub(super) struct Columns {
    /// Of the id.
    pub(super) id: usize,
    /// Of the groups.
    pub(super) groups: Option<usize>,
    /// Of the location.
    pub(super) segment: Option<usize>,
    /// That tells of disabled accounts.
    pub(super) disabled: Option<usize>,
    /// Of the attributes asked for that have one, under the spelling asked for.
    pub(super) asked: Vec<(Arc<str>, usize)>,
}

impl Columns {
    /// Finds the columns. A field of `source.file` that names none is refused; an attribute that has none is absent, for
    /// presets list alternatives.
    pub(super) fn new(header: &[&str], source: &FileSource, query: &ReadQuery) -> Result<Self, Error> {
        let named = |field: &str, name: &str| {
            find(header, name).ok_or_else(|| Error::Settings {
                field: format!("source.file.{field}"),
                reason: format!("the file has no column {name:?}{}", suggest(name, header.iter().copied())),
            })
        };
        let option = |field: &str, name: Option<&str>| name.map(|name| named(field, name)).transpose();
        Ok(Self {
            id: named("idField", &source.id_field)?,
            groups: option("groupsField", source.groups_field.as_deref())?,
            segment: option("segmentField", source.segment_field.as_deref())?,
            disabled: option(
                "disabledWhen.attribute",
                source.disabled_when.as_ref().map(|when| when.attribute.as_str()),
            )?,
            asked: query
                .attributes
                .iter()
                .filter_map(|name| Some((Arc::from(name.as_str()), find(header, name)?)))
                .collect(),
        })
    }
}

/// A column by its name as written, else without regard to case.
fn find(header: &[&str], name: &str) -> Option<usize> {
    header.iter().position(|column| *column == name).or_else(|| {
        let name = name.to_lowercase();
        header.iter().position(|column| column.to_lowercase() == name)
    })
}

/// The name nearest to one that was not found, as the end of a message. Only what looks like a name is told: in a file
/// without a header, somebody's record stands in its place (L20).
pub(super) fn suggest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> String {
    let wanted = wanted.to_lowercase();
    let nearest = names
        .filter(|name| {
            name.len() <= 64 && name.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-' | '.' | ' '))
        })
        .map(|name| (strsim::normalized_damerau_levenshtein(&wanted, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    match nearest {
        Some((_, name)) => format!(": did you mean {name:?}?"),
        None => ": check the spelling, and that the file has what it needs".to_owned(),
    }
}
