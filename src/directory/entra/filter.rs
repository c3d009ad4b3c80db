//! `scope.pattern.filter`: a `$filter` (learn.microsoft.com/graph/filter-query-parameter). Graph judges it; here only what
//! would change its meaning once it stands beside others.

use super::FILTER;
use crate::directory::web::wrong;
use crate::directory::{Error, ReadQuery};

/// The query's filter.
pub(super) fn of(query: &ReadQuery) -> Result<Option<&str>, Error> {
    let Some(filter) = query.filter.as_deref() else { return Ok(None) };
    if filter.trim().is_empty() {
        return Err(wrong(FILTER, "an empty filter would take in everybody: leave filter out, or write one"));
    }
    if !is_closed(filter) {
        return Err(wrong(
            FILTER,
            "a quote or a parenthesis in it is not closed (within text, a quote is written twice)",
        ));
    }
    Ok(Some(filter))
}

/// Text within a filter.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn is_closed(filter: &str) -> bool {
    let (mut depth, mut quoted) = (0_usize, false);
    for c in filter.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            _ => {}
        }
    }
    depth == 0 && !quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(filter: &str) -> ReadQuery {
        ReadQuery { filter: Some(filter.to_owned()), ..ReadQuery::default() }
    }

    #[test]
    fn accepts_what_keeps_its_meaning_in_parentheses() {
        for filter in ["department eq 'R)&(D'", "startsWith(displayName,'O''Brien')", "not (city eq null)"] {
            assert_eq!(of(&query(filter)).unwrap(), Some(filter));
        }
        assert_eq!(of(&ReadQuery::default()).unwrap(), None);
        assert_eq!(text("O'Brien"), "'O''Brien'");
    }

    #[test]
    fn l18_rejects_filters_that_say_nothing_or_break_out() {
        for filter in ["", "  ", "city eq 'A') or (city ne 'A'", "(city eq 'A'", "city eq 'A"] {
            let error = of(&query(filter)).unwrap_err();
            assert!(matches!(&error, Error::Settings { field, .. } if field == FILTER), "{error}");
        }
    }
}
