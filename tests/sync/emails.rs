//! Addresses that move, and that two people want.

use std::collections::BTreeMap;

use contactsync::api::{RunCounts, RunResult};
use contactsync::scim;
use serde_json::{Value, json};

use crate::support::house::{House, Line, connection, mail, people, person};

/// Which person has which address now, and on which contact.
async fn holders(house: &House) -> BTreeMap<String, (String, Value)> {
    let contacts = house.contacts().await;
    contacts
        .into_iter()
        .map(|(address, contact)| {
            (address, (contact["externalId"].as_str().unwrap().to_owned(), contact["id"].clone()))
        })
        .collect()
}

/// Six people, of whom `moves` get the address of another number.
fn moved(moves: &[(usize, usize)]) -> Vec<Line> {
    let mut lines = people(6);
    for (from, to) in moves {
        lines[*from].mail = mail(*to);
    }
    lines
}

/// After the first run, `moves` must come to pass in one run, in whichever order the lines stand.
async fn comes_to_pass(moves: &[(usize, usize)]) {
    for backwards in [false, true] {
        let house = House::open().await;
        let staff = connection("staff", "");
        house.file(&people(6));
        house.succeed(&staff).await;
        let before = holders(&house).await;
        let mut lines = moved(moves);
        if backwards {
            lines.reverse();
        }
        house.file(&lines);
        let summary = house.sync(&staff).await;
        assert_eq!(summary.result, RunResult::Succeeded, "{}", house.records());
        let after = holders(&house).await;
        for (n, line) in moved(moves).iter().enumerate() {
            assert_eq!(after[&line.mail], before[&mail(n)], "{} went to another contact", line.mail);
        }
        assert_eq!(after.len(), 6);
        assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 6, ..RunCounts::default() });
    }
}

#[tokio::test]
async fn l11_two_people_swap_addresses() {
    comes_to_pass(&[(1, 2), (2, 1)]).await;
}

#[tokio::test]
async fn l11_a_chain_of_three_moves_in_one_run() {
    comes_to_pass(&[(1, 2), (2, 3), (3, 70)]).await;
}

#[tokio::test]
async fn l11_a_cycle_of_three_moves_in_one_run() {
    comes_to_pass(&[(0, 4), (4, 2), (2, 0)]).await;
}

#[tokio::test]
async fn l11_a_swap_gives_portal_access_back() {
    let house = House::open().await;
    let staff = connection("staff", "mapping: {access: {portalAccess: {value: true}}}");
    house.file(&people(6));
    house.succeed(&staff).await;
    house.file(&moved(&[(1, 2), (2, 1)]));
    house.succeed(&staff).await;
    for (name, contact) in house.contacts().await {
        assert_eq!(contact[scim::KDESK_CONTACT]["portalAccess"], true, "{name}");
    }
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 6, ..RunCounts::default() });
}

#[tokio::test]
async fn l11_an_address_parked_by_a_run_that_was_cut_off_heals() {
    let house = House::open().await;
    let staff = connection("staff", "");
    house.file(&people(6));
    house.succeed(&staff).await;
    let before = holders(&house).await;
    let parked = json!([{"op": "replace", "path": "userName", "value": "parked-1@contactsync.invalid"}]);
    house.edit(&mail(1), parked).await;
    house.file(&moved(&[(1, 2), (2, 1)]));
    house.succeed(&staff).await;
    let after = holders(&house).await;
    assert_eq!((&after[&mail(1)], &after[&mail(2)]), (&before[&mail(2)], &before[&mail(1)]));
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 6, ..RunCounts::default() });
}

#[tokio::test]
async fn l14_another_spelling_of_an_address_is_no_change() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&staff).await;
    let before = house.versions().await;
    lines[1].mail = "Person.1@ACME.example".into();
    house.file(&lines);
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 3, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
}

#[tokio::test]
async fn l11_who_holds_a_double_address_keeps_it() {
    let house = House::open().await;
    let staff = connection("staff", "");
    let mut lines = people(3);
    house.file(&lines);
    house.succeed(&staff).await;
    let before = holders(&house).await;
    // Two others want it: one known, one new and with a smaller id.
    lines[0].mail = mail(2);
    lines[0].title = "Manager".into();
    let mut new = person(9);
    new.id = "a0000".into();
    new.mail = mail(2);
    lines.insert(0, new);
    house.file(&lines);
    let summary = house.sync(&staff).await;
    assert_eq!((summary.result, summary.counts.skipped, summary.counts.created), (RunResult::Partial, 2, 0));
    assert!(house.records().contains("DuplicateEmail"));
    assert_eq!(holders(&house).await, before);
    assert_eq!(house.contact(&mail(0)).await["title"], "Manager");
}

#[tokio::test]
async fn l11_of_two_newcomers_the_smaller_id_gets_the_address_in_any_order() {
    for backwards in [false, true] {
        let house = House::open().await;
        let mut lines = people(3);
        lines[2].mail = mail(1);
        if backwards {
            lines.reverse();
        }
        house.file(&lines);
        let summary = house.sync(&connection("staff", "")).await;
        assert_eq!((summary.result, summary.counts.skipped, summary.counts.created), (RunResult::Partial, 1, 2));
        assert_eq!(house.contact(&mail(1)).await["externalId"], "default/support/staff/p0001");
    }
}
