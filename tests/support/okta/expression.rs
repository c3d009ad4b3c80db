//! Expressions as Okta evaluates them: `filter`, and `search` (developer.okta.com/docs/reference/user-query).

use serde_json::Value;

/// Which of the two it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Filter,
    Search,
}

/// An expression that Okta takes.
#[derive(Clone, Debug)]
pub(super) enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Is { name: String, operator: String, value: String, kind: Kind },
}

const FILTERED: [&str; 7] =
    ["status", "lastUpdated", "id", "profile.login", "profile.email", "profile.firstName", "profile.lastName"];
const SEARCHED: [&str; 7] = ["id", "status", "created", "activated", "statusChanged", "lastUpdated", "type.id"];
const CONTAINED: [&str; 4] = ["profile.firstName", "profile.lastName", "profile.email", "profile.login"];
/// Longer ones are refused.
const LONGEST: usize = 2000;

impl Expression {
    /// `None`: E0000031.
    pub(super) fn parse(text: &str, kind: Kind) -> Option<Self> {
        let mut tokens = tokens(text)?;
        tokens.reverse();
        let expression = any(&mut tokens, kind)?;
        (tokens.is_empty() && text.len() <= LONGEST).then_some(expression)
    }

    pub(super) fn matches(&self, record: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Is { name, operator, value, kind } => {
                let found = record.pointer(&format!("/{}", name.replace('.', "/"))).unwrap_or(&Value::Null);
                let found = found.as_array().map_or(std::slice::from_ref(found), Vec::as_slice);
                found.iter().any(|found| compare(found, operator, value, *kind))
            }
        }
    }
}

fn compare(found: &Value, operator: &str, value: &str, kind: Kind) -> bool {
    let found = match found {
        Value::Null => return false,
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let fold = |text: &str| if kind == Kind::Search { text.to_lowercase() } else { text.to_owned() };
    let (found, value) = (fold(&found), fold(value));
    match operator {
        "eq" => found == value,
        "sw" => found.starts_with(&value),
        "co" => found.contains(&value),
        "gt" => found > value,
        "ge" => found >= value,
        "lt" => found < value,
        "le" => found <= value,
        "pr" => true,
        _ => unreachable!("{operator}"),
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Token {
    Open,
    Close,
    Word(String),
    Text(String),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        tokens.push(match character {
            ' ' => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            '"' => {
                let mut value = String::new();
                loop {
                    match characters.next()? {
                        '"' => break,
                        '\\' => value.push(characters.next()?),
                        other => value.push(other),
                    }
                }
                Token::Text(value)
            }
            other => {
                let mut word = String::from(other);
                while let Some(next) = characters.next_if(|c| !" ()\"".contains(*c)) {
                    word.push(next);
                }
                Token::Word(word)
            }
        });
    }
    Some(tokens)
}

fn is_word(token: Option<&Token>, wanted: &str) -> bool {
    matches!(token, Some(Token::Word(word)) if word.eq_ignore_ascii_case(wanted))
}

fn any(tokens: &mut Vec<Token>, kind: Kind) -> Option<Expression> {
    let mut parts = vec![all(tokens, kind)?];
    while is_word(tokens.last(), "or") {
        tokens.pop();
        parts.push(all(tokens, kind)?);
    }
    Some(Expression::Any(parts))
}

fn all(tokens: &mut Vec<Token>, kind: Kind) -> Option<Expression> {
    let mut parts = vec![one(tokens, kind)?];
    while is_word(tokens.last(), "and") {
        tokens.pop();
        parts.push(one(tokens, kind)?);
    }
    Some(Expression::All(parts))
}

fn one(tokens: &mut Vec<Token>, kind: Kind) -> Option<Expression> {
    let name = match tokens.pop()? {
        Token::Open => {
            let inner = any(tokens, kind)?;
            return (tokens.pop()? == Token::Close).then_some(inner);
        }
        Token::Word(name) => name,
        Token::Close | Token::Text(_) => return None,
    };
    let Token::Word(operator) = tokens.pop()? else { return None };
    let operator = operator.to_lowercase();
    let is_known = match kind {
        Kind::Filter if name == "lastUpdated" => ["eq", "gt", "ge", "lt", "le"].contains(&&*operator),
        Kind::Filter => FILTERED.contains(&&*name) && operator == "eq",
        Kind::Search => {
            (SEARCHED.contains(&&*name) || name.starts_with("profile."))
                && ["eq", "sw", "co", "gt", "ge", "lt", "le", "pr"].contains(&&*operator)
                && (operator != "co" || CONTAINED.contains(&&*name))
        }
    };
    let value = match operator.as_str() {
        "pr" => String::new(),
        _ => match tokens.pop()? {
            Token::Text(value) | Token::Word(value) => value,
            Token::Open | Token::Close => return None,
        },
    };
    is_known.then_some(Expression::Is { name, operator, value, kind })
}
