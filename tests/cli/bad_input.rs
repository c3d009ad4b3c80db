//! Mistakes of every kind in what a run is given: told with file and field, exit code 2, and every contact stays as
//! it was.

use std::process::Command;

use axum::http::Method;

use super::office::{Office, PEOPLE, private, workspace};
use crate::support::misbehaving_desk::Fault;

/// A mistake, and what must be said of it.
type Mistake = (&'static str, fn(&Office), &'static [&'static str]);

/// What happens to one person only.
type Slip<'a> = (&'static str, &'a dyn Fn(&Office));

const EXPRESSION: &str = "mapping: {preset: Standard, identity: {jobTitle: {expression: \"EXPRESSION\"}}}";

fn expression(office: &Office, expression: &str) {
    office.edit("connection.yaml", "mapping: {preset: Standard}", &EXPRESSION.replace("EXPRESSION", expression));
}

fn laughs() -> String {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    text
}

const MANIFESTS: &[Mistake] = &[
    (
        "a list that never ends",
        |o| o.edit("connection.yaml", "[acme.example]", "[acme.example"),
        &["connection.yaml:", "YAML"],
    ),
    ("a tab", |o| o.edit("connection.yaml", "  state", "\tstate"), &["connection.yaml:6", "spaces"]),
    ("a NUL byte", |o| o.edit("connection.yaml", "Enabled", "En\0abled"), &["connection.yaml:6", "NUL"]),
    ("a billion laughs", |o| o.write("laughs.yaml", laughs()), &["laughs.yaml:", "aliases"]),
    (
        "a manifest of 2 GB",
        |o| std::fs::File::create(o.path("big.yaml")).unwrap().set_len(2 << 30).unwrap(),
        &["big.yaml", "16 MiB"],
    ),
    (
        "a scope that means nobody",
        |o| o.edit("connection.yaml", "[{name: Staff}]", "[]"),
        &["connection.yaml:", "spec.scope"],
    ),
    ("a regex of 100 GB", |o| expression(o, "person.title.matches('(a{9999}){9999}') ? 'x' : 'y'"), &["jobTitle"]),
    (
        "a word that CEL does not have",
        |o| expression(o, "person.title.shout()"),
        &["connection.yaml:", "jobTitle", "shout"],
    ),
    (
        "no Secret",
        |o| std::fs::remove_file(o.path("secret.yaml")).unwrap(),
        &["auth.bearerToken.secretRef", "support/kdesk", "looked in"],
    ),
    (
        "no such key",
        |o| o.edit("secret.yaml", "token:", "tokens:"),
        &["auth.bearerToken.secretRef", "no key token", "tokens"],
    ),
    ("an empty token", |o| o.edit("secret.yaml", "secret-token", "''"), &["auth.bearerToken.secretRef", "empty"]),
    (
        "a token of two lines",
        |o| o.edit("secret.yaml", "secret-token", "\"secret-token\\nx\""),
        &["auth.bearerToken", "line break"],
    ),
    (
        "an authority that is none",
        |o| {
            o.write(
                "workspace.yaml",
                workspace(o.desk.url.as_str(), "  tls: {ca: {configMapRef: {name: ca, key: ca.crt}}}\n"),
            );
            o.write(
                "ca.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: support}\ndata: {ca.crt: nonsense}\n",
            );
        },
        &["tls.ca", "PEM"],
    ),
    (
        "no ConfigMap with the authority",
        |o| {
            o.write(
                "workspace.yaml",
                workspace(o.desk.url.as_str(), "  tls: {ca: {configMapRef: {name: ca, key: ca.crt}}}\n"),
            );
        },
        &["tls.ca.configMapRef", "support/ca"],
    ),
    (
        "a directory that is not there",
        |o| {
            let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let source = format!("source: {{type: LDAP, ldap: {{url: \"ldaps://{closed}\", baseDN: \"dc=acme\"}}}}");
            o.edit(
                "connection.yaml",
                "source: {type: File, file: {path: people.csv, format: CSV, idField: id, groupsField: groups}}",
                &source,
            );
        },
        &["directory: 127.0.0.1:", "cannot be reached", "nobody was removed"],
    ),
];

const PEOPLE_FILES: &[Mistake] = &[
    ("no file", |o| std::fs::remove_file(o.path("people.csv")).unwrap(), &["people.csv", "no such file"]),
    ("an empty file", |o| o.write("people.csv", ""), &["people.csv"]),
    (
        "a header alone",
        |o| o.write("people.csv", "id,displayName,mail,title,groups\n"),
        &["scope.list.groups", "Staff"],
    ),
    ("a row too short", |o| o.edit("people.csv", "p3,Person Three", "p3"), &["people.csv:4"]),
    ("a quote never closed", |o| o.edit("people.csv", "p3,Person", "p3,\"Person"), &["people.csv:4"]),
    ("cut in the middle of a row", |o| o.write("people.csv", &PEOPLE[..PEOPLE.len() - 30]), &["people.csv:5"]),
    ("an id twice", |o| o.edit("people.csv", "p3,", "p2,"), &["people.csv:4", "line 3"]),
    ("no id", |o| o.edit("people.csv", "p3,", ","), &["people.csv:4", "source.file.idField"]),
    ("a NUL byte in a value", |o| o.edit("people.csv", "Person Three", "Person\0Three"), &["people.csv:4", "NUL"]),
    (
        "not UTF-8",
        |o| o.write("people.csv", [PEOPLE.as_bytes(), b"p5,Bj\xf6rn,b@acme.example,x,Staff\n"].concat()),
        &["people.csv"],
    ),
    ("the group is gone", |o| o.write("people.csv", PEOPLE.replace("Staff", "Stuff")), &["scope.list.groups", "Staff"]),
    ("the column is gone", |o| o.edit("people.csv", "groups", "group"), &["groupsField", "group"]),
    (
        "JSON of 100,000 levels",
        |o| {
            o.edit("connection.yaml", "people.csv, format: CSV", "people.jsonl, format: JSONL");
            o.write(
                "people.jsonl",
                format!("{{\"id\": \"p1\", \"groups\": [\"Staff\"], \"x\": {}\n", "[".repeat(100_000)),
            );
        },
        &["people.jsonl:1", "deeper"],
    ),
    (
        "a folder",
        |o| {
            std::fs::remove_file(o.path("people.csv")).unwrap();
            std::fs::create_dir(o.path("people.csv")).unwrap();
        },
        &["people.csv", "no such file"],
    ),
    (
        "a pipe",
        |o| {
            std::fs::remove_file(o.path("people.csv")).unwrap();
            assert!(Command::new("mkfifo").arg(o.path("people.csv")).status().unwrap().success());
        },
        &["people.csv", "no such file"],
    ),
    (
        "a link that leads to itself",
        |o| {
            std::fs::remove_file(o.path("people.csv")).unwrap();
            std::os::unix::fs::symlink("people.csv", o.path("people.csv")).unwrap();
        },
        &["people.csv", "no such file"],
    ),
];

const DESKS: &[Mistake] = &[
    ("401", |o| o.desk.any(0, 9, Fault::status(401)), &["desk: the desk 127.0.0.1:", "401", "check the credentials"]),
    (
        "403",
        |o| o.desk.any(0, 9, Fault::status(403)),
        &["desk: the desk 127.0.0.1:", "403", "what the credentials may do"],
    ),
    (
        "404",
        |o| o.desk.any(0, 9, Fault::status(404)),
        &["desk: the desk 127.0.0.1:", "404", "check the endpoint's path"],
    ),
    (
        "a sign-in page",
        |o| o.desk.any(0, 9, Fault::web_page(200)),
        &["desk: the desk 127.0.0.1:", "web page", "check the endpoint's path"],
    ),
    (
        "elsewhere",
        |o| o.desk.any(0, 9, Fault::with(302, "location", "https://login.example/x?user=ann@acme.example")),
        &["redirects to login.example", "set the endpoint"],
    ),
    (
        "JSON of 100,000 levels",
        |o| o.desk.rule(Method::GET, "/Users", 1, 9, Fault::Deep),
        &["desk: ", "cannot be read"],
    ),
    ("half a listing", |o| o.desk.rule(Method::GET, "/Users", 1, 9, Fault::HalfJson), &["desk: ", "cannot be read"]),
];

async fn all(mistakes: &'static [Mistake]) {
    let office = Office::open().await;
    let office = tokio::task::spawn_blocking(move || {
        for (why, make, words) in mistakes {
            office.reset();
            make(&office);
            let said = office.fails(why);
            for word in *words {
                assert!(said.contains(word), "{why}: {word:?} is not in {said}");
            }
        }
        office
    });
    let office = office.await.unwrap();
    office.reset();
    let ran = tokio::task::spawn_blocking(move || (office.sync(), office)).await.unwrap();
    assert_eq!(ran.0.code(), 0, "once it is mended: {}", ran.0.out());
    assert!(ran.0.out().contains("unchanged 4"), "{}", ran.0.out());
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l19_manifests_that_are_wrong_harm_nobody() {
    all(MANIFESTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l19_files_of_people_that_are_wrong_remove_nobody() {
    all(PEOPLE_FILES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l19_desks_that_are_wrong_lose_nobody() {
    all(DESKS).await;
}

/// One person's own mistake: everybody else is written, the exit code says that somebody was not.
#[tokio::test(flavor = "multi_thread")]
async fn l01_one_persons_mistake_is_theirs_alone() {
    let office = Office::open().await;
    let office = tokio::task::spawn_blocking(move || {
        let long = format!("{}@acme.example", "x".repeat(10_000));
        let cases: [Slip<'_>; 3] = [
            ("an expression that fails for one", &|o| {
                expression(o, "person.title == 'Engineer' ? 'Lead' : string(1 / (size(person.title) - 4))");
                o.edit("people.csv", "person.3@acme.example,Engineer", "person.3@acme.example,None");
            }),
            ("an email of 10,000 characters", &|o| {
                o.write("people.csv", PEOPLE.replace("person.3@acme.example", &long).replace("Engineer", "Manager"));
            }),
            ("a slow regex", &|o| {
                expression(o, "person.title.matches('^(a+)+$') ? 'Runner' : 'Walker'");
                o.edit(
                    "people.csv",
                    "person.3@acme.example,Engineer",
                    &format!("not an address,{}!", "a".repeat(50_000)),
                );
            }),
        ];
        for (why, make) in cases {
            office.reset();
            make(&office);
            let ran = office.sync();
            let said = format!("{}{}", ran.out(), ran.err());
            assert_eq!(ran.code(), 1, "{why}: {said}");
            assert!(said.contains("skipped 1") && said.contains("NotMappable 1"), "{why}: {said}");
            private(why, &said);
            let titles = office.titles();
            assert_eq!(titles.len(), 4, "{why}");
            assert!(office.desk.users().iter().all(|user| user["active"] == serde_json::json!(true)), "{why}");
            let changed = titles.iter().filter(|(_, title)| title != "Engineer").count();
            assert!(changed >= 3, "{why}: the others go on: {titles:?}");
        }
        office
    });
    drop(office.await.unwrap());
}
