//! What a run asks of a desk: no more than its changes need.

use crate::support::house::{House, connection, people};
use crate::support::misbehaving_desk::{MisbehavingDesk, Profile};

const PEOPLE: usize = 500;
const CHANGED: usize = 40;

/// Reads and writes of a run that changes so many contacts, beyond those of a run that changes nothing.
async fn requests(profile: Profile) -> (usize, usize) {
    let desk = MisbehavingDesk::start(profile).await;
    let house = House::before(desk.url.to_string(), "token".into(), tempfile::tempdir().unwrap());
    let staff = connection("staff", "");
    let mut lines = people(PEOPLE);
    house.file(&lines);
    house.succeed(&staff).await;
    let count = || {
        let log = desk.log();
        desk.forget_log();
        let writes = log.iter().filter(|request| request.writes()).count();
        (log.len() - writes, writes)
    };
    count();
    assert_eq!(house.succeed(&staff).await.unchanged, PEOPLE as u64);
    let (reads_at_rest, writes_at_rest) = count();
    assert_eq!(writes_at_rest, 0);
    for line in &mut lines[..CHANGED] {
        line.title = "Wizard".into();
    }
    house.file(&lines);
    assert_eq!(house.succeed(&staff).await.updated, CHANGED as u64);
    let (reads, writes) = count();
    (reads - reads_at_rest, writes)
}

#[tokio::test]
async fn a_change_costs_one_read_and_one_write_at_most() {
    let (reads, writes) = requests(Profile { bulk: None, ..Profile::default() }).await;
    assert!(reads <= 2 && writes == CHANGED, "{reads} reads, {writes} writes");
    // Without filters each is read by itself, and after writing a few are looked at: this desk tells nothing of them.
    let (reads, writes) = requests(Profile { bulk: None, filter: false, ..Profile::default() }).await;
    assert!(reads <= CHANGED + 10 && writes == CHANGED, "{reads} reads, {writes} writes");
}

#[tokio::test]
async fn changes_share_requests_where_the_desk_can() {
    let (reads, writes) = requests(Profile::default()).await;
    assert!(reads <= 2 && writes <= 2, "{reads} reads, {writes} writes");
}
