//! Every mistake in the table `refused.yaml` is refused, in its line, in words that say what to type.

use contactsync::manifest::Checks;
use serde::Deserialize;

use super::support::{CONNECTION, WORKSPACE, checked, folder, told};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
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

#[test]
fn refuses_each_mistake_in_its_line_and_says_what_to_type() {
    let cases: Vec<Case> = serde_yaml::from_str(include_str!("refused.yaml")).unwrap();
    let mut failures = String::new();
    for Case { case, old, new, line, field, says } in cases {
        assert_eq!(CONNECTION.matches(&old).count(), 1, "{case}: the text to edit is there once");
        let edited = CONNECTION.replace(&old, &new);
        let folder = folder(&[("c.yaml", edited.as_bytes()), ("workspace.yaml", WORKSPACE.as_bytes())]);
        let found = checked(folder.path(), &Checks::default()).diagnostics;
        let right = found.iter().any(|one| {
            let text = one.to_string();
            one.is_error()
                && one.file.ends_with("c.yaml")
                && one.line == line
                && one.field == field
                && says.iter().all(|words| text.contains(words))
        });
        if !right {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            failures += &format!("\n{case}: wanted line {line}, {field}, {says:?}; found\n  {}", found.join("\n  "));
        }
    }
    assert!(failures.is_empty(), "{failures}");
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
