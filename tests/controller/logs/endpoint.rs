//! The endpoint itself: what opens a log, and that nothing else does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contactsync::controller::logs::TICKET;
use jiff::SignedDuration;
use kube::api::{Api, DeleteParams};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::scene::{OTHER, Scene, TICKET_OF_ALL};
use crate::controller::support::{connection, connections};
use crate::support::cluster::ADMIN;

const NOW: SignedDuration = SignedDuration::ZERO;
// Later than any namespace was made.
const RUN: &str = "20991123t093354507z-aaaaaa";
const OLD: &str = "20991123t083354507z-bbbbbb";

#[tokio::test]
async fn a_ticket_opens_its_own_request_and_whoever_has_none_learns_nothing() {
    let scene = Scene::open("tickets").await;
    let (namespace, key) = (scene.namespace.clone(), format!("default/{}/emea", scene.namespace));
    let full = format!("{namespace}/emea");
    scene.run(&key, &full, RUN, "newest").await;
    scene.run(&key, &full, OLD, "older").await;
    let at = scene.endpoint(NOW).await;
    // The connection need not be there any more.
    let request = scene.ask("emea", None).await;
    let answer = at.get(&namespace, &request, Some(TICKET_OF_ALL)).await;
    assert_eq!((answer.status, answer.word.as_str()), (200, "log"));
    assert!(answer.body.contains(r#""person":"newest""#), "{answer:?}");
    let older = scene.ask("emea", Some(OLD)).await;
    assert!(at.get(&namespace, &older, Some(TICKET_OF_ALL)).await.body.contains("older"));

    let refused = at.get(&namespace, "log-nobody", Some(TICKET_OF_ALL)).await;
    assert_eq!((refused.status, refused.word.as_str()), (404, "refused"));
    let other = scene.cluster.namespace("elsewhere").await;
    for (namespace, request, ticket) in [
        (namespace.as_str(), request.as_str(), Some(OTHER)),
        (&namespace, &request, None),
        (&other, &request, Some(TICKET_OF_ALL)),
        ("..", &request, Some(TICKET_OF_ALL)),
        (&format!("{other}%2F..%2F{namespace}"), &request, Some(TICKET_OF_ALL)),
        (&namespace, "..%2F..%2Fsecrets%2Fkdesk", Some(TICKET_OF_ALL)),
        (&namespace, &"a".repeat(300), Some(TICKET_OF_ALL)),
    ] {
        assert_eq!(at.get(namespace, request, ticket).await, refused, "{namespace} {request}");
    }
    for path in ["/", "/metrics", "/v1/namespaces", &format!("/v1/namespaces/{namespace}/logrequests/{request}/x")] {
        let ticket = URL_SAFE_NO_PAD.encode(TICKET_OF_ALL);
        assert_eq!(super::scene::told(at.send(path, Some(&ticket)).await).await, refused, "{path}");
    }
    // Five minutes by the controller's clock; the API server's may be a minute ahead of it.
    for (off, opens) in [(-50, true), (-70, false), (290, true), (301, false)] {
        let at = scene.endpoint(SignedDuration::from_secs(off)).await;
        let request = scene.ask("emea", None).await;
        let answer = at.get(&namespace, &request, Some(TICKET_OF_ALL)).await;
        assert_eq!(answer.word == "log", opens, "{off} s: {answer:?}");
        assert!(opens || answer == refused);
    }
    let blind = scene.endpoint_of(NOW, vec![other]).await;
    assert_eq!(blind.get(&namespace, &request, Some(TICKET_OF_ALL)).await, refused, "a namespace that is not watched");
}

#[tokio::test]
async fn a_foreign_ownership_key_opens_nobody_elses_log() {
    let scene = Scene::open("owner").await;
    let thief = scene.cluster.namespace("thief").await;
    let (key, full) = (format!("default/{}/emea", scene.namespace), format!("{}/emea", scene.namespace));
    scene.run(&key, &full, RUN, "secret").await;
    let at = scene.endpoint(NOW).await;
    let steal = connection(&thief, "emea", &json!({"ownershipKey": key}));
    scene.cluster.kubectl_as(ADMIN, &["apply", "-f", "-"], &steal.to_string()).await.ok();
    let mut answers = Vec::new();
    for run in [None, Some(RUN), Some("20260101t000000000z-aaaaaa")] {
        let request = scene.ask_in(&thief, "emea", run).await;
        answers.push(at.get(&thief, &request, Some(TICKET_OF_ALL)).await);
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[2]),
        "a run that is there reads as one that is not: {answers:?}"
    );
    assert_eq!((answers[0].status, answers[0].word.as_str()), (404, "no-run"));
    // Names that end alike, or make the same folder.
    for name in ["x", "merged.emea"] {
        let request = scene.ask_in(&thief, name, Some(RUN)).await;
        assert_eq!(at.get(&thief, &request, Some(TICKET_OF_ALL)).await.word, "no-run");
    }
    // Its own runs it reads, wherever they lie; the others between them are passed over.
    scene.run(&key, &format!("{thief}/emea"), OLD, "own").await;
    let request = scene.ask_in(&thief, "emea", None).await;
    let own = at.get(&thief, &request, Some(TICKET_OF_ALL)).await;
    assert!(own.body.contains("own") && !own.body.contains("secret"), "{own:?}");
    drop(connections(scene.cluster, &thief).await.delete("emea", &DeleteParams::default()).await);
}

#[tokio::test]
async fn a_namespace_that_was_made_anew_does_not_open_the_logs_of_the_one_before() {
    let scene = Scene::open("remade").await;
    let (key, full) = (format!("default/{}/emea", scene.namespace), format!("{}/emea", scene.namespace));
    let before = "20200101t093354507z-aaaaaa";
    scene.run(&key, &full, before, "theirs").await;
    let at = scene.endpoint(NOW).await;
    for run in [None, Some(before)] {
        let request = scene.ask("emea", run).await;
        let answer = at.get(&scene.namespace, &request, Some(TICKET_OF_ALL)).await;
        assert_eq!(answer.word, "no-run", "{answer:?}");
    }
    scene.run(&key, &full, RUN, "own").await;
    let request = scene.ask("emea", None).await;
    assert!(at.get(&scene.namespace, &request, Some(TICKET_OF_ALL)).await.body.contains("own"));
}

#[tokio::test]
async fn an_answer_is_text_that_no_browser_runs_and_no_cache_keeps() {
    let scene = Scene::open("headers").await;
    let (key, full) = (format!("default/{}/emea", scene.namespace), format!("{}/emea", scene.namespace));
    scene.run(&key, &full, RUN, &"<script>".repeat(100_000)).await;
    let at = scene.endpoint(NOW).await;
    let request = scene.ask("emea", None).await;
    let path = format!("/v1/namespaces/{}/logrequests/{request}", scene.namespace);
    let ticket = URL_SAFE_NO_PAD.encode(TICKET_OF_ALL);
    for (ticket, status) in [(Some(ticket.as_str()), 200), (None, 404)] {
        let response = at.send(&path, ticket).await;
        assert_eq!(response.status(), status);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("cache-control"), "no-store");
        if status == 200 {
            assert_eq!(header("x-contactsync-run"), RUN);
            let length: usize = header("content-length").parse().unwrap();
            assert_eq!(response.text().await.unwrap().len(), length);
        }
    }
    scene.drop_log(&key, RUN);
    assert_eq!(at.get(&scene.namespace, &request, Some(TICKET_OF_ALL)).await.word, "no-log");
    // A head that never ends is not read to its end.
    let mut stream = tokio::net::TcpStream::connect(at.address).await.unwrap();
    let endless = format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Long: {}", "x".repeat(64 << 10));
    drop(stream.write_all(endless.as_bytes()).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn readers_of_one_namespace_that_stand_still_keep_no_other_from_reading() {
    let scene = Scene::open("greedy").await;
    let other = scene.cluster.namespace("patient").await;
    let key = |namespace: &str| format!("default/{namespace}/emea");
    // More than the buffers between hold.
    scene.run(&key(&scene.namespace), &format!("{}/emea", scene.namespace), RUN, &"x".repeat(32 << 20)).await;
    scene.run(&key(&other), &format!("{other}/emea"), RUN, "theirs").await;
    let at = scene.endpoint(NOW).await;
    let request = scene.ask("emea", None).await;
    let ticket = URL_SAFE_NO_PAD.encode(TICKET_OF_ALL);
    let mut readers = Vec::new();
    for _ in 0..20 {
        let mut stream = tokio::net::TcpStream::connect(at.address).await.unwrap();
        let head = format!(
            "GET /v1/namespaces/{}/logrequests/{request} HTTP/1.1\r\nHost: x\r\n{TICKET}: {ticket}\r\n\r\n",
            scene.namespace
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut begin = [0; 12];
        stream.read_exact(&mut begin).await.unwrap();
        readers.push((stream, begin));
    }
    let served = readers.iter().filter(|(_, begin)| begin.ends_with(b"200")).count();
    assert!((1..16).contains(&served), "{served}");
    let request = scene.ask_in(&other, "emea", None).await;
    assert_eq!(at.get(&other, &request, Some(TICKET_OF_ALL)).await.word, "log");
}

#[tokio::test]
async fn whoever_tries_many_tickets_is_slowed_down() {
    let scene = Scene::open("guesses").await;
    let at = scene.endpoint(NOW).await;
    let tries = (0..200).map(|_| at.get(&scene.namespace, "log-nobody", Some(OTHER)));
    let answers = futures::future::join_all(tries).await;
    let count = |word: &str| answers.iter().filter(|answer| answer.word == word).count();
    assert_eq!(count("busy") + count("refused"), 200);
    assert!(count("busy") >= 50 && count("refused") >= 16, "{} busy, {} refused", count("busy"), count("refused"));
}

#[tokio::test]
async fn requests_go_when_they_have_expired() {
    let scene = Scene::open("expired").await;
    let (client, namespaces) = (scene.cluster.client_as("admin").await, vec![scene.namespace.clone()]);
    for _ in 0..3 {
        scene.ask("emea", None).await;
    }
    let expire = |off: SignedDuration| {
        let clock = std::sync::Arc::new(move || super::scene::later(off));
        contactsync::controller::logs::expire(client.clone(), namespaces.clone(), clock)
    };
    let until_gone = async {
        crate::support::eventually::eventually("they are gone", || async {
            let left = scene.requests().await;
            if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
        })
        .await;
    };
    {
        // Whoever looks a minute too early deletes nothing: its first look is over when it has listed.
        let early = tokio::time::timeout(std::time::Duration::from_millis(700), expire(SignedDuration::from_secs(350)));
        assert!(early.await.is_err());
        assert_eq!(scene.requests().await.len(), 3);
    }
    tokio::select! {
        () = expire(SignedDuration::from_secs(370)) => unreachable!("it goes on for ever"),
        () = until_gone => {}
    }
    let gone: Api<contactsync::api::ContactSyncConnection> = Api::namespaced(client.clone(), &scene.namespace);
    assert!(gone.get_opt("emea").await.unwrap().is_none());
}
