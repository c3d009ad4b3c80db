//! What becomes of a Job: it is made, waited for, and ended where its run may not go on.

use std::time::Duration;

use futures::FutureExt;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{ContainerState, Pod};
use kube::ResourceExt;
use kube::api::{DeleteParams, ListParams, PostParams, PropagationPolicy};
use kube::runtime::wait::await_condition;

use super::super::error::brief;
use super::super::fault::Fault;
use super::template::CONNECTION_UID;
use super::{Jobs, template};

/// The API server is asked again so much later when it did not answer.
const AGAIN: Duration = Duration::from_secs(2);
/// How often a Job that does not begin is looked at again.
const LOOK: Duration = Duration::from_secs(10);
/// How long the end of a Job's pod is waited for. A node that is gone never tells; the run's lease is waited for after.
const GRACE: Duration = Duration::from_mins(2);

/// How a Job came out.
pub(super) enum Fate {
    /// Its process ended, and says that the run did.
    Complete,
    /// Its process ended otherwise, and why, as far as the cluster knows.
    Failed(String),
    /// It did nothing: it could not be made, or never began.
    Nothing(Fault, String),
    /// Its run may not go on.
    Stopped(String),
}

impl Jobs {
    /// Makes a Job, and waits for its end.
    pub(super) async fn carry_out(&self, job: &Job) -> Fate {
        match self.make(job).await {
            Ok(()) => self.over(&job.name_any()).await,
            Err(fate) => fate,
        }
    }

    async fn make(&self, job: &Job) -> Result<(), Fate> {
        loop {
            let Err(error) = self.api.create(&PostParams::default(), job).boxed().await else { return Ok(()) };
            match &error {
                // The answer to the first try was lost.
                kube::Error::Api(status) if status.code == 409 => return Ok(()),
                kube::Error::Api(status) if (400..500).contains(&status.code) && status.code != 429 => {
                    // For the operator alone: it may quote the template.
                    tracing::warn!(job = %job.name_any(), message = %status.message, "a Job was refused");
                    let hint = if status.code == 403 {
                        "the controller may not make Jobs in its namespace, or a quota is used up"
                    } else {
                        "--job-template makes no Job that the cluster takes"
                    };
                    let why = format!("no Job could be made for the run: the API server: {}: {hint}", brief(&error));
                    return Err(Fate::Nothing(Fault::JOB_REFUSED, why));
                }
                _ => {
                    tracing::warn!(job = %job.name_any(), error = %brief(&error), "a Job is not made yet");
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Waits for the end of a Job that was made.
    pub(super) async fn over(&self, name: &str) -> Fate {
        tokio::select! {
            fate = self.ended(name).boxed() => fate,
            why = self.late(name).boxed() => Fate::Nothing(Fault::JOB_NOT_STARTED, why),
        }
    }

    async fn ended(&self, name: &str) -> Fate {
        let is_over = |job: Option<&Job>| job.is_none_or(|job| finished(job).is_some());
        let mut told = false;
        loop {
            let seen = match await_condition(self.api.clone(), name, is_over).boxed().await {
                Ok(seen) => Some(seen),
                Err(error) => {
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(job = name, %error, "a Job cannot be watched: it is looked at now and then");
                    }
                    tokio::time::sleep(AGAIN).await;
                    // The right to get one may be all that there is.
                    self.api.get_opt(name).boxed().await.ok().filter(|job| is_over(job.as_ref()))
                }
            };
            let Some(job) = seen else { continue };
            let Some(job) = job else { return Fate::Failed("its Job was deleted".to_owned()) };
            match finished(&job) {
                Some(Fate::Failed(why)) => return Fate::Failed(format!("{why}{}", self.killed(name).await)),
                Some(fate) => return fate,
                None => {}
            }
        }
    }

    /// Why the process of a Job was killed, in the words of Kubernetes; nothing where it is not known.
    async fn killed(&self, name: &str) -> String {
        let why = of_pods(&self.pods_of(name).await, |state| state.terminated.as_ref()?.reason.clone());
        // That it failed is known.
        why.filter(|why| why != "Error" && why != "Completed").map(|why| format!(", {why}")).unwrap_or_default()
    }

    async fn pods_of(&self, name: &str) -> Vec<Pod> {
        let pods = ListParams::default().labels(&format!("batch.kubernetes.io/job-name={name}"));
        self.pods.list(&pods).await.map(|pods| pods.items).unwrap_or_default()
    }

    /// Waits until a Job should have begun, and says why it has not; for ever where it has.
    async fn late(&self, name: &str) -> String {
        tokio::time::sleep(self.settings.start_patience).await;
        loop {
            match self.api.get_opt(name).await {
                Ok(Some(job)) if !has_begun(&job) => {
                    let seconds = self.settings.start_patience.as_secs();
                    let why = waits_for(&self.pods_of(name).await);
                    return format!("the Job of the run did not begin within {seconds} s: {why}");
                }
                Ok(_) => std::future::pending().await,
                Err(_unreachable) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Deletes a Job, and waits until its process is gone, as far as the cluster can tell.
    pub(super) async fn end(&self, name: &str) {
        let parameters =
            DeleteParams { propagation_policy: Some(PropagationPolicy::Foreground), ..DeleteParams::default() };
        let gone = async {
            loop {
                match self.api.delete(name, &parameters).await {
                    Err(kube::Error::Api(status)) if status.code == 404 => return,
                    Ok(_) => {
                        if await_condition(self.api.clone(), name, |job: Option<&Job>| job.is_none())
                            .boxed()
                            .await
                            .is_ok()
                        {
                            return;
                        }
                    }
                    Err(error) => tracing::warn!(job = name, error = %brief(&error), "a Job is not deleted yet"),
                }
                tokio::time::sleep(AGAIN).await;
            }
        };
        if tokio::time::timeout(GRACE, gone).await.is_err() {
            tracing::warn!(job = name, "a Job is not gone: its lease tells when its process has stopped");
        }
    }

    /// A run's Job, if there is one and it is that of this connection.
    pub(super) async fn find(&self, name: &str, connection_uid: &str) -> Result<Option<Job>, kube::Error> {
        let found = self.api.get_opt(name).boxed().await?;
        Ok(found.filter(|job| job.labels().get(CONNECTION_UID).is_some_and(|uid| uid == connection_uid)))
    }

    /// Jobs of controllers of this name that have not ended.
    pub(super) async fn on(&self) -> Result<Vec<Job>, kube::Error> {
        let ours = format!("{}={}", template::CONTROLLER, template::label(&self.settings.lease.name));
        let jobs = self.api.list(&ListParams::default().labels(&ours)).boxed().await?;
        Ok(jobs.items.into_iter().filter(|job| finished(job).is_none()).collect())
    }
}

/// How a Job ended, if it did.
fn finished(job: &Job) -> Option<Fate> {
    let conditions = job.status.as_ref()?.conditions.as_ref()?;
    let is = |kind: &str| conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True");
    if is("Complete").is_some() {
        return Some(Fate::Complete);
    }
    let failed = is("Failed")?;
    Some(Fate::Failed(format!("its Job failed: {}", failed.reason.as_deref().unwrap_or("no reason given"))))
}

fn has_begun(job: &Job) -> bool {
    let Some(status) = &job.status else { return false };
    finished(job).is_some()
        || [status.ready, status.succeeded, status.failed].into_iter().flatten().any(|pods| pods > 0)
}

/// What pods that do not run wait for, in the words of Kubernetes.
fn waits_for(pods: &[Pod]) -> String {
    let Some(pod) = pods.first() else {
        return "no pod was made of it: see the Events of the Job (quota, admission, service account)".to_owned();
    };
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let unscheduled = conditions
        .and_then(|conditions| conditions.iter().find(|one| one.type_ == "PodScheduled" && one.status == "False"))
        .and_then(|condition| condition.reason.clone());
    let waiting = of_pods(pods, |state| state.waiting.as_ref()?.reason.clone());
    let why = waiting.or(unscheduled).unwrap_or_else(|| "its pod does not run".to_owned());
    format!("{why}: see the Events of its pod")
}

/// What the state of a container says, of the first that says something.
fn of_pods(pods: &[Pod], look: impl Fn(&ContainerState) -> Option<String>) -> Option<String> {
    let statuses = pods.iter().filter_map(|pod| pod.status.as_ref());
    let containers =
        statuses.flat_map(|status| status.init_container_statuses.iter().chain(&status.container_statuses)).flatten();
    containers.filter_map(|container| container.state.as_ref()).find_map(look)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(status: &serde_json::Value) -> Job {
        serde_json::from_value(json!({"metadata": {"name": "x"}, "status": status})).unwrap()
    }

    #[test]
    fn a_job_ends_by_its_conditions_and_begins_with_a_pod_that_runs() {
        let ended =
            |kind| job(&json!({"conditions": [{"type": kind, "status": "True", "reason": "DeadlineExceeded"}]}));
        assert!(matches!(finished(&ended("Complete")), Some(Fate::Complete)));
        assert!(matches!(finished(&ended("Failed")), Some(Fate::Failed(why)) if why.ends_with("DeadlineExceeded")));
        // It was decided, and its pod still runs.
        assert!(finished(&ended("FailureTarget")).is_none() && finished(&job(&json!({"active": 1}))).is_none());
        assert!(
            !has_begun(&job(&json!({"active": 1, "ready": 0}))) && has_begun(&job(&json!({"active": 1, "ready": 1})))
        );
    }

    #[test]
    fn a_job_that_does_not_begin_says_what_it_waits_for() {
        let pod = |status: &serde_json::Value| serde_json::from_value::<Pod>(json!({"status": status})).unwrap();
        let image = json!({"containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
        assert!(waits_for(&[pod(&image)]).starts_with("ImagePullBackOff"));
        let full = json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]});
        assert!(waits_for(&[pod(&full)]).starts_with("Unschedulable"));
        assert!(waits_for(&[]).contains("no pod"));
        let killed = json!({"containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}}]});
        let why = of_pods(&[pod(&killed)], |state| state.terminated.as_ref()?.reason.clone());
        assert_eq!(why.as_deref(), Some("OOMKilled"));
    }
}
