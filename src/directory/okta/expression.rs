//! Okta's expressions: `filter`, which asks the directory itself and knows few properties, and `search`, which asks an index
//! of all of them that follows the directory with a lag (developer.okta.com/docs/reference/user-query).

use crate::directory::{Error, web};

/// Everybody of the base scope, as a `filter`: it takes no operator but `eq`. People who are deactivated come only when
/// they are asked for.
pub(super) const EVERYBODY: &str = "status eq \"PROVISIONED\" or status eq \"ACTIVE\" or status eq \"RECOVERY\" or \
    status eq \"PASSWORD_EXPIRED\" or status eq \"LOCKED_OUT\" or status eq \"SUSPENDED\" or status eq \"DEPROVISIONED\"";

/// The same as a `search`, which knows no `ne`.
const NOT_STAGED: &str = "(status lt \"STAGED\" or status gt \"STAGED\")";

/// The `search` for those of the base scope whom the scope's own expression takes in.
pub(super) fn narrowed(expression: &str) -> String {
    format!("{NOT_STAGED} and ({expression})")
}

/// Those with these ids.
pub(super) fn any_of<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    let each: Vec<String> = ids.into_iter().map(|id| format!("id eq {}", quoted(id))).collect();
    each.join(" or ")
}

/// A text as expressions hold it.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The scope's own expression, which must stay whole within the brackets that are put around it (L18).
pub(super) fn checked(expression: &str) -> Result<&str, Error> {
    let settings = |reason: &str| web::wrong(super::FILTER, reason);
    let expression = expression.trim();
    if expression.is_empty() {
        return Err(settings("an empty expression would take in everybody: leave filter out, or write one"));
    }
    let (mut depth, mut within) = (0_usize, false);
    let mut characters = expression.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => within = !within,
            '\\' if within => drop(characters.next()),
            '(' if !within => depth += 1,
            ')' if !within => {
                depth = depth.checked_sub(1).ok_or_else(|| settings("a bracket is closed that was never opened"))?;
            }
            _ => {}
        }
    }
    match (within, depth) {
        (true, _) => Err(settings("a text is not closed: put \" around it, and \\\" for a quote within")),
        (false, 0) => Ok(expression),
        (false, _) => Err(settings("a bracket is never closed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_end_the_quotes_around_them() {
        assert_eq!(quoted(r#"Sales "North" \"#), r#""Sales \"North\" \\""#);
        assert_eq!(any_of(["00u1", "00u2"]), r#"id eq "00u1" or id eq "00u2""#);
    }

    #[test]
    fn l18_an_expression_takes_in_what_it_says_and_no_more() {
        for good in [
            r#"profile.department eq "Sales""#,
            r#" (status eq "ACTIVE") and (profile.city eq "Lund (S)") "#,
            r#"profile.title eq "a \" ) b""#,
        ] {
            assert_eq!(checked(good).unwrap(), good.trim());
        }
        for bad in [
            "",
            "  ",
            r#"id eq "1") or (status pr"#,
            r#"(id eq "1""#,
            r#"id eq "1"#,
            r#"id eq "1\""#,
            ")(",
            "a)) or ((b",
        ] {
            let error = checked(bad).unwrap_err();
            assert!(matches!(&error, Error::Settings { field, .. } if field == "scope.pattern.filter"), "{bad}");
        }
    }
}
