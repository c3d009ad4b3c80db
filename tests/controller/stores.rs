//! Run records in a bucket: an S3 server over its real wire, and a controller that depends on it.

use contactsync::api::RunTrigger;
use contactsync::contact::OwnershipKey;
use contactsync::runlog::{Entry, RunId};
use object_store::{ObjectStoreExt as _, PutPayload};
use serde_json::json;

use super::office::{Office, Operator};
use crate::support::eventually::eventually;
use crate::support::house::people;
use crate::support::s3::{KEY, S3, SECRET};

const BUCKET: &str = "acme-logs";

#[tokio::test]
async fn a_controller_keeps_its_records_in_a_bucket() {
    let office = Office::open("bucket").await;
    let mut s3 = S3::start().await;
    let controller = start(&office, &s3);
    // It is not led astray by a store that is not there yet: it waits, and says so.
    controller.says("--log-store does not work").await;
    assert!(ready(&controller).await.contains("run log store: "));
    s3.create_bucket(BUCKET).await;
    eventually("it is ready", || async {
        let said = ready(&controller).await;
        if said == "ok\n" { Ok(()) } else { Err(said) }
    })
    .await;

    let folder = format!("eu/prod/default_{}_emea", office.namespace);
    // Left by runs long ago: they go, and with them what is no longer referred to.
    let old = ["20200101t000000000z-aaaaaa", "20200102t000000000z-bbbbbb"];
    let bucket = s3.bucket(BUCKET);
    for path in old.iter().flat_map(|id| [format!("{folder}/runs/{id}.json"), format!("{folder}/runs/{id}.jsonl")]) {
        bucket.put(&path.as_str().into(), PutPayload::from_static(b"{}")).await.unwrap();
    }
    office.people(&people(12));
    let hold = json!({"leavers": {"policy": "Deactivate", "hold": {"abovePercent": 1, "aboveCount": 1}}});
    office.connection("emea", &hold).await;
    office.ready("emea", "True", "Succeeded").await;
    office.people(&people(3));
    let status = office.run_now("emea", "leavers").await;
    let (first, second) = (&status.recent_runs[1].id, &status.recent_runs[0].id);
    let objects = s3.objects(BUCKET).await;
    for run in [first, second] {
        assert!(objects.contains(&format!("{folder}/runs/{run}.json")), "{objects:#?}");
        assert!(objects.contains(&format!("{folder}/runs/{run}.jsonl")), "{objects:#?}");
    }
    let plans: Vec<_> = objects.iter().filter(|path| path.contains("/plans/")).collect();
    let hash = status.plan.unwrap().hash.unwrap().replace(':', "");
    assert_eq!(plans, [&format!("{folder}/plans/{hash}.json")]);
    assert!(!objects.iter().any(|path| path.contains("/intents/") || path.contains("_proofs")), "{objects:#?}");
    assert!(!objects.iter().any(|path| old.iter().any(|id| path.contains(id))), "{objects:#?}");

    // Gone for a while: runs fail, nobody is removed, and the process stays.
    s3.kill();
    office.annotate("emea", "without").await;
    office
        .until("emea", "the run fails", |_, status| {
            let ready = super::office::condition(status, "Ready");
            ready.is_some_and(|(is, reason, _)| is == "False" && reason == "RunLogUnavailable")
        })
        .await;
    s3.again().await;
    s3.create_bucket(BUCKET).await;
    office.people(&people(12));
    office.run_now("emea", "back").await;
    let status = office
        .until("emea", "it runs", |_, status| status.last_run.as_ref().is_some_and(|run| run.counts.unchanged == 12))
        .await;
    assert_eq!(status.last_run.unwrap().trigger, RunTrigger::Request);
    assert_eq!(office.house.active().await.len(), 12);
    let said = controller.said();
    assert!(!said.contains(SECRET) && !said.contains(KEY) && !said.contains("Signature"), "{said}");
}

#[tokio::test]
async fn a_log_of_many_parts_is_read_as_it_was_written() {
    let s3 = S3::start().await;
    s3.create_bucket(BUCKET).await;
    let store = s3.store(BUCKET);
    let key = OwnershipKey::new("default/support/emea").unwrap();
    let run = RunId::parse("20261123t093354507z-aaaaaa").unwrap();
    for people in [3, 50_000] {
        let mut log = store.log(&key, &run);
        let time = "2026-11-23T09:33:54Z".parse().unwrap();
        for n in 0..people {
            log.write(time, &Entry::of("created", &format!("p{n}")).saying("x".repeat(80))).await.unwrap();
        }
        assert!(store.raw_log(&key, &run).await.is_err() || people > 3, "it appears when it is closed");
        log.close().await.unwrap();
        let read = store.raw_log(&key, &run).await.unwrap();
        let lines: Vec<&[u8]> = read.split(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), people + 1);
        assert!(lines[people - 1].ends_with(b"x\"}"));
    }
}

fn start(office: &Office, s3: &S3) -> Operator {
    let kubeconfig = office.cluster.kubeconfig_of("controller");
    let store = format!("s3://{BUCKET}/eu/prod");
    let arguments = ["--watch-namespace", &office.namespace, "--release-after", "0s", "--log-store", &store];
    Operator::within(office, &kubeconfig, "bucket", &arguments, &s3.environment())
}

async fn ready(controller: &Operator) -> String {
    let address = controller.serves("metrics and probes").await;
    #[expect(clippy::disallowed_methods, reason = "plain http to this machine")]
    let answer = reqwest::Client::new().get(format!("http://{address}/readyz")).send().await.unwrap();
    answer.text().await.unwrap()
}
