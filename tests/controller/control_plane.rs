//! What the tests of the controller lean on: the control plane of `support::cluster` itself.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, ListParams};

use crate::support::cluster::Cluster;

#[tokio::test]
async fn nobody_may_what_no_role_allows() {
    let cluster = Cluster::shared().await;
    let namespace = cluster.namespace("rbac").await;
    let secrets = |client| Api::<Secret>::namespaced(client, &namespace);
    secrets(cluster.client().await).list(&ListParams::default()).await.unwrap();
    let refused = secrets(cluster.client_as("stranger").await).list(&ListParams::default()).await.unwrap_err();
    let kube::Error::Api(status) = refused else { panic!("{refused}") };
    assert_eq!(status.code, 403, "{}", status.message);
    assert!(status.message.contains("User \"stranger\" cannot list resource \"secrets\""), "{}", status.message);
    // A role by the group of a user.
    for role in [
        &["create", "role", "look", "-n", &namespace, "--verb=list", "--resource=configmaps"][..],
        &["create", "rolebinding", "look", "-n", &namespace, "--role=look", "--group=support-viewers"],
    ] {
        cluster.kubectl(role).await.ok();
    }
    let may = ["auth", "can-i", "list", "configmaps", "-n", &namespace];
    assert_eq!(cluster.kubectl_as("viewer", &may, "").await.out, "yes\n");
    assert_eq!(cluster.kubectl_as("editor", &may, "").await.out, "no\n");
}

#[tokio::test]
async fn a_private_one_stops_and_starts_again_with_what_it_held() {
    let cluster = Cluster::private().await;
    let namespace = cluster.namespace("restarted").await;
    let client = cluster.client().await;
    let maps: Api<ConfigMap> = Api::namespaced(client, &namespace);
    cluster.kubectl(&["create", "configmap", "kept", "-n", &namespace]).await.ok();
    cluster.stop_apiserver();
    maps.get("kept").await.unwrap_err();
    cluster.start_apiserver().await;
    // The same client: it finds the server where it was.
    maps.get("kept").await.unwrap();
    assert!(cluster.kubectl(&["get", "csc", "-A"]).await.code == 0);
}
