//! A stage whose controllers make Jobs, and somebody who carries them out.

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::replica::Replica;
use super::stage::{EMEA, Stage};
use crate::support::eventually::eventually;
use crate::support::job_runner::JobRunner;

pub(super) const TEMPLATE: &str = "
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      serviceAccountName: contactsync
      containers: [{name: contactsync, image: contactsync:test}]
";

/// A stage whose controllers make Jobs.
pub(super) struct Yard {
    pub(super) stage: Stage,
    pub(super) runner: JobRunner,
    template: String,
}

impl Yard {
    pub(super) async fn open(name: &str, people: usize, rate: u32) -> Self {
        let stage = Stage::open(name, people, rate).await;
        let kubeconfig = stage.office.cluster.kubeconfig_of("controller");
        Self::with(stage, &kubeconfig).await
    }

    pub(super) async fn with(stage: Stage, kubeconfig: &std::path::Path) -> Self {
        stage.office.bind("RoleBinding", "contactsync-jobs").await;
        let folder = stage.office.house.folder();
        let template = folder.join("job.yaml");
        std::fs::write(&template, TEMPLATE).unwrap();
        let runner = JobRunner::start(stage.office.cluster, &stage.office.namespace, kubeconfig, folder).await;
        Self { template: template.display().to_string(), stage, runner }
    }

    /// The connection of the stage asks for a Job.
    pub(super) async fn ask(&self) {
        let patch = json!({"metadata": {"annotations": {"kdesk.seraphex.net/runAs": "Job"}}});
        self.stage.office.connections.patch(EMEA, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    pub(super) fn start(&self, identity: &str, more: &[&str]) -> Replica {
        Replica::start(&self.stage.office, identity, &[&["--job-template", &self.template], more].concat())
    }

    /// The same, where it comes to the API server by this kubeconfig.
    pub(super) fn start_at(&self, kubeconfig: &std::path::Path, identity: &str, more: &[&str]) -> Replica {
        Replica::at(&self.stage.office, kubeconfig, identity, &[&["--job-template", &self.template], more].concat())
    }

    pub(super) async fn jobs(&self) -> Vec<Job> {
        let api: Api<Job> = Api::namespaced(self.stage.office.cluster.client().await, &self.stage.office.namespace);
        api.list(&ListParams::default()).await.unwrap().items
    }

    /// Waits until nothing is on, and the leases of runs are gone.
    pub(super) async fn tidy(&self) {
        let leases: Api<Lease> =
            Api::namespaced(self.stage.office.cluster.client().await, &self.stage.office.namespace);
        eventually("no process is on, and no lease is left of one", || async {
            let left = leases.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
            let left: Vec<String> =
                left.iter().map(ResourceExt::name_any).filter(|name| name.contains("-run-")).collect();
            if left.is_empty() && self.runner.on() == 0 { Ok(()) } else { Err(format!("{left:?}")) }
        })
        .await;
    }
}
