//! Run records in a bucket: an S3 server over its real wire, and a controller that depends on it.

use std::sync::{Arc, Mutex};

use contactsync::api::RunTrigger;
use contactsync::contact::OwnershipKey;
use contactsync::runlog::{Entry, RunId};
use object_store::{ObjectStoreExt as _, PutPayload};
use serde_json::json;

use super::office::{Office, Operator};
use crate::support::eventually::eventually;
use crate::support::house::people;
use crate::support::processes::program;
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

    // From a laptop with the bucket's credentials.
    let store = format!("s3://{BUCKET}/eu/prod");
    let read = |command: &str| {
        let mut read = program();
        read.args([command, &format!("{}/emea", office.namespace), "--log-store", &store]).envs(s3.environment());
        String::from_utf8(read.output().unwrap().stdout).unwrap()
    };
    assert!(read("history").contains(first) && read("logs").contains(&format!("run {second}")), "{}", read("logs"));

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

/// Google and Azure are tested as far as this program goes: which server, bucket and prefix the URL and the environment
/// mean, that the credentials are used, and what is made of a refusal.
#[tokio::test]
async fn google_and_azure_are_asked_with_what_the_environment_gives() {
    let office = Office::open("clouds").await;
    let asked: Arc<Mutex<Vec<(String, bool)>>> = Arc::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let notes = Arc::clone(&asked);
    let cloud = axum::Router::new().fallback(async move |request: axum::extract::Request| {
        let path = percent_encoding::percent_decode_str(request.uri().path()).decode_utf8().unwrap();
        let signed =
            request.headers().get("authorization").is_some_and(|value| value.to_str().unwrap().contains("acme"));
        notes.lock().unwrap().push((format!("{} {path}", request.method()), signed));
        (axum::http::StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code><Message>of a secret</Message></Error>")
    });
    tokio::spawn(async move { axum::serve(listener, cloud).await });
    let account = json!({"gcs_base_url": base, "disable_oauth": true, "client_email": "", "private_key": "", "private_key_id": ""});
    let google = vec![("GOOGLE_SERVICE_ACCOUNT_KEY", account.to_string()), ("GOOGLE_ALLOW_HTTP", "true".to_owned())];
    let azure = vec![
        ("AZURE_STORAGE_ACCOUNT_NAME", "acme".to_owned()),
        ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0IGtleQ==".to_owned()),
        ("AZURE_STORAGE_ENDPOINT", base.clone()),
        ("AZURE_ALLOW_HTTP", "true".to_owned()),
    ];
    for (url, environment, path, signs) in [
        ("gs://acme-logs/eu/prod", google, "PUT /acme-logs/eu/prod/_proofs/", false),
        ("az://acme-logs/eu/prod", azure, "PUT /acme-logs/eu/prod/_proofs/", true),
    ] {
        asked.lock().unwrap().clear();
        let kubeconfig = office.cluster.kubeconfig_of("controller");
        let controller = Operator::within(&office, &kubeconfig, "cloud", &["--log-store", url], &environment);
        let said = controller.says("--log-store does not work").await;
        assert!(said.contains("access was denied (AccessDenied)"), "{url}: {said}");
        assert!(!said.contains("of a secret") && !said.contains(&base), "{url}: {said}");
        let (first, signed) = asked.lock().unwrap()[0].clone();
        assert!(first.starts_with(path), "{url}: {first}");
        assert!(signed || !signs, "{url}");
    }
}

#[test]
fn a_store_that_cannot_be_meant_is_told_by_flag_with_what_to_write() {
    for (url, wanted) in [
        ("s4://acme-logs/eu", "gs://bucket/prefix"),
        ("s3://", "s3://bucket/prefix"),
        ("s3://key:hush@acme-logs/eu", "credentials come from the environment"),
        ("az://acme-logs/eu", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("gs://acme-logs/eu", "GOOGLE_"),
    ] {
        let mut command = program();
        command.args(["history", "emea", "--log-store", url]).env("GOOGLE_SERVICE_ACCOUNT", "/nowhere/key.json");
        let said = command.env_remove("AZURE_STORAGE_ACCOUNT_NAME").output().unwrap();
        let text = String::from_utf8(said.stderr).unwrap();
        assert_eq!(said.status.code(), Some(2), "{url}");
        assert!(text.contains("--log-store: ") && text.contains(wanted) && !text.contains("hush"), "{url}: {text}");
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
