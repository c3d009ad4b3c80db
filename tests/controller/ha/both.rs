//! Two controllers that both believe that they lead: somebody turned the election off for two replicas.

use super::replica::{LONG, Replica, SINGLE};
use super::stage::{EMEA, Stage};
use crate::support::between::Then;
use contactsync::api::RunResult;

pub(super) async fn two_controllers_without_an_election_do_no_harm() {
    let stage = Stage::open("both", 40, 60).await;
    let replicas = ["ann", "bob"].map(|name| Replica::start(&stage.office, name, &SINGLE));
    stage.write(10).await.then(Then::GoOn);
    // Both may begin now, and each finds what the other announced.
    for token in ["one", "two"] {
        stage.office.run_now(EMEA, token).await;
    }
    stage
        .office
        .until(EMEA, "nothing is on, and all is well", |_, status| {
            status.last_run.as_ref().is_some_and(|run| run.result == RunResult::Succeeded)
        })
        .await;
    drop(replicas);
    let _carl = Replica::start(&stage.office, "carl", &LONG);
    stage.office.run_now(EMEA, "three").await;
    stage.in_step().await;
    // Who runs what another runs finds its record in another state: the contacts are right all the same.
    stage.changes_nothing_more().await;
}
