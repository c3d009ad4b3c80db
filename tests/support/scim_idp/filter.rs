//! Filters as an identity provider evaluates them: the grammar of RFC 7644 section 3.4.2.2 without `gt` and its kin.

use serde_json::{Map, Value};

/// A filter that can be asked of records.
pub(super) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Term(String, String, Value),
}

struct Parser<'a>(&'a str);

impl Filter {
    /// `None` for what is no filter.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser(text);
        let filter = parser.or()?;
        parser.0.trim().is_empty().then_some(filter)
    }

    pub(super) fn matches(&self, record: &Map<String, Value>) -> bool {
        match self {
            Self::And(one, other) => one.matches(record) && other.matches(record),
            Self::Or(one, other) => one.matches(record) || other.matches(record),
            Self::Not(filter) => !filter.matches(record),
            Self::Term(path, operator, wanted) => {
                let exact = path == "id";
                let values = values(record, path);
                let text = |value: &Value| {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    if exact { text } else { text.to_lowercase() }
                };
                match operator.as_str() {
                    "pr" => !values.is_empty(),
                    "eq" => values.iter().any(|value| text(value) == text(wanted)),
                    "ne" => !values.iter().any(|value| text(value) == text(wanted)),
                    "sw" => values.iter().any(|value| text(value).starts_with(&text(wanted))),
                    _ => values.iter().any(|value| text(value).contains(&text(wanted))),
                }
            }
        }
    }
}

fn values(record: &Map<String, Value>, path: &str) -> Vec<Value> {
    let (urn, path) = path.rsplit_once(':').map_or((None, path), |(urn, path)| (Some(urn), path));
    let mut found: Vec<&Value> = match urn {
        Some(urn) => record.get(urn).into_iter().collect(),
        None => vec![],
    };
    let mut steps = path.split('.');
    if urn.is_none() {
        found = record.get(steps.next().unwrap()).into_iter().collect();
    }
    for step in steps {
        let elements = found.into_iter().flat_map(|value| value.as_array().map_or(std::slice::from_ref(value), |l| l));
        found = elements.filter_map(|element| element.get(step)).collect();
    }
    found.into_iter().cloned().collect()
}

impl Parser<'_> {
    fn or(&mut self) -> Option<Filter> {
        let mut filter = self.and()?;
        while self.eat("or ") {
            filter = Filter::Or(Box::new(filter), Box::new(self.and()?));
        }
        Some(filter)
    }

    fn and(&mut self) -> Option<Filter> {
        let mut filter = self.term()?;
        while self.eat("and ") {
            filter = Filter::And(Box::new(filter), Box::new(self.term()?));
        }
        Some(filter)
    }

    fn term(&mut self) -> Option<Filter> {
        if self.eat("not (") || self.eat("not(") {
            let filter = self.or()?;
            return self.eat(")").then(|| Filter::Not(Box::new(filter)));
        }
        if self.eat("(") {
            let filter = self.or()?;
            return self.eat(")").then_some(filter);
        }
        let path = self.word()?;
        let operator = self.word()?;
        if operator == "pr" {
            return Some(Filter::Term(path, operator, Value::Null));
        }
        if !["eq", "ne", "sw", "co"].contains(&operator.as_str()) {
            return None;
        }
        let rest = self.0.trim_start();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
        let value = values.next()?.ok()?;
        self.0 = &rest[values.byte_offset()..];
        Some(Filter::Term(path, operator, value))
    }

    fn word(&mut self) -> Option<String> {
        let rest = self.0.trim_start();
        let end = rest.find([' ', ')', '(']).unwrap_or(rest.len());
        let word = rest[..end].to_owned();
        self.0 = &rest[end..];
        (!word.is_empty()).then_some(word)
    }

    fn eat(&mut self, word: &str) -> bool {
        let rest = self.0.trim_start();
        match rest.strip_prefix(word) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }
}
