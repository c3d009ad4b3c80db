//! The grammar of RFC 7644 figure 1 (filters) and section 3.5.2 (PATCH paths), by recursive descent.
//!
//! Why not `scim_v2`'s parser: it refuses `not(…)` without a space, which figure 1 permits
//! (`*1"not" "(" FILTER ")"`), and `$ref`, which RFC 7643 section 4.3 defines. A test compares the two on all else.

use jiff::Timestamp;

use super::{Filter, Literal, Op, fold};
use crate::kdesk::error::ScimError;
use crate::kdesk::schema::{Attribute, Kind, Path, Prefix};

/// Bounds on what a stranger may send; the store's SQL and the stack stay small.
const MAX_LENGTH: usize = 64 * 1024;
const MAX_DEPTH: usize = 32;
const MAX_TERMS: usize = 1024;

/// A PATCH operation's target: `attrPath / valuePath [subAttr]`.
#[derive(Debug)]
pub(in crate::kdesk) struct PatchPath {
    pub(in crate::kdesk) target: Prefix,
    pub(in crate::kdesk) filter: Option<Filter>,
}

/// Parses a filter.
pub(in crate::kdesk) fn parse(text: &str) -> Result<Filter, ScimError> {
    if text.len() > MAX_LENGTH {
        return Err(ScimError::InvalidFilter(format!("the filter is longer than {MAX_LENGTH} bytes")));
    }
    let mut parser = Parser { text, at: 0, terms: 0, parent: None };
    let filter = parser.disjunction(0).map_err(ScimError::InvalidFilter)?;
    parser.skip_spaces();
    if parser.rest().is_empty() { Ok(filter) } else { Err(ScimError::InvalidFilter(parser.unexpected())) }
}

/// Parses a PATCH path.
pub(in crate::kdesk) fn parse_path(text: &str) -> Result<PatchPath, ScimError> {
    if text.len() > MAX_LENGTH {
        return Err(ScimError::InvalidPath(format!("the path is longer than {MAX_LENGTH} bytes")));
    }
    let mut parser = Parser { text: text.trim(), at: 0, terms: 0, parent: None };
    let written = parser.name().map_err(ScimError::InvalidPath)?.to_owned();
    let mut target = Path::resolve(&written);
    if parser.rest().is_empty() {
        return Ok(PatchPath { target, filter: None });
    }
    let (Prefix::Attribute(path), true) = (&mut target, parser.eat("[")) else {
        return Err(ScimError::InvalidPath(parser.unexpected()));
    };
    if !path.attribute.multi || path.sub.is_some() {
        return Err(ScimError::InvalidPath(format!("{written} has no values to select from")));
    }
    parser.parent = Some(path.attribute);
    // A filter that can't be read makes the path one (RFC 7644 table 9, invalidPath).
    let filter = parser.disjunction(1).map_err(ScimError::InvalidPath)?;
    parser.skip_spaces();
    if !parser.eat("]") {
        return Err(ScimError::InvalidPath(parser.unexpected()));
    }
    if parser.eat(".") {
        let sub = parser.name().map_err(ScimError::InvalidPath)?;
        path.sub = Some(
            path.attribute
                .child(sub)
                .ok_or_else(|| ScimError::InvalidPath(format!("{written} has no sub-attribute {sub}")))?,
        );
    }
    if !parser.rest().is_empty() {
        return Err(ScimError::InvalidPath(parser.unexpected()));
    }
    Ok(PatchPath { target, filter: Some(filter) })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    terms: usize,
    /// Between brackets: the attribute that paths are relative to.
    parent: Option<&'static Attribute>,
}

type Parsed<T> = Result<T, String>;

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn unexpected(&self) -> String {
        match self.rest().chars().next() {
            Some(found) => format!("unexpected {found:?} at position {}", self.at + 1),
            None => "the expression ends too early".to_owned(),
        }
    }

    fn skip_spaces(&mut self) -> bool {
        let before = self.at;
        self.at = self.text.len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
        self.at != before
    }

    fn eat(&mut self, symbol: &str) -> bool {
        let found = self.rest().starts_with(symbol);
        if found {
            self.at += symbol.len();
        }
        found
    }

    /// An attribute path's characters: names, URNs, `$ref`.
    fn name(&mut self) -> Parsed<&'a str> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '$')))
            .unwrap_or(rest.len());
        let name = rest.get(..end).unwrap_or_default();
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') || name.ends_with(['.', ':']) {
            return Err(self.unexpected());
        }
        self.at += end;
        Ok(name)
    }

    /// A word operator between two expressions; they are case-insensitive and spaced.
    fn word(&mut self, word: &str) -> bool {
        let start = self.at;
        if self.skip_spaces() {
            let rest = self.rest();
            let (head, tail) = rest.split_at_checked(word.len()).unwrap_or_default();
            if head.eq_ignore_ascii_case(word) && tail.starts_with([' ', '\t', '(']) {
                self.at += word.len();
                return true;
            }
        }
        self.at = start;
        false
    }

    fn disjunction(&mut self, depth: usize) -> Parsed<Filter> {
        self.chain("or", depth, Self::conjunction, Filter::Or)
    }

    fn conjunction(&mut self, depth: usize) -> Parsed<Filter> {
        self.chain("and", depth, Self::term, Filter::And)
    }

    fn chain(
        &mut self,
        word: &str,
        depth: usize,
        operand: fn(&mut Self, usize) -> Parsed<Filter>,
        join: fn(Vec<Filter>) -> Filter,
    ) -> Parsed<Filter> {
        let first = operand(self, depth)?;
        if !self.word(word) {
            return Ok(first);
        }
        let mut operands = vec![first, operand(self, depth)?];
        while self.word(word) {
            operands.push(operand(self, depth)?);
        }
        Ok(join(operands))
    }

    fn term(&mut self, depth: usize) -> Parsed<Filter> {
        if depth > MAX_DEPTH {
            return Err(format!("the expression is nested more than {MAX_DEPTH} deep"));
        }
        self.skip_spaces();
        if self.eat("(") {
            return self.grouped(depth);
        }
        let start = self.at;
        let name = self.name()?;
        if name.eq_ignore_ascii_case("not") {
            self.skip_spaces();
            if self.eat("(") {
                return Ok(Filter::Not(Box::new(self.grouped(depth)?)));
            }
            self.at = start + name.len();
        }
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(format!("the expression has more than {MAX_TERMS} terms"));
        }
        let path = self.resolve(name);
        if self.eat("[") {
            return self.values(path, depth);
        }
        self.comparison(name, path)
    }

    fn grouped(&mut self, depth: usize) -> Parsed<Filter> {
        let inner = self.disjunction(depth + 1)?;
        self.skip_spaces();
        if self.eat(")") { Ok(inner) } else { Err(self.unexpected()) }
    }

    /// An attribute that no schema defines has no value (RFC 7644 section 3.4.2.1): `None`.
    fn resolve(&self, name: &str) -> Option<Path> {
        match self.parent {
            Some(parent) => Path::relative(parent, name),
            None => match Path::resolve(name) {
                Prefix::Attribute(path) => Some(path),
                Prefix::Extension(_) | Prefix::Unknown => None,
            },
        }
    }

    fn values(&mut self, path: Option<Path>, depth: usize) -> Parsed<Filter> {
        if self.parent.is_some() {
            return Err("a value path within a value path".to_owned());
        }
        if let Some(path) = path
            && (!path.attribute.is_complex() || path.sub.is_some())
        {
            return Err(format!("{} has no sub-attributes to filter by", path.attribute.name));
        }
        // Of an unknown attribute nothing inside is known either: any simple attribute stands in as the parent.
        self.parent = Some(path.map_or(&UNKNOWN, |path| path.attribute));
        let inner = self.disjunction(depth + 1)?;
        self.parent = None;
        self.skip_spaces();
        if self.eat("]") { Ok(Filter::Values(path, Box::new(inner))) } else { Err(self.unexpected()) }
    }

    fn comparison(&mut self, name: &str, path: Option<Path>) -> Parsed<Filter> {
        if !self.skip_spaces() {
            return Err(self.unexpected());
        }
        let start = self.at;
        let operator = self.name()?;
        let op = match operator.to_ascii_lowercase().as_str() {
            "pr" => return Ok(Filter::Present(path)),
            "eq" => Op::Eq,
            "ne" => Op::Ne,
            "co" => Op::Co,
            "sw" => Op::Sw,
            "ew" => Op::Ew,
            "gt" => Op::Gt,
            "ge" => Op::Ge,
            "lt" => Op::Lt,
            "le" => Op::Le,
            _ => return Err(format!("{operator:?} at position {} is no operator", start + 1)),
        };
        if !self.skip_spaces() {
            return Err(self.unexpected());
        }
        let value = self.value()?;
        let literal = match path {
            Some(path) => typed(name, path, op, value)?,
            None => Literal::Null,
        };
        Ok(Filter::Compare(path, op, literal))
    }

    /// A JSON literal: false, null, true, number or string (RFC 7159).
    fn value(&mut self) -> Parsed<serde_json::Value> {
        let rest = self.rest();
        let end = if rest.starts_with('"') { string_end(rest) } else { rest.find([' ', '\t', ')', ']']) };
        let written = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        match serde_json::from_str::<serde_json::Value>(written) {
            Ok(value) if !value.is_array() && !value.is_object() => {
                self.at += written.len();
                Ok(value)
            }
            _ => Err(format!("no JSON value at position {}", self.at + 1)),
        }
    }
}

/// Where a quoted string ends: after the first quote that is not escaped.
fn string_end(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes()
        .enumerate()
        .skip(1)
        .find(|&(_, byte)| {
            let closing = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            closing
        })
        .map(|(at, _)| at + 1)
}

/// Stands for an attribute without sub-attributes.
static UNKNOWN: Attribute = crate::kdesk::schema::SCHEMAS;

/// The literal in its attribute's type; comparisons that a type does not have are refused (RFC 7644 table 3).
fn typed(name: &str, path: Path, op: Op, value: serde_json::Value) -> Parsed<Literal> {
    use serde_json::Value;
    let ordering = matches!(op, Op::Gt | Op::Ge | Op::Lt | Op::Le);
    if value.is_null() {
        return if matches!(op, Op::Eq | Op::Ne) {
            Ok(Literal::Null)
        } else {
            Err(format!("null compares by eq and ne only, not as {name} is compared"))
        };
    }
    let Some(attribute) = path.compared() else {
        return Err(format!("{name} is complex: compare one of its sub-attributes"));
    };
    match (attribute.kind, value) {
        (Kind::Boolean, _) if !matches!(op, Op::Eq | Op::Ne) => {
            Err(format!("{name} is boolean: only eq and ne compare it"))
        }
        (Kind::Boolean, Value::Bool(value)) => Ok(Literal::Bool(value)),
        // Entra and others write booleans as text.
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Literal::Bool(true)),
        (Kind::Boolean, Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Literal::Bool(false)),
        (Kind::Boolean, _) => Err(format!("{name} is boolean: compare it with true or false")),
        (Kind::DateTime, Value::String(text)) if matches!(op, Op::Co | Op::Sw | Op::Ew) => Ok(Literal::Text(text)),
        (Kind::DateTime, Value::String(text)) => text
            .parse::<Timestamp>()
            .map(Literal::Time)
            .map_err(|_unreadable| format!("{name} is a dateTime: {text:?} is none (RFC 7643 section 2.3.5)")),
        (Kind::DateTime, _) => Err(format!("{name} is a dateTime: compare it with a quoted one")),
        (Kind::Binary, _) if ordering => Err(format!("{name} is binary and has no order")),
        (_, Value::String(text)) => Ok(Literal::Text(if attribute.case_exact { text } else { fold(&text) })),
        (_, Value::Bool(value)) if !ordering => Ok(Literal::Bool(value)),
        (_, Value::Number(number)) => Ok(Literal::Number(number.as_f64().unwrap_or(f64::NAN))),
        _ => Err(format!("{name} can't be compared so")),
    }
}
