//! x
use crate::support::cluster::Cluster;

#[tokio::test]
async fn starts() {
    let cluster = Cluster::shared().await;
    println!("{}", cluster.kubectl(&["api-resources"]).await.ok());
}
