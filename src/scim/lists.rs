//! How a server lists resources, as it says in its `ServiceProviderConfig` (RFC 7643 section 5, RFC 9865 section 4).

use super::json::{self, Object};

/// What is said of listing; what is not said is not known.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Lists {
    /// Whether it filters.
    pub(crate) filter: Option<bool>,
    /// The most resources that one answer holds.
    pub(crate) most: Option<usize>,
    /// Whether it pages by cursor.
    pub(crate) cursor: bool,
}

impl Lists {
    /// Reads the configuration. `maxResults` bounds every answer in practice, filtered or not.
    pub(crate) fn read(config: &Object) -> Self {
        let section = |name| json::object(config, name);
        let number = |section: Option<&Object>, name| json::number(section?, name).filter(|most| *most > 0);
        let bounds = [number(section("filter"), "maxResults"), number(section("pagination"), "maxPageSize")];
        Self {
            filter: section("filter").and_then(|section| json::flag(section, "supported")),
            most: bounds.into_iter().flatten().min(),
            cursor: section("pagination").and_then(|section| json::flag(section, "cursor")).unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_smaller_bound_counts_and_silence_is_no_answer() {
        let read = |config: serde_json::Value| Lists::read(config.as_object().unwrap());
        let both = read(json!({"filter": {"supported": true, "maxResults": "500"},
            "pagination": {"cursor": "true", "maxPageSize": 100}}));
        assert_eq!(both, Lists { filter: Some(true), most: Some(100), cursor: true });
        assert_eq!(read(json!({"filter": {"supported": false, "maxResults": 0}})).filter, Some(false));
        assert_eq!(read(json!({})), Lists::default());
    }
}
