//! The API server is ended and started again.

use contactsync::api::{RunResult, RunTrigger};

use super::replica::{Replica, SINGLE};
use super::stage::{EMEA, Stage};
use crate::support::between::Then;
use crate::support::cluster::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_starts_again_finds_nothing_lost() {
    // Ended with the test process, as its keeper sees to.
    let cluster: &'static Cluster = Box::leak(Box::new(Cluster::private().await));
    let (elected, single) = tokio::join!(
        Stage::within(cluster, "restart-elected", 30, 100),
        Stage::within(cluster, "restart-single", 30, 100),
    );
    let ann = Replica::start(&elected.office, "ann", &[]);
    let bob = Replica::start(&single.office, "bob", &SINGLE);
    let (first, second) = tokio::join!(elected.write(10), single.write(10));
    cluster.stop_apiserver();
    // Without the election nobody else can lead: the run goes on, and its end waits for the API server.
    second.then(Then::GoOn);
    tokio::join!(ann.says("the lease is lost"), bob.says("the end of a run is not in status yet"));
    first.then(Then::GoOn);
    cluster.start_apiserver().await;
    tokio::join!(elected.in_step(), single.in_step());
    let story = elected.story().await;
    assert_eq!(story[0], (RunTrigger::Change, RunResult::Interrupted));
    assert_eq!(story.last(), Some(&(RunTrigger::Retry, RunResult::Succeeded)));
    assert_eq!(single.story().await, [(RunTrigger::Change, RunResult::Succeeded)]);
    // While nothing is on: somebody asks for a run the moment that it is back.
    cluster.stop_apiserver();
    cluster.start_apiserver().await;
    for stage in [&elected, &single] {
        stage.office.run_now(EMEA, "back").await;
        stage.comes_to_rest().await;
    }
    drop((ann, bob));
    cluster.stop_apiserver();
}
