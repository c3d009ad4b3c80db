//! What runs: arguments, volumes, and how the values reach them.

use serde_json::{Value, json};

use super::helm::{ci_values, named, objects, of, rendered, set};

const S3: [&str; 2] = ["logs.store.type=S3", "logs.store.s3.bucket=a"];

fn with<'a>(values: &[&'a str]) -> Vec<&'a str> {
    S3.iter().chain(values).copied().collect()
}

fn container(objects: &[Value], deployment: &str) -> Value {
    named(objects, "Deployment", deployment)["spec"]["template"]["spec"]["containers"][0].clone()
}

fn argument(container: &Value, flag: &str) -> Vec<String> {
    let all = container["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap());
    let of = all.filter_map(|argument| argument.strip_prefix(flag)?.strip_prefix('='));
    of.map(ToOwned::to_owned).collect()
}

fn environment<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    container["env"].as_array().unwrap().iter().find(|variable| variable["name"] == name)?["value"].as_str()
}

#[test]
fn each_shard_is_a_deployment_and_a_change_of_one_does_not_select_anothers_pods() {
    let objects = set(&with(&["shards=3", "replicas=2"]));
    let deployments = of(&objects, "Deployment");
    let names: Vec<_> = deployments.iter().map(|one| one["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["contactsync-0", "contactsync-1", "contactsync-2"]);
    for (shard, deployment) in deployments.iter().enumerate() {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(argument(container, "--shards"), ["3"]);
        assert_eq!(argument(container, "--shard"), [shard.to_string()]);
        assert_eq!(deployment["spec"]["selector"]["matchLabels"]["kdesk.seraphex.net/shard"], shard.to_string());
        assert_eq!(deployment["spec"]["replicas"], 2);
    }
    assert_eq!(of(&objects, "PodDisruptionBudget").len(), 3);
    assert!(argument(&container(&set(&[]), "contactsync"), "--shards").is_empty());
    assert!(of(&set(&[]), "PodDisruptionBudget").is_empty(), "it would keep a node with the one replica from draining");
}

#[test]
fn the_strategy_suits_the_store() {
    for (values, strategy) in [
        (&[][..], "Recreate"),
        (&["logs.store.persistentVolumeClaim.accessModes={ReadWriteMany}"], "RollingUpdate"),
        (&["logs.store.type=EmptyDir"], "Recreate"),
        (&S3, "RollingUpdate"),
    ] {
        let objects = set(values);
        assert_eq!(named(&objects, "Deployment", "contactsync")["spec"]["strategy"]["type"], strategy, "{values:?}");
    }
}

#[test]
fn each_store_is_told_to_the_controller_and_seen_by_jobs() {
    let azure = ["logs.store.type=Azure", "logs.store.azure.container=a", "logs.store.azure.account=b"];
    for (values, url) in [
        (&[][..], "file:///var/lib/contactsync/runs"),
        (&S3, "s3://a/contactsync"),
        (&["logs.store.type=GCS", "logs.store.gcs.bucket=a", "logs.store.gcs.prefix="], "gs://a"),
        (&azure, "az://a/contactsync"),
    ] {
        let jobs = [values, &["jobs.enabled=true"]].concat();
        let objects = set(&jobs);
        let controller = container(&objects, "contactsync");
        assert_eq!(argument(&controller, "--log-store"), [url]);
        let run = job(&objects)["spec"]["template"]["spec"]["containers"][0].clone();
        let mounts = |container: &Value| -> Vec<Value> {
            let mounts = container["volumeMounts"].as_array().unwrap().iter();
            mounts.filter(|mount| mount["name"] != "job-template").cloned().collect()
        };
        assert_eq!(mounts(&controller), mounts(&run), "they see the same");
        assert_eq!(controller["env"], run["env"]);
    }
    let keys = set(&with(&["logs.store.credentialsSecret=keys"]));
    assert_eq!(container(&keys, "contactsync")["envFrom"], json!([{"secretRef": {"name": "keys"}}]));
}

fn job(objects: &[Value]) -> Value {
    let template = named(objects, "ConfigMap", "contactsync-job-template");
    super::helm::objects(template["data"]["job.yaml"].as_str().unwrap()).remove(0)
}

#[test]
fn a_job_runs_the_controllers_image_with_its_own_resources_and_goes_where_the_claim_is() {
    let objects = set(&["jobs.enabled=true", "jobs.above=7", "jobs.resources.limits.memory=3Gi"]);
    let controller = named(&objects, "Deployment", "contactsync")["spec"]["template"]["spec"].clone();
    assert_eq!(argument(&controller["containers"][0], "--job-above"), ["7"]);
    assert_eq!(argument(&controller["containers"][0], "--job-template"), ["/etc/contactsync/job/job.yaml"]);
    let job = job(&objects);
    assert_eq!(job["spec"]["backoffLimit"], 0);
    assert_eq!(job["spec"]["podReplacementPolicy"], "Failed");
    assert_eq!(job["spec"]["ttlSecondsAfterFinished"], 3600);
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never");
    for same in ["securityContext", "serviceAccountName", "volumes"] {
        let of_controller = match &controller[same] {
            Value::Array(volumes) => {
                volumes.iter().filter(|volume| volume["name"] != "job-template").cloned().collect()
            }
            other => other.clone(),
        };
        assert_eq!(pod[same], of_controller, "{same}");
    }
    assert_eq!(pod["containers"][0]["image"], controller["containers"][0]["image"]);
    assert_eq!(pod["containers"][0]["resources"]["limits"]["memory"], "3Gi");
    assert_eq!(pod["containers"][0]["name"], "contactsync", "by this the controller finds the container");
    assert!(pod["containers"][0]["args"].is_null(), "the controller writes them, and would put its own before these");
    assert!(pod["affinity"]["podAffinity"].is_object(), "a ReadWriteOnce claim is on one node");
    let anywhere = set(&with(&["jobs.enabled=true"]));
    assert!(self::job(&anywhere)["spec"]["template"]["spec"]["affinity"].is_null());
}

#[test]
fn a_pod_has_time_to_let_runs_end() {
    for (values, seconds) in
        [(&[][..], 35), (&["shutdownGraceSeconds=120"], 135), (&["terminationGracePeriodSeconds=60"], 60)]
    {
        let objects = set(values);
        let pod = &named(&objects, "Deployment", "contactsync")["spec"]["template"]["spec"];
        assert_eq!(pod["terminationGracePeriodSeconds"], seconds, "{values:?}");
    }
}

#[test]
fn authorities_proxy_and_files_reach_the_pods() {
    let objects = set(&[
        "extraCA.secret=acme-ca",
        "proxy.httpsProxy=http://proxy:3128",
        "proxy.noProxy={10.0.0.0/8}",
        "files.configMaps[0].namespace=support",
        "files.configMaps[0].name=people",
        "files.configMaps[1].namespace=support",
        "files.configMaps[1].name=more",
    ]);
    let container = container(&objects, "contactsync");
    assert_eq!(environment(&container, "SSL_CERT_DIR"), Some("/etc/contactsync/ca"));
    assert_eq!(
        environment(&container, "SSL_CERT_FILE"),
        Some("/etc/ssl/certs/ca-certificates.crt"),
        "the image's own stay"
    );
    assert_eq!(environment(&container, "HTTPS_PROXY"), Some("http://proxy:3128"));
    let direct = environment(&container, "NO_PROXY").unwrap();
    for host in ["localhost", ".svc", "$(KUBERNETES_SERVICE_HOST)", "10.0.0.0/8"] {
        assert!(direct.split(',').any(|part| part == host), "{host} in {direct}");
    }
    let mounts = container["volumeMounts"].as_array().unwrap();
    let files: Vec<_> =
        mounts.iter().filter(|mount| mount["mountPath"] == "/var/lib/contactsync/files/support").collect();
    assert_eq!(files.len(), 1, "one folder of both ConfigMaps");
    assert_eq!(files[0]["readOnly"], true);
}

#[test]
fn the_definitions_are_those_of_the_program_and_are_kept() {
    let objects = set(&["crds.annotations.a=b"]);
    let definitions = of(&objects, "CustomResourceDefinition");
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/crds")).unwrap();
    let mut files = 0;
    for file in folder {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        let wanted = super::helm::objects(&text).remove(0);
        let name = wanted["metadata"]["name"].as_str().unwrap();
        let rendered = named(&objects, "CustomResourceDefinition", name);
        assert_eq!(rendered["spec"], wanted["spec"], "{name}: run make generate");
        assert_eq!(rendered["metadata"]["annotations"], json!({"a": "b", "helm.sh/resource-policy": "keep"}));
        files += 1;
    }
    assert_eq!(definitions.len(), files);
    assert!(of(&set(&["crds.enabled=false"]), "CustomResourceDefinition").is_empty());
    let unkept = set(&["crds.keep=false"]);
    assert!(of(&unkept, "CustomResourceDefinition")[0]["metadata"]["annotations"].is_null());
}

#[test]
fn no_two_objects_have_one_name_and_every_pod_is_selected_by_its_own_deployment() {
    for values in ci_values() {
        let objects = rendered(&values);
        let mut names: Vec<String> = objects
            .iter()
            .map(|object| {
                let metadata = &object["metadata"];
                format!("{} {} {}", object["kind"], metadata["namespace"], metadata["name"])
            })
            .collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{}", values.display());
        for deployment in of(&objects, "Deployment") {
            let labels = &deployment["spec"]["template"]["metadata"]["labels"];
            for (label, value) in deployment["spec"]["selector"]["matchLabels"].as_object().unwrap() {
                assert_eq!(&labels[label], value);
            }
        }
    }
}

#[test]
fn what_is_rendered_for_jobs_is_one_object() {
    assert_eq!(objects("a: b\n---\n").len(), 1);
    let objects = set(&with(&["jobs.enabled=true"]));
    assert_eq!(job(&objects)["kind"], "Job");
}
