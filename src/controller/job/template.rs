//! What a Job is made from: the operator's template, and what every run needs whatever the template says. Pure.

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec};
use kube::ResourceExt;
use thiserror::Error;

use super::super::roster::Name;
use crate::runlog::RunId;

/// The container that runs contactsync; if none is called so, the first one.
const CONTAINER: &str = "contactsync";
/// Longest that a Job lives, in seconds, unless the template says so: a day.
const DEADLINE: i64 = 24 * 60 * 60;
/// How long a Job that ended is kept for whoever wants to look at it, in seconds, unless the template says so: an hour.
const KEPT: i32 = 60 * 60;

/// Whose Jobs they are: the lease name of the controller.
pub(super) const CONTROLLER: &str = "kdesk.seraphex.net/controller";
pub(super) const CONNECTION_UID: &str = "kdesk.seraphex.net/connection-uid";
pub(super) const RUN: &str = "kdesk.seraphex.net/run";
pub(super) const CONNECTION: &str = "kdesk.seraphex.net/connection";
pub(super) const WORKSPACE: &str = "kdesk.seraphex.net/workspace";
pub(super) const WORKSPACE_UID: &str = "kdesk.seraphex.net/workspace-uid";

/// Why a text is no template.
#[derive(Debug, Error)]
pub enum Unfit {
    /// It is no YAML, or no Job.
    #[error("it is no Job: {0}")]
    NoJob(#[from] serde_yaml::Error),
    /// It lacks something.
    #[error("{0}")]
    Lacks(&'static str),
}

/// A Job (batch/v1) as the operator wants it: image, resources, volumes, environment, security, service account.
#[derive(Clone, Debug)]
pub struct JobTemplate(Job);

/// One run that a Job is made for.
pub(super) struct Order<'a> {
    pub(super) name: String,
    pub(super) run: &'a RunId,
    pub(super) connection: &'a Name,
    pub(super) connection_uid: &'a str,
    pub(super) workspace: &'a Name,
    pub(super) workspace_uid: &'a str,
    /// Lease name of the controller.
    pub(super) controller: &'a str,
    /// Flags that are the same for every run.
    pub(super) arguments: &'a [String],
}

impl JobTemplate {
    /// Reads a manifest.
    pub fn parse(yaml: &str) -> Result<Self, Unfit> {
        // The typed reader takes a manifest of any kind whose fields happen to fit.
        let kind: kube::core::TypeMeta = serde_yaml::from_str(yaml)?;
        if (kind.api_version.as_str(), kind.kind.as_str()) != ("batch/v1", "Job") {
            return Err(Unfit::Lacks("apiVersion and kind: it must be a batch/v1 Job"));
        }
        let job: Job = serde_yaml::from_str(yaml)?;
        let pod = job.spec.as_ref().and_then(|spec| spec.template.spec.as_ref());
        if pod.is_none_or(|pod| pod.containers.is_empty()) {
            return Err(Unfit::Lacks("spec.template.spec.containers: name one container, with its image"));
        }
        Ok(Self(job))
    }

    /// The Job of one run.
    pub(super) fn job(&self, order: &Order<'_>) -> Job {
        let mut job = self.0.clone();
        job.metadata.name = Some(order.name.clone());
        // It is made in the controller's own namespace, once.
        job.metadata.namespace = None;
        job.metadata.generate_name = None;
        let labels = labels(order);
        job.labels_mut().extend(labels.clone());
        job.annotations_mut().extend([
            (CONNECTION.to_owned(), order.connection.to_string()),
            (WORKSPACE.to_owned(), order.workspace.to_string()),
            (WORKSPACE_UID.to_owned(), order.workspace_uid.to_owned()),
        ]);
        job.status = None;
        let spec = job.spec.get_or_insert_default();
        once(spec);
        let metadata = spec.template.metadata.get_or_insert_default();
        metadata.labels.get_or_insert_default().extend(labels);
        let pod = spec.template.spec.get_or_insert_default();
        pod.restart_policy = Some("Never".to_owned());
        if let Some(container) = container(pod) {
            let mut arguments = vec!["run-job".to_owned()];
            arguments.extend(["--connection".to_owned(), order.connection.to_string()]);
            arguments.extend(["--run".to_owned(), order.run.to_string()]);
            arguments.extend_from_slice(order.arguments);
            // What the template adds comes last: it may know more of where the process runs.
            arguments.extend(container.args.take().unwrap_or_default());
            container.args = Some(arguments);
        }
        job
    }
}

/// One pod, which is never replaced: whoever sees that it failed decides what comes next.
fn once(spec: &mut JobSpec) {
    spec.backoff_limit = Some(0);
    spec.backoff_limit_per_index = None;
    spec.completion_mode = None;
    spec.completions = Some(1);
    spec.manual_selector = None;
    spec.max_failed_indexes = None;
    spec.parallelism = Some(1);
    // Rules that count a failure as none would make a second pod.
    spec.pod_failure_policy = None;
    spec.pod_replacement_policy = Some("Failed".to_owned());
    spec.selector = None;
    spec.success_policy = None;
    spec.active_deadline_seconds = Some(spec.active_deadline_seconds.unwrap_or(DEADLINE));
    spec.ttl_seconds_after_finished = Some(spec.ttl_seconds_after_finished.unwrap_or(KEPT));
}

fn container(pod: &mut PodSpec) -> Option<&mut Container> {
    let named = pod.containers.iter().position(|container| container.name == CONTAINER);
    pod.containers.get_mut(named.unwrap_or(0))
}

fn labels(order: &Order<'_>) -> Vec<(String, String)> {
    [
        // Not the controller's: Services and disruption budgets select by it.
        ("app.kubernetes.io/name", "contactsync-run"),
        ("app.kubernetes.io/component", "run"),
        ("app.kubernetes.io/managed-by", "contactsync"),
        (CONTROLLER, &label(order.controller)),
        (CONNECTION_UID, order.connection_uid),
        (RUN, order.run.as_str()),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The name of a lease as a label, which is shorter.
pub(super) fn label(lease: &str) -> String {
    if lease.len() <= 63 { lease.to_owned() } else { super::hash(lease) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
apiVersion: batch/v1
kind: Job
metadata: {name: x, namespace: elsewhere, generateName: x-, labels: {team: support, app.kubernetes.io/instance: prod}}
spec:
  backoffLimit: 6
  completions: 5
  parallelism: 5
  completionMode: Indexed
  podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: In, values: [1]}}]}
  template:
    metadata: {labels: {team: support}}
    spec:
      restartPolicy: OnFailure
      serviceAccountName: contactsync
      containers:
        - {name: proxy, image: proxy:1, args: [x]}
        - name: contactsync
          image: contactsync:1
          args: [--log-level, debug]
          resources: {limits: {memory: 1Gi}}
";

    fn made(template: &str) -> Job {
        let run = RunId::parse("20261123t093354507z-aaaaaa").unwrap();
        let (connection, workspace) = (Name::new("support", "emea"), Name::new("shared", "acme"));
        let order = Order {
            name: "contactsync-run".into(),
            run: &run,
            connection: &connection,
            connection_uid: "uid-1",
            workspace: &workspace,
            workspace_uid: "uid-2",
            controller: "contactsync",
            arguments: &["--cluster-name".to_owned(), "prod".to_owned()],
        };
        JobTemplate::parse(template).unwrap().job(&order)
    }

    #[test]
    fn a_job_runs_once_whatever_the_template_says() {
        let spec = made(TEMPLATE).spec.unwrap();
        assert_eq!((spec.backoff_limit, spec.completions, spec.parallelism), (Some(0), Some(1), Some(1)));
        assert_eq!((spec.completion_mode, spec.pod_failure_policy), (None, None));
        assert_eq!(spec.pod_replacement_policy.as_deref(), Some("Failed"));
        assert_eq!((spec.active_deadline_seconds, spec.ttl_seconds_after_finished), (Some(DEADLINE), Some(KEPT)));
        let pod = spec.template.spec.unwrap();
        assert_eq!(pod.restart_policy.as_deref(), Some("Never"));
        let own = TEMPLATE.replace("backoffLimit: 6", "activeDeadlineSeconds: 60\n  ttlSecondsAfterFinished: 5");
        let spec = made(&own).spec.unwrap();
        assert_eq!((spec.active_deadline_seconds, spec.ttl_seconds_after_finished), (Some(60), Some(5)));
    }

    #[test]
    fn a_job_says_whose_run_it_is_and_keeps_what_the_operator_wrote() {
        let job = made(TEMPLATE);
        assert_eq!((job.name_any().as_str(), job.namespace()), ("contactsync-run", None));
        assert_eq!(job.metadata.generate_name, None);
        for (label, value) in [("team", "support"), (CONNECTION_UID, "uid-1"), ("app.kubernetes.io/instance", "prod")] {
            assert_eq!(job.labels()[label], value);
        }
        assert_eq!(job.annotations()[CONNECTION], "support/emea");
        assert_eq!(job.annotations()[WORKSPACE], "shared/acme");
        let template = job.spec.unwrap().template;
        let labels = template.metadata.unwrap().labels.unwrap();
        assert_eq!((labels["team"].as_str(), labels[RUN].as_str()), ("support", "20261123t093354507z-aaaaaa"));
        let pod = template.spec.unwrap();
        assert_eq!(pod.service_account_name.as_deref(), Some("contactsync"));
        assert_eq!(pod.containers[0].args.as_deref(), Some(&["x".to_owned()][..]), "another container's are its own");
        let args = pod.containers[1].args.as_ref().unwrap().join(" ");
        let own = "run-job --connection support/emea --run 20261123t093354507z-aaaaaa";
        assert_eq!(args, format!("{own} --cluster-name prod --log-level debug"));
        assert!(pod.containers[1].resources.is_some());
    }

    #[test]
    fn what_is_no_job_is_refused_with_what_it_lacks() {
        let refused = |yaml: &str| JobTemplate::parse(yaml).unwrap_err().to_string();
        assert!(refused("apiVersion: v1\nkind: Pod\nspec: {containers: []}").contains("batch/v1 Job"));
        assert!(refused("apiVersion: batch/v1\nkind: Job").contains("spec.template.spec.containers"));
        assert!(refused("{").contains("it is no Job"));
    }
}
