//! What users.list and groups.list are asked for (developers.google.com/workspace/admin/directory/v1/guides/search-users).

use crate::directory::segment::Segment;
use crate::directory::web::wrong;
use crate::directory::{Error, ReadQuery};

const SEGMENT: &str = "scope.pattern.segment";
const FILTER: &str = "scope.pattern.filter";

/// A value between single quotes, as the pages say to escape it.
pub(super) fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The part of a scope that Google itself decides.
pub(super) struct Narrowing<'a> {
    /// The organizational unit. Google's own clause takes in the units below it; checked again on each person.
    pub(super) segment: Option<Segment>,
    /// The filter as it was written.
    pub(super) filter: Option<&'a str>,
    unit: Option<String>,
}

impl<'a> Narrowing<'a> {
    /// Reads segment and filter. An empty one would take in everybody, which nobody means (L18).
    pub(super) fn of(query: &'a ReadQuery) -> Result<Self, Error> {
        let segment = query.segment.as_deref().map(Segment::path).transpose()?;
        let unit = query.segment.as_deref().map(|path| format!("/{}", path.trim().trim_matches('/')));
        let filter = query.filter.as_deref().map(str::trim);
        if filter.is_some_and(str::is_empty) {
            return Err(wrong(FILTER, "an empty query would take in everybody: leave filter out, or write one"));
        }
        if segment.is_some() && filter.is_some_and(|filter| filter.to_ascii_lowercase().contains("orgunitpath")) {
            return Err(wrong(SEGMENT, "the filter names an orgUnitPath too: name the unit in segment or in filter"));
        }
        Ok(Self { segment, filter, unit })
    }

    /// The query, with one more clause where that is given; `None` asks for everybody.
    pub(super) fn query(&self, more: Option<String>) -> Option<String> {
        let unit = self.unit.as_deref().map(|unit| format!("orgUnitPath={}", quoted(unit)));
        let clauses: Vec<String> = unit.into_iter().chain(self.filter.map(str::to_owned)).chain(more).collect();
        (!clauses.is_empty()).then(|| clauses.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(segment: Option<&str>, filter: Option<&str>) -> Result<Option<String>, Error> {
        let query = ReadQuery {
            segment: segment.map(ToOwned::to_owned),
            filter: filter.map(ToOwned::to_owned),
            ..ReadQuery::default()
        };
        Narrowing::of(&query).map(|narrowing| narrowing.query(None))
    }

    #[test]
    fn clauses_are_joined_and_values_stay_values() {
        assert_eq!(query(None, None).unwrap(), None);
        assert_eq!(query(Some("EMEA/Sales/"), None).unwrap().unwrap(), "orgUnitPath='/EMEA/Sales'");
        let both = query(Some("/O'Brien's"), Some(" isAdmin=true ")).unwrap().unwrap();
        assert_eq!(both, r"orgUnitPath='/O\'Brien\'s' isAdmin=true");
        assert_eq!(quoted(r"a\' name:b"), r"'a\\\' name:b'");
    }

    #[test]
    fn l18_an_empty_segment_or_filter_is_refused() {
        for (segment, filter) in [(Some("/"), None), (Some(" "), None), (None, Some(" "))] {
            assert!(matches!(query(segment, filter), Err(Error::Settings { .. })));
        }
        assert!(matches!(query(Some("/Sales"), Some("orgUnitPath=/")), Err(Error::Settings { .. })));
    }
}
