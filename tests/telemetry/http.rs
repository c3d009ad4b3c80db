//! The controller's pages, asked over the wire.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contactsync::controller::http::{Health, admin, public, serve};
use contactsync::telemetry::{LogFormat, Settings, assemble};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::support::house::client;

struct Served {
    base: String,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
}

async fn served(router: axum::Router) -> Served {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, stop.clone()));
    Served { base, stop, task }
}

impl Served {
    async fn get(&self, path: &str) -> (u16, String) {
        let answer = client().get(format!("{}{path}", self.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn put(&self, path: &str, body: &str) -> (u16, String) {
        let answer = client().put(format!("{}{path}", self.base)).body(body.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

#[tokio::test]
async fn metrics_are_openmetrics() {
    let (registry, metrics) = counted();
    say_everything(&metrics);
    let served = served(public(Arc::new(registry), Health::new(Duration::from_mins(1)))).await;
    let answer = client().get(format!("{}/metrics", served.base)).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert!(text.contains("contactsync_leader{shard=\"1\"} 1\n") && text.ends_with("# EOF\n"), "{text}");
}

#[tokio::test]
async fn readiness_names_what_it_waits_for() {
    let health = Health::new(Duration::from_mins(1));
    health.waits_for("objects", "connections and workspaces have not been listed yet");
    health.waits_for("permissions", "may not list connections: check the ClusterRole");
    let served = served(public(Arc::new(counted().0), health.clone())).await;
    let (status, lines) = served.get("/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(
        lines,
        "objects: connections and workspaces have not been listed yet\n\
         permissions: may not list connections: check the ClusterRole\n"
    );
    health.has("permissions");
    assert_eq!(served.get("/readyz").await.1.lines().count(), 1);
    health.has("objects");
    assert_eq!(served.get("/readyz").await, (200, "ok\n".to_owned()));
    // What was there can be lost again.
    health.waits_for("objects", "the API server does not answer");
    assert_eq!(served.get("/readyz").await.0, 503);
    assert_eq!(served.get("/livez").await.0, 200, "waiting is no reason to be restarted");
}

#[tokio::test]
async fn a_main_loop_that_is_silent_is_dead() {
    let (now, two_minutes) = (Instant::now(), Duration::from_mins(2));
    let health = Health::new(two_minutes);
    assert_eq!(health.silent(now + Duration::from_secs(119)), None);
    assert!(health.silent(now + Duration::from_secs(121)).is_some());
    health.tick(now + Duration::from_mins(1));
    assert_eq!(health.silent(now + Duration::from_secs(121)), None);
    let alive = served(public(Arc::new(counted().0), health)).await;
    assert_eq!(alive.get("/livez").await.0, 200);
    let dead = served(public(Arc::new(counted().0), Health::new(Duration::ZERO))).await;
    let (status, line) = dead.get("/livez").await;
    assert!(status == 503 && line.contains("silent"), "{status} {line}");
}

#[tokio::test]
async fn the_log_level_is_read_and_put_on_the_admin_address_alone() {
    let settings = Settings { format: LogFormat::Text, level: "info".to_owned(), otlp: None };
    let (_subscriber, telemetry) = assemble(&settings, std::io::sink).unwrap();
    let pages = |address: &str| admin(telemetry.level(), address.parse().unwrap());
    let admin = served(pages("127.0.0.1:8081").unwrap()).await;
    assert_eq!(admin.get("/loglevel").await, (200, "info\n".to_owned()));
    assert_eq!(admin.put("/loglevel", "debug\n").await, (200, "debug\n".to_owned()));
    assert_eq!(admin.get("/loglevel").await.1, "debug\n");
    for wrong in ["", "loud", "trace,hyper=trace", &"x".repeat(10_000)] {
        let (status, _) = admin.put("/loglevel", wrong).await;
        assert!((400..500).contains(&status), "{status}");
    }
    assert_eq!(telemetry.level().get(), "debug");
    let public = served(public(Arc::new(counted().0), Health::new(Duration::from_mins(1)))).await;
    assert_eq!(public.get("/loglevel").await.0, 404);
    assert_eq!(public.put("/loglevel", "trace").await.0, 404);
    assert!(pages("[::1]:8081").is_ok());
    for open in ["0.0.0.0:8081", "[::]:8081", "10.0.0.1:8081"] {
        assert!(pages(open).unwrap_err().to_string().contains("use 127.0.0.1"), "{open}");
    }
}

#[tokio::test]
async fn serving_ends_when_it_is_told_to() {
    let served = served(public(Arc::new(counted().0), Health::new(Duration::from_mins(1)))).await;
    assert_eq!(served.get("/readyz").await.0, 200);
    // Half a request, from somebody who stays.
    let mut lazy = tokio::net::TcpStream::connect(served.base.strip_prefix("http://").unwrap()).await.unwrap();
    lazy.write_all(b"GET /metrics HTTP/1.1\r\n").await.unwrap();
    served.stop.cancel();
    served.task.await.unwrap().unwrap();
}
