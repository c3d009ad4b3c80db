//! The file source in its three formats, held to the suite.

use std::fmt::Write as _;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contactsync::api::FileSource;
use contactsync::directory::Directory;
use contactsync::directory::file::{self, FileContent, FileDirectory, FileSettings};
use serde_json::{Map, Value, json};

use super::conformance::{Source, TestGroup, TestPerson};

const COLUMNS: [&str; 5] = ["displayName", "mail", "title", "telephoneNumber", "l"];

/// A file source over bytes, its settings as a manifest writes them.
pub fn open(settings: Value, bytes: impl Into<bytes::Bytes>) -> FileDirectory {
    let source: FileSource = serde_json::from_value(settings).unwrap();
    file::open(FileSettings { source, content: FileContent::Bytes { bytes: bytes.into(), name: "people".to_owned() } })
        .unwrap()
}

fn groups_of<'a>(person: &'a TestPerson, groups: &'a [TestGroup]) -> impl Iterator<Item = &'static str> + 'a {
    groups.iter().filter(|group| group.people.contains(&person.id.as_str())).map(|group| group.name)
}

struct Csv;

#[async_trait]
impl Source for Csv {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let mut file = csv::Writer::from_writer(Vec::new());
        let header = ["employeeNumber", "unit", "status", "groups"].into_iter().chain(COLUMNS);
        file.write_record(header).unwrap();
        for person in people {
            let groups = groups_of(person, groups).collect::<Vec<_>>().join("; ");
            let mut row = vec![person.id.clone(), person.unit.to_owned(), String::new(), groups];
            if person.disabled {
                "Terminated".clone_into(&mut row[2]);
            }
            for column in COLUMNS {
                let values = person.attributes.iter().find(|(name, _)| *name == column).map(|(_, values)| values);
                row.push(values.map(|values| values[0].to_owned()).unwrap_or_default());
            }
            file.write_record(row).unwrap();
        }
        let settings = json!({
            "format": "CSV", "idField": "employeeNumber", "groupsField": "groups", "segmentField": "unit",
            "disabledWhen": {"attribute": "status", "values": ["terminated"]},
        });
        Box::new(open(settings, file.into_inner().unwrap()))
    }

    fn segment(&self, unit: &str) -> String {
        unit.to_owned()
    }
}

struct Jsonl;

#[async_trait]
impl Source for Jsonl {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let mut file = String::new();
        for person in people {
            let mut object = Map::new();
            object.insert("id".to_owned(), json!(person.id));
            object.insert("org".to_owned(), json!({"unit": person.unit, "active": !person.disabled}));
            object.insert("groups".to_owned(), groups_of(person, groups).collect());
            for (name, values) in &person.attributes {
                object.insert((*name).to_owned(), json!(values));
            }
            file.push_str(&Value::Object(object).to_string());
            file.push('\n');
        }
        let settings = json!({
            "format": "JSONL", "idField": "id", "groupsField": "groups", "segmentField": "org.unit",
            "disabledWhen": {"attribute": "org.active", "values": ["false"]},
        });
        Box::new(open(settings, file))
    }

    fn segment(&self, unit: &str) -> String {
        unit.to_owned()
    }
}

struct Ldif;

fn line(file: &mut String, name: &str, value: &str) {
    write!(file, "{name}:: {}\r\n", STANDARD.encode(value)).unwrap();
}

impl Ldif {
    fn place(unit: &str) -> String {
        let steps = unit.rsplit('/').map(|step| format!("ou={step}")).collect::<Vec<_>>();
        steps.join(",") + ",dc=acme,dc=example"
    }

    fn dn(person: &TestPerson) -> String {
        format!("uid={},{}", person.id, Self::place(person.unit))
    }
}

#[async_trait]
impl Source for Ldif {
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory> {
        let mut file = "version: 1\r\n# made by a test\r\n".to_owned();
        for person in people {
            line(&mut file, "dn", &Self::dn(person));
            line(&mut file, "objectClass", "inetOrgPerson");
            line(&mut file, "entryUUID", &person.id);
            line(&mut file, "pager", if person.disabled { "off" } else { "on" });
            for (name, values) in &person.attributes {
                for value in values {
                    line(&mut file, name, value);
                }
            }
            file.push_str("\r\n");
        }
        for group in groups {
            write!(file, "dn: cn={},ou=Groups,dc=acme,dc=example\r\ncn: {}\r\n", group.key, group.name).unwrap();
            file.push_str("objectClass: groupOfNames\r\n");
            for person in people.iter().filter(|person| group.people.contains(&person.id.as_str())) {
                write!(file, "member: {}\r\n", Self::dn(person).to_uppercase()).unwrap();
            }
            for inner in &group.groups {
                write!(file, "member: CN={inner}, OU=Groups, DC=acme, DC=example\r\n").unwrap();
            }
            file.push_str("\r\n");
        }
        let settings = json!({
            "format": "LDIF", "idField": "entryUUID",
            "disabledWhen": {"attribute": "pager", "values": ["OFF"]},
        });
        Box::new(open(settings, file))
    }

    fn segment(&self, unit: &str) -> String {
        Self::place(unit)
    }
}

mod csv_file {
    use super::Csv;
    directory_conformance!(Csv);
    any_case!(Csv);
}

mod jsonl_file {
    use super::Jsonl;
    directory_conformance!(Jsonl);
    many_values!(Jsonl);
}

mod ldif_file {
    use super::Ldif;
    directory_conformance!(Ldif);
    nested_groups!(Ldif);
    many_values!(Ldif);
    ambiguous_groups!(Ldif);
    any_case!(Ldif);
}
