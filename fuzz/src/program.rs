//! Connections and people made of few words, so that scope and mapping meet what they look for.

use std::sync::Arc;

use arbitrary::Arbitrary;
use contactsync::api::ContactSyncConnectionSpec;
use contactsync::person::{GroupSet, Person, PersonId};
use serde_json::{Map, Value, json};

use crate::cel::{Cel, NAMES, pick};

/// The fields that are mapped, by the path in the manifest.
const FIELDS: [&str; 12] = [
    "identity.name",
    "identity.givenName",
    "identity.email",
    "identity.notes",
    "identity.company",
    "address.street",
    "address.country",
    "communication.emails",
    "communication.phones",
    "access.portalAccess",
    "access.emailNotifications",
    "identity.division",
];

/// Scope, mapping and people.
#[derive(Arbitrary, Debug)]
pub struct Input<'a> {
    pub scope: Scope<'a>,
    pub exclude: Option<u8>,
    pub include_disabled: bool,
    pub standard: bool,
    pub fields: Vec<Field<'a>>,
    pub people: Vec<Someone<'a>>,
}

/// Who is in.
#[derive(Arbitrary, Debug)]
pub enum Scope<'a> {
    Everybody,
    Glob(u8, &'a str),
    Regex(u8, &'a str),
    Expression(Cel<'a>),
    Category(u8, &'a str),
}

/// One mapped field.
#[derive(Arbitrary, Debug)]
pub struct Field<'a> {
    pub field: u8,
    pub source: Source<'a>,
    pub default: Option<&'a str>,
    pub keep: bool,
    pub each: bool,
}

/// Where it comes from.
#[derive(Arbitrary, Debug)]
pub enum Source<'a> {
    From(u8),
    Value(&'a str),
    Expression(Cel<'a>),
}

/// One person.
#[derive(Arbitrary, Debug)]
pub struct Someone<'a> {
    pub id: u8,
    pub disabled: bool,
    pub attributes: Vec<(u8, Vec<Json<'a>>)>,
}

/// A value of an attribute.
#[derive(Arbitrary, Debug)]
pub enum Json<'a> {
    Text(&'a str),
    Mail(&'a str),
    Phone(u64),
    Flag(bool),
    Word(u8),
    Number(i64),
    Fraction(f64),
    Null,
    List(Vec<&'a str>),
    Object(&'a str, &'a str),
}

impl Json<'_> {
    fn value(&self) -> Value {
        const WORDS: [&str; 10] = [
            "true",
            " TRUE ",
            "yes",
            "1",
            "SE",
            "Sweden",
            "ann@acme.example",
            "+46 8 123 456 78",
            "tel:+46-8;ext=1",
            "ı@bücher.example",
        ];
        match self {
            Self::Text(text) => json!(text),
            Self::Mail(local) => json!(format!("{local}@acme.example")),
            Self::Phone(number) => json!(format!("+{number}")),
            Self::Flag(flag) => json!(flag),
            Self::Word(word) => json!(pick(&WORDS, *word)),
            Self::Number(number) => json!(number),
            Self::Fraction(number) => json!(number),
            Self::Null => Value::Null,
            Self::List(items) => json!(items),
            Self::Object(key, value) => json!({ *key: value }),
        }
    }
}

impl Someone<'_> {
    /// As a directory tells of them.
    pub fn person(&self) -> Person {
        let mut person = Person {
            id: PersonId::new(format!("p{}", self.id % 4)).expect("an id"),
            attributes: [(Arc::from("id"), vec![json!("1")])].into(),
            groups: GroupSet::default(),
            location: None,
            disabled: self.disabled,
            in_query: true,
        };
        for (name, values) in &self.attributes {
            let values = values.iter().map(Json::value).collect();
            person.attributes.insert(Arc::from(pick(&NAMES, *name)), values);
        }
        person
    }
}

impl Field<'_> {
    /// Its path in the manifest.
    pub fn path(&self) -> &'static str {
        pick(&FIELDS, self.field)
    }

    fn value(&self) -> Value {
        let flag = self.path().starts_with("access");
        let fixed = |text: &str| if flag { json!(text.len() % 2 == 1) } else { json!(text) };
        let mut field = match &self.source {
            Source::From(name) => json!({"from": pick(&NAMES, *name)}),
            Source::Value(text) => json!({"value": fixed(text)}),
            Source::Expression(expression) => json!({"expression": expression.text()}),
        };
        if let Some(default) = self.default {
            field["default"] = fixed(default);
        }
        if self.keep {
            field["whenAbsent"] = json!("Keep");
        }
        match self.path() {
            "communication.emails" | "communication.phones" => {
                field["label"] = json!("work");
                field["each"] = json!(self.each);
                json!([field])
            }
            "access.emailNotifications" => {
                field["type"] = json!("TicketUpdates");
                json!([field])
            }
            _ => field,
        }
    }
}

impl Input<'_> {
    /// The spec; `None` where a field takes what the manifest's types do not.
    pub fn spec(&self) -> Option<ContactSyncConnectionSpec> {
        let mut mapping = Map::new();
        mapping.insert("preset".to_owned(), json!(if self.standard { "Standard" } else { "None" }));
        for field in &self.fields {
            let (group, name) = field.path().split_once('.').expect("a path");
            let group = mapping.entry(group).or_insert_with(|| json!({}));
            group[name] = field.value();
        }
        let scope = match &self.scope {
            Scope::Everybody => json!({"mode": "Pattern", "pattern": {"match": {"attribute": "id", "glob": "*"}}}),
            Scope::Glob(name, glob) => {
                json!({"mode": "Pattern", "pattern": {"match": {"attribute": pick(&NAMES, *name), "glob": glob}}})
            }
            Scope::Regex(name, regex) => {
                json!({"mode": "Pattern", "pattern": {"match": {"attribute": pick(&NAMES, *name), "regex": regex}}})
            }
            Scope::Expression(expression) => json!({"mode": "Pattern", "pattern": {"expression": expression.text()}}),
            Scope::Category(name, category) => {
                json!({"mode": "List", "list": {"categoryAttribute": pick(&NAMES, *name), "categories": [category]}})
            }
        };
        let mut spec = json!({
            "state": "Enabled", "workspaceRef": {"name": "acme"}, "leavers": {"policy": "Deactivate"}, "deletionPolicy": "Keep",
            "source": {"type": "File", "file": {"path": "p.jsonl", "format": "JSONL", "idField": "id"}},
            "emailDomains": ["acme.example", "xn--bcher-kva.example"], "scope": scope, "mapping": mapping,
        });
        if let Some(id) = self.exclude {
            spec["scope"]["exclude"] = json!({"ids": [format!("p{}", id % 4)]});
        }
        if self.include_disabled {
            spec["scope"]["disabledAccounts"] = json!("Include");
        }
        serde_json::from_value(spec).ok()
    }

    /// The last of what fills a field, which is what the spec has.
    pub fn field(&self, path: &str) -> Option<&Field<'_>> {
        self.fields.iter().rev().find(|field| field.path() == path)
    }
}
