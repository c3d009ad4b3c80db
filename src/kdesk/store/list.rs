//! Pages of a listing: by index (RFC 7644 section 3.4.2.4), by cursor (RFC 9865), sorted or in order of creation.

use std::sync::Arc;

use rusqlite::types::Value as Sql;
use rusqlite::{OptionalExtension as _, params_from_iter};

use super::plan::{Condition, plan};
use super::readers::Reader;
use super::record::{COLUMNS, Record};
use crate::kdesk::cursor::Position;
use crate::kdesk::error::ScimError;
use crate::kdesk::filter::Filter;
use crate::kdesk::schema::Path;

/// Sorting (RFC 7644 section 3.4.2.3).
#[derive(Debug, Clone, Copy)]
pub(in crate::kdesk) struct Order {
    pub(in crate::kdesk) path: Path,
    pub(in crate::kdesk) descending: bool,
}

/// Which part of the listing.
#[derive(Debug)]
pub(in crate::kdesk) enum Page {
    Index { offset: i64, count: i64 },
    Cursor { after: Option<Position>, count: i64 },
}

#[derive(Debug)]
pub(in crate::kdesk) struct Listing {
    pub(in crate::kdesk) total: i64,
    pub(in crate::kdesk) records: Vec<Record>,
    /// Where the next page begins, if there is one.
    pub(in crate::kdesk) next: Option<Position>,
}

/// One page, from one consistent state of the database.
pub(in crate::kdesk) fn list(
    reader: &Reader,
    filter: Option<Arc<Filter>>,
    order: Option<Order>,
    page: Page,
) -> Result<Listing, ScimError> {
    let selection = Selection::new(filter.as_deref());
    reader.slot.set(filter, order.map(|order| order.path));
    let everyone = reader
        .connection
        .prepare_cached("SELECT users FROM totals")?
        .query_row([], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let total = match &page {
        _ if selection.everyone => everyone,
        Page::Cursor { after: Some(position), .. } => position.total,
        _ => selection.count(reader)?,
    };
    let (limit, by_cursor) = match page {
        Page::Index { count, .. } => (count, false),
        // One more row than asked for tells whether there is a next page.
        Page::Cursor { count, .. } => (count.saturating_add(1), true),
    };
    if limit == 0 || (by_cursor && limit == 1) {
        return Ok(Listing { total, records: Vec::new(), next: None });
    }
    let statement = Statement::new(selection, order, page, total, everyone);
    let mut keys = statement.run(reader)?;
    let more = by_cursor && i64::try_from(keys.len()).is_ok_and(|found| found >= limit);
    if more {
        keys.pop();
    }
    let next = keys.last().filter(|_| more).map(|(seq, key)| Position { seq: *seq, key: key.clone(), total });
    let mut fetch = reader.connection.prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE seq = ?1"))?;
    let mut records = Vec::with_capacity(keys.len());
    for (seq, _) in keys {
        records.push(fetch.query_row([seq], Record::from_row)?);
    }
    Ok(Listing { total, records, next })
}

/// Which rows: the columns' condition, and `scim_match` where that is not the whole of the filter.
struct Selection {
    sql: String,
    values: Vec<Sql>,
    external: bool,
    /// The condition is the whole of the filter.
    exact: bool,
    everyone: bool,
}

impl Selection {
    fn new(filter: Option<&Filter>) -> Self {
        const MATCH: &str = "scim_match(doc, created, modified, version)";
        let Some(filter) = filter else {
            return Self {
                sql: "kind = 1".to_owned(),
                values: Vec::new(),
                external: false,
                exact: true,
                everyone: true,
            };
        };
        match plan(filter) {
            None => Self { sql: MATCH.to_owned(), values: Vec::new(), external: false, exact: false, everyone: false },
            Some(Condition { sql, values, exact, external }) => {
                let sql = if exact { sql } else { format!("{sql} AND {MATCH}") };
                Self { sql, values, external, exact, everyone: false }
            }
        }
    }

    fn count(&self, reader: &Reader) -> Result<i64, ScimError> {
        let index = if self.external { "INDEXED BY users_external" } else { "" };
        let sql = format!("SELECT count(*) FROM users {index} WHERE {}", self.sql);
        reader.count(&sql, &self.values, self.exact)
    }
}

struct Statement {
    sql: String,
    values: Vec<Sql>,
    keyed: bool,
}

impl Statement {
    fn new(selection: Selection, order: Option<Order>, page: Page, total: i64, everyone: i64) -> Self {
        let key = order.map(|order| sort_column(&order.path));
        let direction = if order.is_some_and(|order| order.descending) { "DESC" } else { "ASC" };
        let mut values = selection.values;
        // `kind = 1` would draw SQLite to the index that has it, away from the one that is sorted already.
        let mut condition = if selection.everyone && key.is_some() { "1".to_owned() } else { selection.sql };
        let (limit, offset, by_cursor) = match page {
            Page::Index { offset, count } => (count, offset, false),
            Page::Cursor { after, count } => {
                if let Some(Position { seq, key: last, .. }) = after {
                    let beyond = if direction == "DESC" { "<" } else { ">" };
                    if let (Some(key), Some(last)) = (key, last) {
                        condition = format!("{condition} AND ({key}, seq) {beyond} (?, ?)");
                        values.push(last);
                    } else {
                        condition = format!("{condition} AND seq > ?");
                    }
                    values.push(Sql::Integer(seq));
                }
                (count.saturating_add(1), 0, true)
            }
        };
        let hint = match key {
            None if selection.everyone => "INDEXED BY users_order",
            None if selection.external && by_cursor && dense(total, limit, everyone) => "NOT INDEXED",
            None if selection.external => "INDEXED BY users_external",
            _ => "",
        };
        let by = match key {
            Some(key) => format!("{key} {direction}, seq {direction}"),
            // An index page deep in a long range: the index's own order needs no sorting.
            None if selection.external && !by_cursor => "external_id, seq".to_owned(),
            None => "seq".to_owned(),
        };
        let key_column = key.unwrap_or("NULL");
        let sql =
            format!("SELECT seq, {key_column} FROM users {hint} WHERE {condition} ORDER BY {by} LIMIT ? OFFSET ?");
        values.extend([Sql::Integer(limit), Sql::Integer(offset)]);
        Self { sql, values, keyed: key.is_some() }
    }

    fn run(&self, reader: &Reader) -> Result<Vec<(i64, Option<Sql>)>, ScimError> {
        let mut statement = reader.connection.prepare_cached(&self.sql)?;
        let rows = statement.query_map(params_from_iter(&self.values), |row| {
            Ok((row.get(0)?, if self.keyed { Some(row.get(1)?) } else { None }))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// A cursor page of an externalId range in order of creation: either the whole range is looked at and sorted, for each
/// page again, or the users are walked once over all pages. Which costs less depends on how long the range is.
fn dense(range: i64, page: i64, everyone: i64) -> bool {
    let pages = range / page.max(1) + 1;
    range.saturating_mul(pages) > everyone.saturating_mul(4)
}

/// What sorts: a column where there is one.
fn sort_column(path: &Path) -> &'static str {
    match () {
        () if path.is_core("userName", None) => "user_name",
        () if path.is_core("id", None) => "id",
        () if path.is_core("meta", Some("created")) => "created",
        () if path.is_core("meta", Some("lastModified")) => "modified",
        () => "scim_sort_key(doc)",
    }
}
