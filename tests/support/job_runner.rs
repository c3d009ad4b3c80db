//! Plays the Job controller and the kubelet of one namespace, of which the control plane of these tests has neither: the
//! container of a Job is really started, as a process of this machine, and the Job's status is set as the real ones do.
#![allow(clippy::print_stdout, reason = "what processes said belongs to the failure")]

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt as _};
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::processes::program;

/// A pod: its process.
struct Pod {
    child: Child,
    asked_to_stop: bool,
}

#[derive(Default)]
struct State {
    /// By the name of the Job.
    pods: HashMap<String, Pod>,
    /// Jobs that were started, in order.
    started: Vec<Job>,
    /// No pod begins: their image cannot be pulled.
    held: bool,
    /// Pods begin, and nobody says so yet.
    unseen: bool,
}

pub struct JobRunner {
    state: Arc<Mutex<State>>,
    task: tokio::task::JoinHandle<()>,
    logs: PathBuf,
}

impl Drop for JobRunner {
    fn drop(&mut self) {
        self.task.abort();
        for pod in self.state().pods.values_mut() {
            drop(pod.child.kill());
            drop(pod.child.wait());
        }
        if std::thread::panicking() {
            println!("{}", self.said());
        }
    }
}

impl JobRunner {
    /// Of this namespace. Processes come to the API server by this kubeconfig, and their logs go to this folder.
    pub async fn start(cluster: &Cluster, namespace: &str, kubeconfig: &Path, logs: &Path) -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let api: Api<Job> = Api::namespaced(cluster.client().await, namespace);
        let (shared, kubeconfig, folder) = (Arc::clone(&state), kubeconfig.to_owned(), logs.to_owned());
        let task = tokio::spawn(async move {
            loop {
                for job in api.list(&ListParams::default()).await.map(|jobs| jobs.items).unwrap_or_default() {
                    let next = step(&job, &shared, &kubeconfig, &folder);
                    carry_out(&api, &job.name_any(), next).await;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self { state, task, logs: logs.to_owned() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// No pod begins from now on, or all do again.
    pub fn hold(&self, held: bool) {
        self.state().held = held;
    }

    /// The status of Jobs tells of no pod from now on, though they run.
    pub fn unseen(&self, unseen: bool) {
        self.state().unseen = unseen;
    }

    /// Jobs that were started, in order.
    pub fn started(&self) -> Vec<Job> {
        self.state().started.clone()
    }

    /// Kills every process that is on.
    pub fn kill(&self) {
        for pod in self.state().pods.values_mut() {
            pod.child.kill().unwrap();
        }
    }

    /// How many processes are on.
    pub fn on(&self) -> usize {
        self.state().pods.values_mut().filter_map(|pod| pod.child.try_wait().unwrap().is_none().then_some(())).count()
    }

    /// What all of them said.
    pub fn said(&self) -> String {
        let logs = self.started().into_iter().map(|job| log_of(&self.logs, &job.name_any()));
        logs.map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect()
    }
}

fn log_of(folder: &Path, job: &str) -> PathBuf {
    folder.join(format!("{job}.log"))
}

/// What is to be written about a Job.
enum Write {
    Nothing,
    Status(Value),
    /// Its pod is gone, and so may it be.
    LetGo,
}

fn step(job: &Job, state: &Mutex<State>, kubeconfig: &Path, logs: &Path) -> Write {
    let name = job.name_any();
    let mut state = state.lock().unwrap();
    let finished = job.status.as_ref().and_then(|status| status.completion_time.as_ref()).is_some()
        || job.status.as_ref().is_some_and(|status| status.failed == Some(1));
    let code = state.pods.get_mut(&name).and_then(|pod| pod.child.try_wait().unwrap());
    if job.metadata.deletion_timestamp.is_some() {
        return match state.pods.get_mut(&name) {
            Some(pod) if code.is_none() => {
                if !pod.asked_to_stop {
                    let id = pod.child.id().to_string();
                    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
                    pod.asked_to_stop = true;
                }
                Write::Nothing
            }
            _ if job.finalizers().is_empty() => Write::Nothing,
            _ => Write::LetGo,
        };
    }
    let now = contactsync::clock::system()();
    match (state.pods.contains_key(&name), code) {
        _ if finished => Write::Nothing,
        (false, _) if state.held => Write::Nothing,
        (false, _) => {
            state.pods.insert(
                name.clone(),
                Pod { child: spawn(job, kubeconfig, &log_of(logs, &name)), asked_to_stop: false },
            );
            state.started.push(job.clone());
            Write::Status(json!({"active": 1, "ready": i32::from(!state.unseen), "startTime": now}))
        }
        (true, None) => Write::Nothing,
        (true, Some(code)) => Write::Status(ended(code.success(), &now.to_string())),
    }
}

/// The API server takes no other order: the decision comes first, then the end.
fn ended(well: bool, now: &str) -> Value {
    let condition = |kind: &str, reason: &str| json!({"type": kind, "status": "True", "reason": reason, "message": "", "lastTransitionTime": now});
    if well {
        let conditions =
            [condition("SuccessCriteriaMet", "CompletionsReached"), condition("Complete", "CompletionsReached")];
        return json!({"active": 0, "ready": 0, "succeeded": 1, "completionTime": now, "conditions": conditions});
    }
    let why = "BackoffLimitExceeded";
    json!({"active": 0, "ready": 0, "failed": 1, "conditions": [condition("FailureTarget", why), condition("Failed", why)]})
}

fn spawn(job: &Job, kubeconfig: &Path, log: &Path) -> Child {
    let pod = job.spec.as_ref().unwrap().template.spec.as_ref().unwrap();
    assert_eq!(pod.restart_policy.as_deref(), Some("Never"));
    let container = &pod.containers[0];
    let mut command = program();
    command
        .args(container.args.as_ref().unwrap())
        .env("KUBECONFIG", kubeconfig)
        .env("POD_NAME", format!("{}-pod", job.name_any()));
    for variable in container.env.iter().flatten() {
        command.env(&variable.name, variable.value.as_deref().unwrap_or_default());
    }
    let log = File::create(log).unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

async fn carry_out(api: &Api<Job>, name: &str, write: Write) {
    let written = match write {
        Write::Nothing => return,
        Write::Status(status) => {
            let patch = json!({"status": status});
            api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch)).await
        }
        Write::LetGo => {
            let patch = json!({"metadata": {"finalizers": null}});
            api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await
        }
    };
    match written {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        // An API server that is being stopped.
        Err(error) => println!("the Job {name}: {error}"),
    }
}
