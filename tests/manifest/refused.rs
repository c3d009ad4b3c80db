//! Every mistake in the table `refused.yaml` is refused, in its line, in words that say what to type.

use contactsync::manifest::Checks;
use serde::Deserialize;

use super::support::{CONNECTION, WORKSPACE, checked, folder, told};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    old: String,
    new: String,
    line: usize,
    field: String,
    says: Vec<String>,
}

#[test]
fn accepts_the_manifest_that_every_case_edits() {
    let folder = folder(&[("connection.yaml", CONNECTION.as_bytes()), ("workspace.yaml", WORKSPACE.as_bytes())]);
    assert_eq!(told(folder.path(), &Checks::default()), "");
}

/// Every case of the table whose name begins with `law` is refused as it says.
fn refuses(law: &str) {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("refused.yaml")).unwrap();
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.name.starts_with(law)).collect();
    assert!(!cases.is_empty());
    let failures: Vec<String> = cases.into_iter().filter_map(failure).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn failure(Case { name, old, new, line, field, says }: Case) -> Option<String> {
    assert_eq!(CONNECTION.matches(&old).count(), 1, "{name}: the text to edit is there once");
    let edited = CONNECTION.replace(&old, &new);
    let folder = folder(&[("c.yaml", edited.as_bytes()), ("workspace.yaml", WORKSPACE.as_bytes())]);
    let found = checked(folder.path(), &Checks::default()).diagnostics;
    let right = found.iter().any(|one| {
        let text = one.to_string();
        let place = one.file.ends_with("c.yaml") && one.line == line && one.field == field;
        one.is_error() && place && says.iter().all(|words| text.contains(words))
    });
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    (!right).then(|| format!("{name}: wanted line {line}, {field}, {says:?}; found\n  {}", lines.join("\n  ")))
}

#[test]
fn refuses_each_mistake_in_its_line_and_says_what_to_type() {
    refuses("");
}

#[test]
fn l17_letting_in_or_adopting_needs_the_domains_that_the_directory_speaks_for() {
    refuses("L17");
}

#[test]
fn l18_an_empty_scope_is_refused() {
    refuses("L18");
}

#[test]
fn tells_one_mistake_once() {
    for (old, new) in
        [("type: LDAP", "type: Zoho"), ("name: {from: displayName}", "name: {}"), ("{interval", "{interval")]
    {
        let folder =
            folder(&[("c.yaml", CONNECTION.replace(old, new).as_bytes()), ("workspace.yaml", WORKSPACE.as_bytes())]);
        assert!(
            checked(folder.path(), &Checks::default()).diagnostics.len() <= 1,
            "{new}: {}",
            told(folder.path(), &Checks::default())
        );
    }
}

#[test]
fn tells_every_mistake_at_once() {
    let edited = CONNECTION
        .replace("schedule: {cron", "schedule: {interval: 30m, cron")
        .replace("    list: {groups", "    # list: {groups")
        .replace("deletionPolicy: Keep", "deletionPolicy: keep");
    let folder = folder(&[("c.yaml", edited.as_bytes()), ("workspace.yaml", WORKSPACE.as_bytes())]);
    assert_eq!(
        told(folder.path(), &Checks::default()),
        "c.yaml:11: spec.scope: scope.mode is List, so set scope.list and not scope.pattern\n\
         c.yaml:24: spec.schedule: a schedule is exactly one of cron and interval\n\
         c.yaml:26: spec.deletionPolicy: \"keep\" is not supported: did you mean Keep? Supported: Keep, Deactivate and Delete"
    );
}

#[test]
fn accepts_nicknames_and_flags_of_every_kind() {
    for (old, new) in [("*/30 * * * *", "@hourly"), ("*/30 * * * *", "0 6 29 2 *"), ("Europe/Stockholm", "UTC")] {
        let edited = CONNECTION.replace(old, new);
        let folder = folder(&[("c.yaml", edited.as_bytes()), ("workspace.yaml", WORKSPACE.as_bytes())]);
        assert_eq!(told(folder.path(), &Checks::default()), "", "{new}");
    }
}
