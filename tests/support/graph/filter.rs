//! As much of `$filter` as tests use.

use serde_json::{Map, Value};

/// A condition on a record.
#[derive(Clone, Debug)]
pub enum Filter {
    Is(String, Value),
    StartsWith(String, String),
    EndsWith(String, String),
    In(String, Vec<String>),
    Any(String, String),
    Not(Box<Filter>),
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
}

struct Parser<'a> {
    rest: &'a str,
    /// Whether something was met that only advanced queries do.
    advanced: bool,
}

type Parsed<T> = Result<T, String>;

/// Reads a filter; tells whether it takes an advanced query.
pub fn parse(text: &str) -> Parsed<(Filter, bool)> {
    let mut parser = Parser { rest: text, advanced: false };
    let filter = parser.or()?;
    parser.blanks();
    if !parser.rest.is_empty() {
        return Err("Syntax error at the end.".to_owned());
    }
    Ok((filter, parser.advanced))
}

impl<'a> Parser<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        self.blanks();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn must(&mut self, token: &str) -> Parsed<()> {
        if self.take(token) { Ok(()) } else { Err(format!("Syntax error: '{token}' expected.")) }
    }

    fn word(&mut self) -> Parsed<&'a str> {
        self.blanks();
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        if word.is_empty() { Err("Syntax error: a word expected.".to_owned()) } else { Ok(word) }
    }

    fn text(&mut self) -> Parsed<String> {
        self.must("'")?;
        let mut text = String::new();
        loop {
            let end = self.rest.find('\'').ok_or("There is an unterminated string literal.")?;
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end + 1..];
            if !self.rest.starts_with('\'') {
                return Ok(text);
            }
            text.push('\'');
            self.rest = &self.rest[1..];
        }
    }

    fn or(&mut self) -> Parsed<Filter> {
        let mut left = self.and()?;
        while self.take("or ") {
            left = Filter::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Parsed<Filter> {
        let mut left = self.one()?;
        while self.take("and ") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Parsed<Filter> {
        if self.take("(") {
            let inner = self.or()?;
            self.must(")")?;
            return Ok(inner);
        }
        let word = self.word()?;
        match word.to_lowercase().as_str() {
            "not" => {
                self.advanced = true;
                return Ok(Filter::Not(Box::new(self.one()?)));
            }
            which @ ("startswith" | "endswith") => {
                self.must("(")?;
                let property = self.word()?.to_owned();
                self.must(",")?;
                let text = self.text()?;
                self.must(")")?;
                if which == "endswith" {
                    self.advanced = true;
                    return Ok(Filter::EndsWith(property, text));
                }
                return Ok(Filter::StartsWith(property, text));
            }
            _ => {}
        }
        if self.take("/any(") {
            let variable = self.word()?;
            self.must(":")?;
            self.must(variable)?;
            self.must("eq")?;
            let text = self.text()?;
            self.must(")")?;
            return Ok(Filter::Any(word.to_owned(), text));
        }
        match self.word()? {
            "eq" => Ok(Filter::Is(word.to_owned(), self.literal()?)),
            "ne" => {
                self.advanced = true;
                Ok(Filter::Not(Box::new(Filter::Is(word.to_owned(), self.literal()?))))
            }
            "in" => {
                self.must("(")?;
                let mut texts = vec![self.text()?];
                while self.take(",") {
                    texts.push(self.text()?);
                }
                self.must(")")?;
                if texts.len() > 15 {
                    return Err("Too many child clauses specified in search filter expression.".to_owned());
                }
                Ok(Filter::In(word.to_owned(), texts))
            }
            _ => Err("Invalid filter clause.".to_owned()),
        }
    }

    fn literal(&mut self) -> Parsed<Value> {
        self.blanks();
        if self.rest.starts_with('\'') {
            return self.text().map(Value::from);
        }
        Ok(match self.word()? {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            other => return Err(format!("Invalid literal '{other}'.")),
        })
    }
}

fn lower(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

impl Filter {
    pub fn matches(&self, record: &Map<String, Value>) -> bool {
        match self {
            Self::Is(property, Value::String(text)) => {
                record.get(property).is_some_and(Value::is_string) && lower(record.get(property)) == text.to_lowercase()
            }
            Self::Is(property, value) => record.get(property).unwrap_or(&Value::Null) == value,
            Self::StartsWith(property, text) => lower(record.get(property)).starts_with(&text.to_lowercase()),
            Self::EndsWith(property, text) => lower(record.get(property)).ends_with(&text.to_lowercase()),
            Self::In(property, texts) => texts.iter().any(|text| lower(record.get(property)) == text.to_lowercase()),
            Self::Any(property, text) => {
                let list = record.get(property).and_then(Value::as_array);
                list.is_some_and(|list| list.iter().any(|one| lower(Some(one)) == text.to_lowercase()))
            }
            Self::Not(filter) => !filter.matches(record),
            Self::And(one, other) => one.matches(record) && other.matches(record),
            Self::Or(one, other) => one.matches(record) || other.matches(record),
        }
    }

    /// Every property that it names.
    pub fn properties(&self) -> Vec<&str> {
        match self {
            Self::Is(property, _)
            | Self::StartsWith(property, _)
            | Self::EndsWith(property, _)
            | Self::In(property, _)
            | Self::Any(property, _) => vec![property],
            Self::Not(filter) => filter.properties(),
            Self::And(one, other) | Self::Or(one, other) => [one.properties(), other.properties()].concat(),
        }
    }
}
