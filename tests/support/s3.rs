//! An S3 server (moto) on 127.0.0.1. It keeps everything in memory, and forgets it when it is killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use contactsync::runlog::RunStore;
use futures::TryStreamExt as _;
use object_store::ObjectStore;
use object_store::aws::{AmazonS3, AmazonS3Builder};

use super::python::programs;

pub const KEY: &str = "AKIAEXAMPLEEXAMPLE";
pub const SECRET: &str = "correct-horse-battery-staple";

pub struct S3 {
    child: Child,
    pub base: String,
}

impl S3 {
    pub async fn start() -> Self {
        Self::on(0).await
    }

    async fn on(port: u16) -> Self {
        let program = programs().await.join("moto_server");
        let mut child = Command::new(program)
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let messages = BufReader::new(child.stderr.take().unwrap());
        let (found, base) = tokio::sync::oneshot::channel();
        // Read to its end, so that the server may go on writing there.
        std::thread::spawn(move || {
            let mut found = Some(found);
            for line in messages.lines().map_while(Result::ok) {
                if let Some((_, base)) = line.split_once("Running on ")
                    && let Some(found) = found.take()
                {
                    drop(found.send(base.trim().to_owned()));
                }
            }
        });
        Self { child, base: base.await.expect("moto_server did not start") }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again what was killed: same port, no bucket.
    pub async fn again(&mut self) {
        let port = self.base.rsplit_once(':').unwrap().1.parse().unwrap();
        *self = Self::on(port).await;
    }

    pub async fn create_bucket(&self, name: &str) {
        #[expect(clippy::disallowed_methods, reason = "plain http to this machine")]
        let made = reqwest::Client::new().put(format!("{}/{name}", self.base)).send().await.unwrap();
        assert!(made.status().is_success(), "{made:?}");
    }

    /// What the program is started with.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ACCESS_KEY_ID", KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET.to_owned()),
            ("AWS_REGION", "eu-north-1".to_owned()),
            ("AWS_ENDPOINT_URL", self.base.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
        ]
    }

    pub fn bucket(&self, name: &str) -> AmazonS3 {
        let builder = AmazonS3Builder::new().with_bucket_name(name).with_endpoint(&self.base).with_allow_http(true);
        builder.with_access_key_id(KEY).with_secret_access_key(SECRET).with_region("eu-north-1").build().unwrap()
    }

    pub fn store(&self, name: &str) -> RunStore {
        RunStore::in_bucket(Arc::new(self.bucket(name)))
    }

    /// The paths of a bucket's objects, sorted.
    pub async fn objects(&self, name: &str) -> Vec<String> {
        let listed: Vec<_> = self.bucket(name).list(None).try_collect().await.unwrap();
        let mut paths: Vec<String> = listed.into_iter().map(|object| object.location.to_string()).collect();
        paths.sort_unstable();
        paths
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
