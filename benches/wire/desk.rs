//! The bundled workspace as a process of its own, and the least that a client can do with it: list it without reading
//! what comes, load it with bodies made before.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contactsync::scim;
use futures::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use crate::PROGRAM;

/// As contactsync's own client, by default.
const IN_FLIGHT: usize = 4;
const PAGE: usize = 1000;

pub struct Desk {
    child: Child,
    pub base: String,
    client: reqwest::Client,
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Desk {
    pub fn start(db: &Path) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(["kdesk", "--listen", "127.0.0.1:0", "--no-auth", "--db"])
            .arg(db)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let base = lines.by_ref().find_map(|line| Some(line.unwrap().split_once(" at ")?.1.to_owned())).unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base, client: reqwest::Client::builder().no_proxy().no_gzip().build().unwrap() }
    }

    /// What the process has cost so far: its CPU time.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// Gets every page, and gives each to `look` unread.
    pub async fn pages(&self, mut look: impl FnMut(&[u8])) -> Duration {
        let begin = Instant::now();
        let mut cursor = String::new();
        loop {
            let url = format!("{}/Users?count={PAGE}&cursor={cursor}", self.base);
            let body = self.client.get(url).send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap();
            look(&body);
            match next_cursor(&body) {
                Some(next) => cursor = next,
                None => return begin.elapsed(),
            }
        }
    }

    /// Bulk bodies that would make every contact that is here.
    pub async fn bodies(&self) -> Vec<Vec<u8>> {
        let mut bodies = Vec::new();
        self.pages(|page| {
            let mut page: Value = serde_json::from_slice(page).unwrap();
            let operations: Vec<Value> = page["Resources"]
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .enumerate()
                .map(|(n, user)| {
                    for assigned in ["id", "meta"] {
                        user.as_object_mut().unwrap().shift_remove(assigned);
                    }
                    json!({"bulkId": format!("b{n}"), "method": "POST", "path": "/Users", "data": user.take()})
                })
                .collect();
            let body = json!({"schemas": [scim::BULK_REQUEST], "Operations": operations});
            bodies.push(serde_json::to_vec(&body).unwrap());
        })
        .await;
        bodies
    }

    /// Posts bodies, several in flight, and reads no more of the answers than that they came.
    pub async fn load(&self, bodies: Vec<Vec<u8>>) -> Duration {
        let begin = Instant::now();
        let url = format!("{}/Bulk", self.base);
        let posting = stream::iter(bodies).map(|body| {
            let post = self.client.post(&url).header("Content-Type", scim::MEDIA_TYPE).body(body);
            async move { post.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap() }
        });
        posting.buffer_unordered(IN_FLIGHT).for_each(|_| std::future::ready(())).await;
        begin.elapsed()
    }
}

fn next_cursor(body: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"nextCursor\":\"";
    // It stands before or behind the resources: both ends are looked at, the middle is not.
    let ends = [body.get(..300).unwrap_or(body), body.get(body.len().saturating_sub(300)..).unwrap_or(body)];
    ends.into_iter().find_map(|end| {
        let at = end.windows(NAME.len()).position(|window| window == NAME)? + NAME.len();
        let rest = end.get(at..)?;
        let length = rest.iter().position(|byte| *byte == b'"')?;
        Some(String::from_utf8(rest.get(..length)?.to_vec()).unwrap())
    })
}
