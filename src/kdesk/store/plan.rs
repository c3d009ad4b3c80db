//! From a filter to SQL. What has a column becomes a condition on it; of the rest `scim_match` decides per row.
//!
//! A condition is exact if it says what the filter says, or a superset that `scim_match` narrows. It is never less.

use jiff::Timestamp;
use rusqlite::types::Value as Sql;

use crate::kdesk::filter::{Filter, Literal, Op};
use crate::kdesk::schema::Path;

/// Alternatives in one condition; SQLite bounds an expression's depth, and more would be no faster than looking.
const MAX_ALTERNATIVES: usize = 64;

/// A condition on the columns of `users`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) sql: String,
    pub(super) values: Vec<Sql>,
    /// Nothing is left for `scim_match` to decide.
    pub(super) exact: bool,
    /// It has a range of `external_id` that every match lies in.
    pub(super) external: bool,
}

impl Condition {
    fn exact(sql: impl Into<String>, values: Vec<Sql>) -> Self {
        Self { sql: sql.into(), values, exact: true, external: false }
    }

    fn superset(sql: impl Into<String>, values: Vec<Sql>) -> Self {
        Self { exact: false, ..Self::exact(sql, values) }
    }
}

/// The condition, if any part of the filter has a column.
pub(super) fn plan(filter: &Filter) -> Option<Condition> {
    match filter {
        Filter::And(operands) => all(operands),
        Filter::Or(operands) => any(operands),
        Filter::Not(inner) => {
            let inner = plan(inner).filter(|inner| inner.exact)?;
            // A column that is NULL makes a comparison NULL, not false.
            Some(Condition::exact(format!("NOT IFNULL({}, 0)", inner.sql), inner.values))
        }
        Filter::Present(Some(path)) if path.is_core("externalId", None) => {
            Some(Condition::exact("external_id IS NOT NULL", vec![]))
        }
        Filter::Present(Some(path)) if path.is_core("id", None) || path.is_core("userName", None) => {
            Some(Condition::exact("1", vec![]))
        }
        Filter::Compare(Some(path), op, literal) => compare(path, *op, literal),
        Filter::Values(Some(path), inner) if path.is_core("emails", None) => {
            email_within(inner).map(|email| emails(&[Sql::Text(email.to_owned())]))
        }
        Filter::Present(_) | Filter::Compare(None, _, _) | Filter::Values(_, _) => None,
    }
}

fn all(operands: &[Filter]) -> Option<Condition> {
    let parts: Vec<Condition> = operands.iter().filter_map(plan).collect();
    let exact = parts.len() == operands.len() && parts.iter().all(|part| part.exact);
    let external = parts.iter().any(|part| part.external);
    join(parts, " AND ").map(|joined| Condition { exact, external, ..joined })
}

/// Columns of which several alternatives become one `IN`: a client asks for a hundred ids in one filter.
#[derive(Debug, Default)]
struct Sets {
    ids: Vec<Sql>,
    user_names: Vec<Sql>,
    external_ids: Vec<Sql>,
    emails: Vec<Sql>,
}

fn any(operands: &[Filter]) -> Option<Condition> {
    let mut sets = Sets::default();
    let mut parts = Vec::new();
    for operand in operands {
        if let Filter::Compare(Some(path), Op::Eq, Literal::Text(text)) = operand
            && let Some(set) = sets.of(path)
        {
            set.push(Sql::Text(text.clone()));
        } else {
            parts.push(plan(operand)?);
        }
    }
    for (column, set) in [("id", sets.ids), ("user_name", sets.user_names), ("external_id", sets.external_ids)] {
        if !set.is_empty() {
            parts.push(Condition::exact(format!("{column} IN ({})", marks(set.len())), set));
        }
    }
    if !sets.emails.is_empty() {
        parts.push(emails(&sets.emails));
    }
    if parts.len() > MAX_ALTERNATIVES {
        return None;
    }
    let exact = parts.iter().all(|part| part.exact);
    join(parts, " OR ").map(|joined| Condition { exact, external: false, ..joined })
}

impl Sets {
    fn of(&mut self, path: &Path) -> Option<&mut Vec<Sql>> {
        if path.is_core("id", None) {
            Some(&mut self.ids)
        } else if path.is_core("userName", None) {
            Some(&mut self.user_names)
        } else if path.is_core("externalId", None) {
            Some(&mut self.external_ids)
        } else if is_email(path) {
            Some(&mut self.emails)
        } else {
            None
        }
    }
}

fn is_email(path: &Path) -> bool {
    path.is_core("emails", None) || path.is_core("emails", Some("value"))
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

fn join(parts: Vec<Condition>, with: &str) -> Option<Condition> {
    let mut parts = parts.into_iter();
    let first = parts.next()?;
    let joined = parts.fold(first, |mut joined, part| {
        joined.sql = format!("{}{with}{}", joined.sql, part.sql);
        joined.values.extend(part.values);
        joined
    });
    Some(Condition { sql: format!("({})", joined.sql), ..joined })
}

/// A contact with the address, or one whose userName it is (`emails` keeps only what differs from that).
fn emails(addresses: &[Sql]) -> Condition {
    let marks = marks(addresses.len());
    let sql = format!("(user_name IN ({marks}) OR seq IN (SELECT e.seq FROM emails e WHERE e.value IN ({marks})))");
    let twice = addresses.iter().chain(addresses).cloned().collect();
    Condition::superset(sql, twice)
}

/// The address that a value path asks for: `value eq "…"`, alone or within `and`.
fn email_within(inner: &Filter) -> Option<&str> {
    match inner {
        Filter::Compare(Some(path), Op::Eq, Literal::Text(text)) if path.attribute.name == "value" => Some(text),
        Filter::And(operands) => operands.iter().find_map(email_within),
        _ => None,
    }
}

fn compare(path: &Path, op: Op, literal: &Literal) -> Option<Condition> {
    match literal {
        Literal::Text(text) => {
            if op == Op::Eq && is_email(path) {
                return Some(emails(&[Sql::Text(text.clone())]));
            }
            let column = match () {
                () if path.is_core("id", None) => "id",
                () if path.is_core("userName", None) => "user_name",
                () if path.is_core("externalId", None) => "external_id",
                () => return None,
            };
            let external = column == "external_id" && matches!(op, Op::Eq | Op::Sw);
            text_column(column, op, text).map(|condition| Condition { external, ..condition })
        }
        Literal::Bool(value) if path.is_core("active", None) => match op {
            // Written out, not bound: only so can the index of the inactive be chosen.
            Op::Eq => Some(Condition::exact(format!("active = {}", i32::from(*value)), vec![])),
            Op::Ne => Some(Condition::exact(format!("active IS NOT {}", i32::from(*value)), vec![])),
            _ => None,
        },
        Literal::Time(at) if path.is_core("meta", Some("lastModified")) => time_column("modified", op, *at),
        Literal::Time(at) if path.is_core("meta", Some("created")) => time_column("created", op, *at),
        _ => None,
    }
}

fn text_column(column: &str, op: Op, text: &str) -> Option<Condition> {
    let value = Sql::Text(text.to_owned());
    Some(match op {
        Op::Eq => Condition::exact(format!("{column} = ?"), vec![value]),
        Op::Sw => match successor(text) {
            Some(end) => Condition::exact(format!("({column} >= ? AND {column} < ?)"), vec![value, Sql::Text(end)]),
            None => Condition::exact(format!("{column} >= ?"), vec![value]),
        },
        // SQLite counts an empty needle as found; so does the RFC.
        Op::Co => Condition::exact(format!("instr({column}, ?) > 0"), vec![value]),
        _ => return None,
    })
}

/// The least text that is greater than all that begin with `prefix`: bytes of UTF-8 order as code points do.
fn successor(prefix: &str) -> Option<String> {
    let mut head = prefix.to_owned();
    while let Some(last) = head.pop() {
        let next = u32::from(last) + 1;
        // Surrogates are no characters: skip them.
        let next = if next == 0xD800 { 0xE000 } else { next };
        if let Some(next) = char::from_u32(next) {
            head.push(next);
            return Some(head);
        }
    }
    None
}

/// Times are kept in milliseconds, literals may be finer.
fn time_column(column: &str, op: Op, at: Timestamp) -> Option<Condition> {
    let nanoseconds = at.as_nanosecond();
    let floor = i64::try_from(nanoseconds.div_euclid(1_000_000)).unwrap_or(i64::MAX);
    let ceiling = if nanoseconds.rem_euclid(1_000_000) == 0 { floor } else { floor.saturating_add(1) };
    let (symbol, value) = match op {
        Op::Gt => (">", floor),
        Op::Ge => (">=", ceiling),
        Op::Lt => ("<", ceiling),
        Op::Le => ("<=", floor),
        Op::Eq if floor == ceiling => ("=", floor),
        _ => return None,
    };
    Some(Condition::exact(format!("{column} {symbol} ?"), vec![Sql::Integer(value)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kdesk::filter::parse;

    fn planned(filter: &str) -> Option<(String, bool)> {
        plan(&parse(filter).unwrap()).map(|condition| (condition.sql, condition.exact))
    }

    #[test]
    fn l07_an_owned_prefix_is_a_range_of_the_index() {
        let condition = plan(&parse(r#"externalId sw "default/support/emea/""#).unwrap()).unwrap();
        assert_eq!(condition.sql, "(external_id >= ? AND external_id < ?)");
        assert_eq!(condition.values[1], Sql::Text("default/support/emea0".to_owned()));
        assert!(condition.exact && condition.external);
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(successor("\u{10FFFF}"), None);
    }

    #[test]
    fn takes_what_has_a_column_and_leaves_the_rest() {
        let exact = |sql: &str| Some((sql.to_owned(), true));
        let superset = |sql: &str| Some((sql.to_owned(), false));
        assert_eq!(planned(r#"userName eq "A""#), exact("user_name = ?"));
        assert_eq!(planned(r#"id eq "a" or id eq "b" or id eq "c""#), exact("(id IN (?, ?, ?))"));
        assert_eq!(planned(r#"userName eq "a" and title pr"#), superset("(user_name = ?)"));
        assert_eq!(planned(r#"userName eq "a" or title pr"#), None);
        assert_eq!(planned("not (active eq true)"), exact("NOT IFNULL(active = 1, 0)"));
        assert_eq!(planned(r#"not (emails eq "a")"#), None, "a superset can't be negated");
        assert_eq!(planned("title pr"), None);
        assert!(matches!(planned(r#"emails[type eq "work" and value eq "a"]"#), Some((_, false))));
        assert_eq!(planned(r#"meta.lastModified gt "2026-01-01T00:00:00Z""#), exact("modified > ?"));
    }
}
