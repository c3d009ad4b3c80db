//! Requests of the controller, as the API server counts all requests: our own looking on is taken away.

use kube::Client;

use crate::support::cluster::Cluster;

/// What we ask for ourselves: lists.
const OURS: [&str; 2] = ["verb=\"LIST\"", "verb=\"WATCH\""];
/// What the API server asks of itself.
const ITS_OWN: [&str; 5] = [
    "resource=\"leases\"",
    "resource=\"endpointslices\"",
    "resource=\"services\"",
    "resource=\"flowschemas\"",
    ",resource=\"\"",
];

pub struct Requests {
    client: Client,
    before: u64,
}

impl Requests {
    pub async fn of(cluster: &Cluster) -> Self {
        let mut requests = Self { client: cluster.client().await, before: 0 };
        requests.before = requests.count().await;
        requests
    }

    /// Reads and writes of objects since the last look; lists, watches and the lease are not counted.
    pub async fn since(&mut self) -> u64 {
        let now = self.count().await;
        let since = now - self.before;
        self.before = now;
        since
    }

    async fn count(&self) -> u64 {
        let request = http::Request::get("/metrics").body(Vec::new()).unwrap();
        let text = self.client.request_text(request).await.unwrap();
        let lines = text.lines().filter(|line| line.starts_with("apiserver_request_total{"));
        let counted = lines.filter(|line| !OURS.iter().chain(&ITS_OWN).any(|word| line.contains(word)));
        counted.map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap() as u64).sum()
    }
}
