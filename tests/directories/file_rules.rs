//! What breaks a file fails the whole read (L2), with the line and without the data (L20); and how each format is read.

use contactsync::api::Membership;
use contactsync::directory::file::{self, FileContent, FileDirectory, FileSettings};
use contactsync::directory::{Directory, Error, ReadQuery};
use contactsync::person::{Person, PersonId};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::conformance::{about, asking, by_id, named, read};
use super::file::open;

fn now<T>(work: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().unwrap().block_on(work)
}

fn all(directory: &FileDirectory) -> Result<Vec<Person>, Error> {
    now(read(directory, &asking(&["name", "mail", "cn"]))).map(|(people, _)| people)
}

fn csv(file: impl Into<bytes::Bytes>) -> FileDirectory {
    open(json!({"format": "CSV", "idField": "id"}), file)
}

fn jsonl(file: impl Into<bytes::Bytes>) -> FileDirectory {
    open(json!({"format": "JSONL", "idField": "id", "groupsField": "groups"}), file)
}

fn ldif(file: impl Into<bytes::Bytes>) -> FileDirectory {
    open(json!({"format": "LDIF", "idField": "entryUUID"}), file)
}

#[track_caller]
fn malformed(directory: &FileDirectory, at: u64, says: &str) {
    match all(directory).unwrap_err() {
        Error::Malformed { line, reason, .. } => {
            assert!(line == at && reason.contains(says), "line {line}: {reason}");
            assert!(!reason.contains("Astrid") && !reason.contains("4711"), "L20: {reason}");
        }
        other => panic!("{other}"),
    }
}

#[track_caller]
fn settings(error: &Error, at: &str, says: &str) {
    match error {
        Error::Settings { field, reason } => assert!(field == at && reason.contains(says), "{field}: {reason}"),
        other => panic!("{other}"),
    }
}

fn values(person: &Person, name: &str) -> Vec<Value> {
    person.attributes.get(name).cloned().unwrap_or_default()
}

#[test]
fn l02_a_missing_quote_swallows_nobody() {
    malformed(&csv("id,name\n1,\"Astrid\n2,Bo\n"), 2, "never closed");
    malformed(&csv("id,name\n1,\"Astrid\n2,\"Bo\"\n"), 3, "doubled");
    malformed(&csv("id,name\n1,Astrid \"Bo\"\n"), 2, "inside an unquoted field");
}

#[test]
fn l02_a_row_of_another_length_fails_the_read() {
    malformed(&csv("id,name,mail\n1,Astrid,a\n2,Astrid\n"), 3, "2 fields where the header has 3");
    malformed(&csv("id,name\n1,Astrid,x\n"), 2, "3 fields");
    malformed(&csv("id,name\n1,\"A\nB\"\n2\n"), 4, "1 fields");
}

#[test]
fn l02_ids_that_are_missing_or_stand_twice_fail_the_read() {
    malformed(&csv("id,name\n4711,Astrid\n2,Bo\n 4711,Bo\n"), 4, "line 2 too");
    malformed(&csv("id,name\n ,Astrid\n"), 2, "idField");
    malformed(&jsonl("{\"id\":\"4711\"}\n\n{\"id\":4711}\n"), 3, "line 1 too");
    malformed(&jsonl("{\"ID\":1,\"name\":\"Astrid\"}\n"), 1, "did you mean \"ID\"?");
    malformed(&jsonl("{\"id\":1.5}\n"), 1, "whole number");
    let person = "dn: cn=Astrid\nobjectClass: person\n";
    malformed(&ldif(format!("{person}entryUUID: 4711\n\n{person}entryUUID: 4711\n")), 5, "line 1 too");
    malformed(&ldif(person), 1, "idField");
}

#[test]
fn l02_bytes_that_are_no_text_fail_the_read() {
    malformed(&csv(&b"id,name\n1,Bo\n2,\xc5sa\n"[..]), 3, "not UTF-8");
    malformed(&csv("id,name\n1,a\0b\n"), 2, "NUL");
    malformed(&csv(&b"\xff\xfei\0d\0"[..]), 1, "UTF-16");
    malformed(&jsonl(&b"{\"id\":1}\n{\"id\":\"\xff\"}\n"[..]), 2, "not UTF-8");
    malformed(&ldif(&b"dn: cn=a\ncn: \xff\n"[..]), 2, "not UTF-8");
}

#[test]
fn l02_a_file_cut_off_fails_the_read() {
    malformed(&jsonl("{\"id\":1}\n{\"id\":2,\"name\":\"Ast"), 2, "not a JSON object");
    malformed(&ldif("dn: cn=a\nobjectClass: person\ncn:: QXN0c"), 3, "base64");
    malformed(&ldif("dn: cn=a\nobjectCla"), 2, "a colon");
    malformed(&csv(""), 1, "empty");
}

/// Found by fuzzing: the last id of a file cut within it was taken for another person's, and the right one for gone.
#[test]
fn l02_a_last_line_without_its_end_fails_the_read() {
    malformed(&csv("name,id\nAstrid,4711\nBo,47"), 3, "no line end");
    malformed(&csv("id,name\n4711,"), 2, "no line end");
    malformed(&csv("id,na"), 1, "no line end");
    let person = "dn: cn=Astrid\nobjectClass: person\nentryUUID: 4711";
    malformed(&ldif(person), 3, "no line end");
    malformed(&ldif(format!("{person}\n\ndn: cn=Bo")), 5, "no line end");
    malformed(&ldif(format!("{person}\n\ndn: cn=Bo\n")), 5, "no objectClass");
    malformed(&csv("name,id\nAstrid,\"4711\""), 2, "no line end");
    for whole in ["name,id\nAstrid,4711\n", "name,id\r\nAstrid,\"4711\"\r\n", "name,id\rAstrid,4711\r"] {
        assert_eq!(all(&csv(whole)).unwrap().len(), 1, "{whole:?}");
    }
    assert_eq!(all(&ldif(format!("{person}\r\n"))).unwrap().len(), 1);
    assert_eq!(all(&jsonl("{\"id\":4711}")).unwrap().len(), 1, "an object ends itself");
}

#[test]
fn l02_fewer_records_than_expected_are_no_whole_read() {
    let file = |least: i64| open(json!({"format": "CSV", "idField": "id", "minRecords": least}), "id\n1\n2\n");
    assert!(all(&file(2)).is_ok());
    let error = all(&file(3)).unwrap_err();
    assert!(matches!(&error, Error::Incomplete { .. }) && error.is_retryable(), "{error}");
}

#[test]
fn l02_a_file_that_changes_meanwhile_is_no_whole_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people.csv");
    let rows = (0..5000).map(|id| format!("{id},n")).collect::<Vec<_>>().join("\n") + "\n";
    std::fs::write(&path, format!("id,name\n{rows}")).unwrap();
    let source = serde_json::from_value(json!({"path": "people.csv", "format": "CSV", "idField": "id"})).unwrap();
    let content = FileContent::Path { path: path.clone(), name: "people.csv".to_owned() };
    let directory = file::open(FileSettings { source, content }).unwrap();
    assert_eq!(all(&directory).unwrap().len(), 5000);
    let query = ReadQuery::default();
    let error = Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(async {
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let append = async {
            receiver.recv().await.unwrap();
            let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
            std::io::Write::write_all(&mut file, b"5000,n\n").unwrap();
            while receiver.recv().await.is_some() {}
        };
        tokio::join!(directory.read(&query, sender), append).0.unwrap_err()
    });
    assert!(matches!(&error, Error::Unavailable { .. }), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert!(all(&directory).unwrap_err().is_retryable(), "a file may be delivered later");
}

#[test]
fn l02_a_group_that_vanished_since_it_was_resolved_fails_the_read() {
    let settings = json!({"format": "CSV", "idField": "id", "groupsField": "groups"});
    let before = open(settings.clone(), "id,groups\n1,Sales\n");
    let query = now(about(&before, &[("Sales", Membership::Direct)]));
    let after = open(settings, "id,groups\n1,\n");
    assert!(matches!(now(read(&after, &query)).unwrap_err(), Error::GroupNotFound { .. }));
}

#[test]
fn columns_that_are_not_there_are_refused_with_the_nearest() {
    let refused = |more: Value, says: &str| {
        let mut wanted = json!({"format": "CSV", "idField": "employeeNumber"});
        wanted.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let field = more.as_object().unwrap().keys().next().unwrap().clone();
        let field = if field == "disabledWhen" { "disabledWhen.attribute".to_owned() } else { field };
        let error = all(&open(wanted, "EmployeeNumber,groups,unit\n1,,\n")).unwrap_err();
        settings(&error, &format!("source.file.{field}"), says);
    };
    refused(json!({"idField": "employeNumber"}), "did you mean \"EmployeeNumber\"?");
    refused(json!({"groupsField": "group"}), "did you mean \"groups\"?");
    refused(json!({"segmentField": "units"}), "did you mean \"unit\"?");
    refused(json!({"disabledWhen": {"attribute": "zzz", "values": ["x"]}}), "no column \"zzz\"");
}

#[test]
fn l20_a_file_without_header_tells_nobody() {
    let error = all(&open(json!({"format": "CSV", "idField": "id"}), "4711,Astrid\n")).unwrap_err();
    assert!(!error.to_string().contains("Astrid") && !error.to_string().contains("4711"), "{error}");
}

#[test]
fn headers_with_a_name_twice_are_refused() {
    malformed(&csv("id,Mail,mail\n"), 1, "column 3");
}

#[test]
fn csv_is_read_in_its_dialects() {
    let options = |csv: Value, file: &[u8]| {
        let settings = json!({"format": "CSV", "idField": "id", "groupsField": "groups", "csv": csv});
        let people = now(read(&open(settings, file.to_vec()), &asking(&["name", "groups"]))).unwrap().0;
        (values(&people[0], "name"), values(&people[0], "groups"))
    };
    let expected = (vec![json!("Åsa; \"Z\"\nÖ")], vec![json!("A"), json!("B")]);
    let text = "\u{feff}id;name;groups\r\n1;\"Åsa; \"\"Z\"\"\nÖ\";A | B|\r\n";
    assert_eq!(options(json!({"delimiter": ";"}), text.as_bytes()), expected);
    let latin = b"id\tname\tgroups\n1\t\"\xc5sa; \"\"Z\"\"\n\xd6\"\tA/B\n";
    assert_eq!(options(json!({"delimiter": "\t", "listSeparator": "/", "encoding": "Latin-1"}), latin), expected);
    let (euro, _) = options(json!({"encoding": "Latin-1"}), b"id,name,groups\n1,\x80,A\n");
    assert_eq!(euro, [json!("€")]);
}

#[test]
fn delimiters_that_cannot_part_fields_are_refused() {
    for delimiter in ["\"", "\n", "é", ""] {
        let source = json!({"format": "CSV", "idField": "id", "csv": {"delimiter": delimiter}});
        let source = serde_json::from_value(source).unwrap();
        let content = FileContent::Bytes { bytes: bytes::Bytes::new(), name: "x".to_owned() };
        let error = file::open(FileSettings { source, content }).unwrap_err();
        settings(&error, "source.file.csv.delimiter", "one ASCII character");
    }
}

#[test]
fn files_are_not_asked_what_they_cannot_answer() {
    let query = |segment: Option<&str>, filter: Option<&str>| ReadQuery {
        segment: segment.map(str::to_owned),
        filter: filter.map(str::to_owned),
        ..ReadQuery::default()
    };
    let fails = |query: &ReadQuery| now(read(&csv("id\n1\n"), query)).unwrap_err();
    settings(&fails(&query(None, Some("(cn=*)"))), "scope.pattern.filter", "use scope.pattern.expression");
    settings(&fails(&query(Some("EMEA"), None)), "source.file.segmentField", "scope.pattern.segment");
    let error = now(csv("id\n1\n").resolve_groups(&[named("Sales")])).unwrap_err();
    settings(&error, "source.file.groupsField", "groups");
}

#[test]
fn json_names_lead_into_objects_unless_a_key_is_spelt_like_them() {
    let file = "{\"id\":7,\"name\":{\"familyName\":\"Berg\"},\"tags\":[\"a\",null,\"\",{\"b\":1}],\"none\":null}\n\
                {\"id\":8,\"name.familyName\":\"Lund\",\"name\":{\"familyName\":\"Berg\"}}";
    let query = asking(&["name.familyName", "name", "tags", "none"]);
    let people = now(by_id(&jsonl(file), &query));
    let (first, second) = (&people[&PersonId::new("7").unwrap()], &people[&PersonId::new("8").unwrap()]);
    assert_eq!(values(first, "name.familyName"), [json!("Berg")]);
    assert_eq!(values(first, "name"), [json!({"familyName": "Berg"})]);
    assert_eq!(values(first, "tags"), [json!("a"), json!({"b": 1})]);
    assert!(!first.attributes.contains_key("none"));
    assert_eq!(values(second, "name.familyName"), [json!("Lund")]);
}

#[test]
fn json_lines_are_bounded_and_strict() {
    malformed(&jsonl(format!("{{\"id\":\"{}\"}}", "x".repeat(1024 * 1024))), 1, "1 MiB");
    malformed(&jsonl("{\"id\":1}\n[1]\n"), 2, "one JSON object");
    malformed(&jsonl("{\"id\":1,\"id\":2}\n"), 1, "stands twice");
    let query = ReadQuery::default();
    assert!(matches!(
        now(read(&jsonl("{\"id\":1,\"groups\":\"Sales\"}"), &query)),
        Err(Error::Malformed { line: 1, .. })
    ));
}

#[test]
fn ldif_is_read_as_rfc_2849_writes_it() {
    let file = "version: 1\r\n# a comment\r\n  that is folded\r\ndn: cn=Astrid,dc=x\r\nobjectclass: top\r\nOBJECTCLASS: inetOrgPerson\r\n\
                entryuuid: 7\r\ncn:: w4VzYQ==\r\ncn: As\r\n trid\r\ncn;lang-en: Other\r\nmail:\r\n\r\n\r\n\
                dn: cn=PC,dc=x\r\nobjectClass: person\r\nobjectClass: computer\r\n\r\n";
    let people = all(&ldif(file)).unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(values(&people[0], "cn"), [json!("Åsa"), json!("Astrid")]);
    assert!(!people[0].attributes.contains_key("mail"));
    assert_eq!(people[0].location.as_deref(), Some("cn=Astrid,dc=x"));
}

#[test]
fn l02_ldif_that_is_no_whole_content_fails_the_read() {
    malformed(&ldif("dn: cn=a\nchangetype: delete\n"), 2, "content records");
    malformed(&ldif("dn: cn=a\njpegPhoto:< file:///etc/passwd\n"), 2, "URL");
    malformed(&ldif("version: 2\n"), 1, "version 1");
    malformed(&ldif("dn: cn=a\nobjectClass: top\n\nsearch: 2\nresult: 4 Size limit exceeded\n"), 4, "-LLL");
    malformed(&ldif("dn: cn=a\nentryUUID: 1\n"), 1, "objectClass");
    malformed(&ldif("dn: Astrid\nobjectClass: person\n"), 1, "RFC 4514");
    malformed(&ldif("dn: cn=a\nobjectClass: top\ndn: cn=b\n"), 3, "blank line");
    let referral = all(&ldif("dn: cn=a\nobjectClass: referral\nref: ldap://b\n")).unwrap_err();
    assert!(matches!(referral, Error::Incomplete { .. }), "{referral}");
    let ranged = "dn: cn=g\nobjectClass: group\ncn: g\nmember;range=0-1499: cn=a\n";
    let error = now(ldif(ranged).resolve_groups(&[named("g")])).unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
}

#[test]
fn l07_an_object_guid_is_written_as_active_directory_writes_it() {
    let file = "dn: cn=a\nobjectClass: user\nobjectClass: person\nobjectGUID:: MyIRAFVEd2aImaq7zN3u/w==\n";
    let people = all(&open(json!({"format": "LDIF", "idField": "objectGUID"}), file)).unwrap();
    assert_eq!(people[0].id.as_str(), "00112233-4455-6677-8899-aabbccddeeff");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for directory in [csv(bytes.clone()), jsonl(bytes.clone()), ldif(bytes)] {
            drop(all(&directory));
        }
    }

    #[test]
    fn no_text_panics(text in "((id|dn|objectClass|version|entryUUID|cn|#)|[\n\r,\":; <{}\\[\\]1a]){0,60}") {
        for directory in [csv(text.clone()), jsonl(text.clone()), ldif(text)] {
            drop(all(&directory));
            drop(now(directory.resolve_groups(&[named("a")])));
        }
    }

    /// Cutting a file anywhere gives fewer people only at the end of a record: never another person, never a panic.
    #[test]
    fn l02_a_cut_never_makes_up_people(cut in 0_usize..70) {
        let whole = "id,name\n11,\"A, \"\"B\"\"\"\n22,Cy\n33,\"D\nE\"\n";
        let cut = cut.min(whole.len());
        if let Ok(people) = all(&csv(whole.as_bytes()[..cut].to_vec())) {
            let before = all(&csv(whole)).unwrap();
            prop_assert!(people.len() <= before.len());
            let changed = people.iter().zip(&before).filter(|(one, other)| one != other).count();
            prop_assert!(changed <= 1, "only an unquoted last cell can be cut without a trace");
        }
    }
}
