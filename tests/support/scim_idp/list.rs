//! Lists, page by page.

use serde_json::{Map, Value, json};
use url::Url;

use super::filter::Filter;
use super::{Chosen, Filters, Record, ScimIdp, Total, error};
use crate::support::service::{Ask, Reply};

const PARAMETERS: [&str; 5] = ["startIndex", "count", "cursor", "filter", "attributes"];

impl ScimIdp {
    pub(super) fn list(&mut self, base: &Url, ask: &Ask, users: bool) -> Reply {
        let fine = |name: &str| ask.query.get(name).is_none_or(|number| number.parse::<u64>().is_ok());
        let known = ask.query.keys().all(|name| PARAMETERS.contains(&name.as_str()));
        let both = ask.query.contains_key("cursor") && ask.query.contains_key("startIndex");
        if !known || both || !fine("startIndex") || !fine("count") {
            return error(400, Some("invalidValue"));
        }
        let filter = match self.filter(ask) {
            Ok(filter) => filter,
            Err(refused) => return refused,
        };
        let (page, total) = match self.rows(base, ask, users, filter.as_ref()) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let mut resources = Vec::with_capacity(page.records.len());
        for row in page.records {
            match self.chosen(ask, row) {
                Ok(row) => resources.push(Value::Object(row)),
                Err(refused) => return refused,
            }
        }
        let mut body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "itemsPerPage": resources.len(),
        });
        self.pages += 1;
        match self.habits.total {
            Total::Missing => {}
            Total::Right => body["totalResults"] = json!(total),
            Total::Over(more) => body["totalResults"] = json!(total as u64 + more),
            Total::Growing | Total::GrowingOnce => body["totalResults"] = json!(total as u64 + self.pages),
        }
        if self.habits.total == Total::GrowingOnce && self.pages > 1 {
            self.habits.total = Total::Right;
        }
        match (page.next, self.habits.cursors) {
            (next, Some(cursors)) if ask.query.contains_key("cursor") => {
                if !cursors.totals {
                    body.as_object_mut().unwrap().shift_remove("totalResults");
                }
                if let Some(next) = next {
                    self.issued += 1;
                    let cursor = format!("opaque-{}", self.issued);
                    self.cursors.insert(cursor.clone(), next);
                    body["nextCursor"] = json!(cursor);
                }
            }
            _ => body["startIndex"] = json!(page.start + 1),
        }
        if !(resources.is_empty() && self.habits.no_empty_lists) {
            body["Resources"] = json!(resources);
        }
        self.say(200, body)
    }

    fn filter(&self, ask: &Ask) -> Result<Option<Filter>, Reply> {
        let text = ask.param("filter");
        let ignored = match self.habits.filters {
            Filters::Ignored => true,
            Filters::OfUserName => !text.starts_with("userName eq "),
            _ => false,
        };
        if text.is_empty() || ignored {
            return Ok(None);
        }
        let simple = self.habits.filters == Filters::Simple;
        if matches!(self.habits.filters, Filters::Unsupported | Filters::Refused)
            || (simple && (text.contains(" and ") || text.contains(" or ") || text.starts_with("not")))
        {
            return Err(error(400, Some("invalidFilter")));
        }
        if self.habits.filters == Filters::Deaf {
            return Ok(Some(Filter::Term("noSuchAttribute".into(), "pr".into(), Value::Null)));
        }
        Filter::parse(text).map(Some).ok_or_else(|| error(400, Some("invalidFilter")))
    }

    fn rows(&mut self, base: &Url, ask: &Ask, users: bool, filter: Option<&Filter>) -> Result<(Rows, usize), Reply> {
        let start = match (ask.query.get("cursor"), &mut self.habits.cursors) {
            (Some(cursor), Some(cursors)) if !cursor.is_empty() => {
                let place = self.cursors.remove(cursor);
                if cursors.expire > 0 {
                    cursors.expire -= 1;
                    return Err(error(400, Some(if cursors.invalid { "invalidCursor" } else { "expiredCursor" })));
                }
                place.ok_or_else(|| error(400, Some("invalidCursor")))?
            }
            (Some(_), None) => return Err(error(400, Some("invalidCursor"))),
            (Some(_), Some(_)) => 0,
            (None, _) if self.habits.ignores_start => 0,
            (None, _) => ask.param("startIndex").parse::<usize>().unwrap_or(1).saturating_sub(1),
        };
        let most = [self.habits.most, self.habits.short_pages].into_iter().flatten().min().unwrap_or(1000);
        let count = ask.param("count").parse::<usize>().unwrap_or(most).min(most);
        let from = if self.habits.overlaps { start.saturating_sub(1) } else { start };
        // Only what is sent is made, but where a filter must see all.
        let all = if users { self.count() } else { self.groups.len() };
        let made = |place: usize| {
            if users { self.grouped(self.user(place)) } else { self.group(base, ask, &self.groups[place]) }
        };
        let (rows, total): (Vec<Record>, usize) = match filter {
            None => ((from..all.min(from + count)).map(made).collect(), all),
            Some(filter) => {
                let found: Vec<Record> = (0..all).map(made).filter(|record| filter.matches(record)).collect();
                let total = found.len();
                (found.into_iter().skip(from).take(count).collect(), total)
            }
        };
        let end = from + rows.len();
        Ok((Rows { records: rows, start, next: (end < total).then_some(end) }, total))
    }

    /// Of a record what was asked for (RFC 7644 section 3.10), and what always comes.
    pub(super) fn chosen(&self, ask: &Ask, record: Record) -> Result<Record, Reply> {
        let asked = ask.param("attributes");
        if asked.is_empty() || self.habits.attributes == Chosen::Ignored {
            return Ok(record);
        }
        if self.habits.attributes == Chosen::Refused || asked.contains(['[', ' ', '"']) {
            return Err(error(400, Some("invalidPath")));
        }
        let names: Vec<&str> = asked.split(',').collect();
        if self.habits.attributes == Chosen::Bare && names.iter().any(|name| name.starts_with("urn:")) {
            return Ok(record.into_iter().filter(|(key, _)| key == "id").collect());
        }
        let mut chosen = Map::new();
        for (key, value) in record {
            let is = |name: &str| name.eq_ignore_ascii_case(&key);
            if key == "id" || key == "schemas" || names.iter().any(|name| is(name)) {
                chosen.insert(key, value);
            } else if let Value::Object(members) = &value {
                let wanted = |member: &str| {
                    names.iter().any(|name| {
                        name.eq_ignore_ascii_case(&format!("{key}:{member}"))
                            || name.eq_ignore_ascii_case(&format!("{key}.{member}"))
                    })
                };
                let members: Map<String, Value> =
                    members.iter().filter(|(name, _)| wanted(name)).map(|(n, v)| (n.clone(), v.clone())).collect();
                if !members.is_empty() {
                    chosen.insert(key, Value::Object(members));
                }
            }
        }
        Ok(chosen)
    }
}

struct Rows {
    records: Vec<Record>,
    start: usize,
    next: Option<usize>,
}
