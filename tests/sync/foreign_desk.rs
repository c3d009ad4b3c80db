//! A desk that somebody else wrote: scim2-server, as published.

use contactsync::api::RunCounts;

use crate::support::house::{House, connection, mail, people};
use crate::support::scim2_server::{Scim2Server, TOKEN};

#[tokio::test]
async fn l14_a_foreign_desk_comes_to_rest() {
    let foreign = Scim2Server::start().await;
    let house = House::before(foreign.base.clone(), TOKEN.into(), tempfile::tempdir().unwrap());
    let staff = connection("staff", "");
    let mut lines = people(12);
    house.file(&lines);
    assert_eq!(house.succeed(&staff).await, RunCounts { created: 12, ..RunCounts::default() });
    let before = house.versions().await;
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 12, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
    lines[1].title = "Manager".into();
    lines[2].mail = mail(20);
    lines[3].title = String::new();
    lines.truncate(11);
    house.file(&lines);
    let counts = house.succeed(&staff).await;
    assert_eq!(counts, RunCounts { updated: 3, deactivated: 1, unchanged: 8, ..RunCounts::default() });
    let contacts = house.contacts().await;
    assert_eq!(contacts[&mail(1)]["title"], "Manager");
    assert!(contacts.contains_key(&mail(20)) && contacts[&mail(3)].get("title").is_none());
    assert_eq!(contacts[&mail(11)]["active"], false);
    let before = house.versions().await;
    assert_eq!(house.succeed(&staff).await, RunCounts { unchanged: 11, ..RunCounts::default() });
    assert_eq!(house.versions().await, before);
}
