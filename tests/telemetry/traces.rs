//! Traces, as a collector gets them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use contactsync::telemetry::{LogFormat, Settings, assemble, run_span};

use super::logs::Lines;

type Posts = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

async fn collector() -> (String, Posts) {
    let posts = Posts::default();
    let take = |State(posts): State<Posts>, headers: HeaderMap, body: Bytes| async move {
        posts.lock().unwrap().push((headers, body));
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&posts));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (base, posts)
}

fn settings(collector: &str) -> Settings {
    Settings { format: LogFormat::Json, level: "error".to_owned(), otlp: Some(collector.parse().unwrap()) }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn l20_a_collector_gets_the_run_and_nobody() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let (base, posts) = collector().await;
    let (subscriber, telemetry) = assemble(&settings(&base), std::io::sink).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        run_span("support", "emea", "20260101t000000000z-abcdef").in_scope(|| {
            tracing::info!(target: "contactsync::sync", "the run ended");
            tracing::debug!(target: "contactsync::sync", "debug of ann@acme.example");
            tracing::error!(target: "hyper::client", "error of bob@acme.example");
            tracing::error_span!(target: "hyper::client", "span of cid@acme.example").in_scope(|| ());
        });
    });
    telemetry.shutdown().await;
    let posts = posts.lock().unwrap();
    let [(headers, body)] = posts.as_slice() else { panic!("{} posts", posts.len()) };
    assert_eq!(headers["content-type"], "application/x-protobuf");
    for told in ["run", "support/emea", "20260101t000000000z-abcdef", "service.name", "contactsync", "the run ended"] {
        assert!(holds(body, told), "{told}");
    }
    assert!(!holds(body, "@acme.example"));
    assert!(!holds(body, "code.file") && !holds(body, "thread."), "nothing of the machine or the source either");
}

#[tokio::test]
async fn a_collector_that_is_gone_costs_a_warning_and_no_time() {
    drop(rustls::crypto::ring::default_provider().install_default());
    let lines = Lines::default();
    let writer = lines.clone();
    let settings = Settings { level: "warn".to_owned(), ..settings("http://127.0.0.1:1") };
    let (subscriber, telemetry) = assemble(&settings, move || writer.clone()).unwrap();
    let _guard = tracing::subscriber::set_default(subscriber);
    run_span("support", "emea", "a-run").in_scope(|| ());
    let begun = std::time::Instant::now();
    telemetry.shutdown().await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(20));
    assert!(lines.text().contains("did not reach the collector"), "{}", lines.text());
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    drop(rustls::crypto::ring::default_provider().install_default());
    for wrong in ["ftp://collector.example", "https://me:secret@collector.example", "http://169.254.169.254"] {
        let failure = assemble(&settings(wrong), std::io::sink).err().unwrap().to_string();
        assert!(failure.starts_with("--otlp-endpoint: ") && !failure.contains("secret"), "{failure}");
    }
}
