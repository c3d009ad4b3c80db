//! When the API server may be asked: it answers `/readyz`, and knows our resources.

use std::time::Duration;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::conditions::is_crd_established;
use kube::runtime::wait::Condition as _;

use super::{Cluster, server};
use crate::support::eventually::{eventually, eventually_within};

const START: Duration = Duration::from_mins(2);

impl Cluster {
    /// Waits until the API server is ready, all its start-up hooks included (RBAC's own roles are one).
    pub(super) async fn ready(&self) {
        let client = &self.client().await;
        eventually_within(START, "the API server to be ready", || async move {
            assert!(!self.apiserver_ended(), "the API server ended: {}", self.log());
            let request = http::Request::get("/readyz").body(Vec::new()).unwrap();
            client.request_text(request).await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// Applies `crds/`, the committed files, and waits until they are served.
    pub(super) async fn apply_definitions(&self) {
        let definitions: Api<CustomResourceDefinition> = Api::all(self.client().await);
        for text in [CONNECTIONS, WORKSPACES, LOG_REQUESTS] {
            let definition: CustomResourceDefinition = serde_yaml::from_str(text).unwrap();
            let name = definition.metadata.name.clone().unwrap();
            definitions.patch(&name, &PatchParams::apply("tests"), &Patch::Apply(&definition)).await.unwrap();
            let (definitions, name) = (&definitions, name.as_str());
            eventually("the resource to be served", || async move {
                let now = definitions.get(name).await.unwrap();
                let established = is_crd_established().matches_object(Some(&now));
                established.then_some(()).ok_or_else(|| format!("{name}: {:?}", now.status))
            })
            .await;
        }
    }

    /// The end of the API server's log.
    fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder().join(server::LOG)).unwrap_or_default();
        let lines: Vec<&str> = log.lines().rev().take(20).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

const CONNECTIONS: &str = include_str!("../../../crds/contactsyncconnections.yaml");
const LOG_REQUESTS: &str = include_str!("../../../crds/contactsynclogrequests.yaml");
const WORKSPACES: &str = include_str!("../../../crds/kdeskworkspaces.yaml");
