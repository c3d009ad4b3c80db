//! CEL expressions that mostly mean something: bytes alone rarely pass the parser.

use arbitrary::Arbitrary;

/// The attributes that people have.
pub const NAMES: [&str; 4] = ["a", "b", "c", "mail"];
const CALLS: [&str; 16] = [
    "size",
    "lowerAscii",
    "upperAscii",
    "trim",
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "split",
    "replace",
    "substring",
    "indexOf",
    "join",
    "string",
    "int",
    "find",
];
const OPERATORS: [&str; 12] = ["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "&&", "||", "in"];
const MACROS: [&str; 6] = ["map", "filter", "exists", "all", "exists_one", "sort"];

/// An expression.
#[derive(Arbitrary, Debug)]
pub enum Cel<'a> {
    Raw(&'a str),
    Person(u8),
    Values(u8),
    Has(u8),
    Variable,
    Text(&'a str),
    Number(i64),
    Flag(bool),
    List(Vec<Cel<'a>>),
    Call(u8, Box<Cel<'a>>, Vec<Cel<'a>>),
    Operator(u8, Box<Cel<'a>>, Box<Cel<'a>>),
    Not(Box<Cel<'a>>),
    Choice(Box<Cel<'a>>, Box<Cel<'a>>, Box<Cel<'a>>),
    Index(Box<Cel<'a>>, Box<Cel<'a>>),
    Macro(u8, Box<Cel<'a>>, Box<Cel<'a>>),
}

/// One of several, by a number.
pub fn pick<T: Copy>(from: &[T], number: u8) -> T {
    from[usize::from(number) % from.len()]
}

impl Cel<'_> {
    /// The expression as it is written.
    pub fn text(&self) -> String {
        let all = |items: &[Cel]| items.iter().map(Cel::text).collect::<Vec<_>>().join(", ");
        match self {
            Self::Raw(text) => (*text).to_owned(),
            Self::Person(name) => format!("person.{}", pick(&NAMES, *name)),
            Self::Values(name) => format!("values.{}", pick(&NAMES, *name)),
            Self::Has(name) => format!("has(person.{})", pick(&NAMES, *name)),
            Self::Variable => "x".to_owned(),
            Self::Text(text) => serde_json::Value::from(*text).to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => format!("[{}]", all(items)),
            Self::Call(name, target, arguments) => {
                format!("({}).{}({})", target.text(), pick(&CALLS, *name), all(arguments))
            }
            Self::Operator(name, left, right) => {
                format!("({} {} {})", left.text(), pick(&OPERATORS, *name), right.text())
            }
            Self::Not(inner) => format!("!({})", inner.text()),
            Self::Choice(when, yes, no) => format!("({} ? {} : {})", when.text(), yes.text(), no.text()),
            Self::Index(list, at) => format!("{}[{}]", list.text(), at.text()),
            Self::Macro(name, list, body) => format!("({}).{}(x, {})", list.text(), pick(&MACROS, *name), body.text()),
        }
    }
}
