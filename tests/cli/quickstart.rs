//! The README's first command, and what one does next.

use insta::assert_snapshot;

use super::Checkout;

const SYNC: [&str; 5] = ["sync", "-f", "quickstart", "--kdesk", "kdesk.db"];
const PLAN: [&str; 5] = ["plan", "-f", "quickstart", "--kdesk", "kdesk.db"];

#[test]
fn first_run_creates_second_has_nothing_to_do_one_line_is_one_update() {
    let checkout = Checkout::of("quickstart");
    let first = checkout.run(&SYNC);
    assert_eq!(first.code(), 0, "{}", first.err());
    assert_snapshot!(first.shown(), @r"
    support/emea-sales  Succeeded in [time]
      read 122, in scope 110, created 110
    ");
    assert!(first.err().contains("log: contactsync logs support/emea-sales --run "), "{}", first.err());
    let second = checkout.run(&SYNC);
    assert_eq!(second.code(), 0);
    assert_snapshot!(second.shown(), @r"
    support/emea-sales  Succeeded in [time]
      read 122, in scope 110, unchanged 110
      nothing was to do: every contact is in step
    ");
    checkout.edit("quickstart/people.csv", ",Sales Engineer,", ",Principal Engineer,");
    let plan = checkout.run(&PLAN);
    assert_eq!(plan.code(), 1, "changes");
    assert_snapshot!(plan.shown(), @r#"
    support/emea-sales  read 122, in scope 110, updated 1, unchanged 109
      ~ update 10016
          identity.jobTitle: "Sales Engineer" -> "Principal Engineer"
    "#);
    assert_snapshot!(checkout.run(&SYNC).shown(), @r"
    support/emea-sales  Succeeded in [time]
      read 122, in scope 110, updated 1, unchanged 109
    ");
    assert_eq!(checkout.run(&PLAN).code(), 0, "nothing to do");
}

#[test]
fn raw_logs_come_byte_for_byte_and_history_lists_every_run() {
    let checkout = Checkout::of("quickstart");
    checkout.run(&SYNC);
    checkout.run(&SYNC);
    let history = checkout.run(&["history", "emea-sales", "--kdesk", "kdesk.db", "-o", "json"]);
    let runs: serde_json::Value = serde_json::from_str(&history.out()).unwrap();
    let ids: Vec<&str> = runs.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(runs[0]["previous"], ids[1], "newest first");
    let raw = checkout.run(&["logs", "support/emea-sales", "--run", ids[1], "--raw", "--kdesk", "kdesk.db"]);
    let file = checkout.path(&format!("kdesk.db.runs/default_support_emea-sales/runs/{}.jsonl", ids[1]));
    assert_eq!(raw.out(), std::fs::read_to_string(file).unwrap());
    assert_eq!(raw.out().lines().count(), 112, "begin, 110 people, end");
    let words = checkout.run(&["logs", "emea-sales", "--kdesk", "kdesk.db"]);
    assert!(words.out().lines().last().unwrap().contains("Succeeded"), "{}", words.out());
}

#[test]
fn l02_a_broken_row_fails_the_run_and_names_the_line() {
    let checkout = Checkout::of("quickstart");
    checkout.run(&SYNC);
    checkout.edit("quickstart/people.csv", "\n10005,", "\n10005,too,many,fields,");
    let broken = checkout.run(&SYNC);
    assert_eq!(broken.code(), 2);
    assert!(broken.out().contains("people.csv:"), "{}", broken.out());
    assert!(broken.out().contains("nobody was removed"), "{}", broken.out());
}

#[test]
fn a_draft_is_planned_and_never_run() {
    let checkout = Checkout::of("quickstart");
    checkout.edit("quickstart/connection.yaml", "state: Enabled", "state: Draft");
    let run = checkout.run(&SYNC);
    assert_eq!((run.code(), run.out().as_str()), (0, ""));
    assert!(run.err().contains("it is a Draft"), "{}", run.err());
    let plan = checkout.run(&PLAN);
    assert!(plan.out().contains("created 110"), "{}", plan.out());
    assert_eq!(checkout.run(&PLAN).code(), 1, "a plan changes nothing");
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let checkout = Checkout::of("quickstart");
    let token = checkout.run(&["kdesk", "token", "create", "ci", "--db", "kdesk.db"]);
    assert!(token.out().starts_with("kdesk_"), "{}", token.err());
    assert_eq!(checkout.run(&["kdesk", "token", "list", "--db", "kdesk.db"]).out(), "ci\n");
    assert_eq!(checkout.run(&["kdesk", "token", "revoke", "ci", "--db", "kdesk.db"]).code(), 0);
    assert_eq!(checkout.run(&["kdesk", "token", "list", "--db", "kdesk.db"]).out(), "");
    assert_eq!(checkout.run(&["kdesk", "token", "revoke", "ci", "--db", "kdesk.db"]).code(), 2);
}
