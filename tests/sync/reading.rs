//! What was not read whole removes nobody.

use contactsync::api::RunResult;

use crate::support::house::{House, connection, people};

const AT_LEAST_THREE: &str = "
source: {type: File, file: {path: people.csv, format: CSV, idField: id, groupsField: groups, minRecords: 3}}
";

/// A run over `csv` after four people were synced: it must fail, and leave every contact as it was.
async fn fails_over(changes: &str, csv: &str) -> String {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&connection("staff", "")).await;
    let before = house.versions().await;
    house.raw_file(csv);
    let summary = house.sync(&connection("staff", changes)).await;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert_eq!(house.versions().await, before);
    summary.message
}

#[tokio::test]
async fn l02_a_broken_line_removes_nobody() {
    let head = "id,displayName,mail,title,groups\np0000,Person 0,person.0@acme.example,Engineer,Staff\n";
    for broken in ["p0001,Person 1", "p0001,\"Person 1,person.1@acme.example,Engineer,Staff\n"] {
        fails_over("", &format!("{head}{broken}")).await;
    }
    let twice = format!("{head}p0000,Person 0,person.0@acme.example,Engineer,Staff\n");
    fails_over("", &twice).await;
    fails_over("", "").await;
}

#[tokio::test]
async fn l02_a_file_that_is_gone_removes_nobody() {
    let house = House::open().await;
    house.file(&people(4));
    let staff = connection("staff", "");
    house.succeed(&staff).await;
    let before = house.versions().await;
    let elsewhere = "source: {type: File, file: {path: gone.csv, format: CSV, idField: id, groupsField: groups}}";
    let summary = house.sync(&connection("staff", elsewhere)).await;
    assert_eq!(summary.result, RunResult::Failed);
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn l02_fewer_records_than_expected_remove_nobody() {
    let csv = "id,displayName,mail,title,groups\np0000,Person 0,person.0@acme.example,Engineer,Staff\n";
    let message = fails_over(AT_LEAST_THREE, csv).await;
    assert!(message.contains("minRecords"), "{message}");
}

#[tokio::test]
async fn l02_a_group_that_is_not_there_fails_the_run() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&connection("staff", "")).await;
    let before = house.versions().await;
    for changes in [
        "scope: {mode: List, list: {groups: [{name: Stuff}]}}",
        "scope: {mode: List, list: {groups: [{name: Staff}]}, exclude: {groups: [{name: Contractors}]}}",
    ] {
        let summary = house.sync(&connection("staff", changes)).await;
        assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
        assert!(summary.message.contains("scope"), "{}", summary.message);
        assert_eq!(house.versions().await, before);
    }
}

#[tokio::test]
async fn l01_addresses_that_everybody_lost_remove_nobody() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(4);
    house.file(&lines);
    house.succeed(&staff).await;
    let before = house.versions().await;
    for line in &mut lines {
        line.mail = String::new();
    }
    house.file(&lines);
    let summary = house.sync(&staff).await;
    assert_eq!((summary.result, summary.counts.skipped), (RunResult::Partial, 4));
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn l01_who_cannot_be_decided_stays() {
    let house = House::open().await;
    let mut lines = people(4);
    for line in &mut lines {
        line.title = "1".into();
    }
    house.file(&lines);
    let counted = |expression: &str| {
        let scope = format!("scope: {{mode: Pattern, pattern: {{expression: \"{expression}\"}}}}");
        connection("staff", &format!("{scope}\nleavers: {{policy: Deactivate, handover: 0s}}"))
    };
    let counted = counted("int(person.title) > 0");
    house.succeed(&counted).await;
    let before = house.versions().await;
    // One fails, one lacks the attribute; nobody is out.
    lines[1].title = "many".into();
    lines[2].title = String::new();
    house.file(&lines);
    let summary = house.sync(&counted).await;
    assert_eq!((summary.result, summary.counts.skipped), (RunResult::Partial, 2), "{summary:#?}");
    assert_eq!(house.versions().await, before);
}

/// What admission would refuse, reaching a run all the same.
#[tokio::test]
async fn l18_an_empty_scope_means_nobody_and_is_refused_by_the_run_itself() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&connection("staff", "")).await;
    let before = house.versions().await;
    for empty in [
        "scope: {mode: List, list: {}}",
        "scope: {mode: List, list: {groups: []}}",
        "scope: {mode: List, list: {groups: [{name: ''}]}}",
        "scope: {mode: List, list: {categories: [], categoryAttribute: title}}",
        "scope: {mode: Pattern, pattern: {}}",
        "scope: {mode: Pattern, pattern: {segment: ''}}",
        "scope: {mode: Pattern, pattern: {filter: ''}}",
        "scope: {mode: Pattern, pattern: {expression: ''}}",
        "scope: {mode: Pattern, pattern: {match: {attribute: title, glob: ''}}}",
        "scope: {mode: List, list: {groups: [{name: Staff}]}, exclude: {}}",
        "scope: {mode: List, list: {groups: [{name: Staff}]}, exclude: {ids: []}}",
        "emailDomains: []",
    ] {
        let summary = house.sync(&connection("staff", empty)).await;
        assert_eq!(summary.result, RunResult::Failed, "{empty}: {summary:#?}");
        assert_eq!(house.versions().await, before, "{empty}");
    }
}

#[tokio::test]
async fn l19_a_run_that_cannot_leave_a_record_changes_nothing_and_is_no_success() {
    let house = House::open().await;
    house.file(&people(4));
    house.succeed(&connection("staff", "")).await;
    let before = house.versions().await;
    house.file(&people(5));
    // A file where the folder of this connection was: nothing can be written below it.
    let folder = house.runs().join("default_support_staff");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let summary = house.sync(&connection("staff", "")).await;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert_eq!(house.versions().await, before);
}
