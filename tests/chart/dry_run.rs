//! Whether a real API server takes what the chart renders, and what it says of the pods' security.

use kube::api::{Api, DynamicObject, ObjectMeta, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::{Value, json};

use super::helm::{ci_values, objects, template};
use crate::support::cluster::{ADMIN, Cluster, Said};
use crate::support::eventually::eventually;

/// The kinds of the Prometheus operator, as permissive definitions: their fields are the operator's to check.
const OPERATOR: [(&str, &str); 3] =
    [("ServiceMonitor", "servicemonitors"), ("PodMonitor", "podmonitors"), ("PrometheusRule", "prometheusrules")];

async fn define_operator_kinds(cluster: &Cluster) {
    let kind = GroupVersionKind::gvk("apiextensions.k8s.io", "v1", "CustomResourceDefinition");
    let api: Api<DynamicObject> = Api::all_with(cluster.client().await, &ApiResource::from_gvk(&kind));
    for (kind, plural) in OPERATOR {
        let name = format!("{plural}.monitoring.coreos.com");
        let anything = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": name},
            "spec": {"group": "monitoring.coreos.com", "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(), "listKind": format!("{kind}List")},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": anything}}]},
        });
        api.patch(&name, &PatchParams::apply("tests").force(), &Patch::Apply(&definition)).await.unwrap();
        eventually("the kind to be served", || async {
            let served = cluster.kubectl(&["get", plural, "--all-namespaces"]).await;
            (served.code == 0).then_some(()).ok_or(served.err)
        })
        .await;
    }
}

/// A namespace that warns of every pod that is not restricted.
async fn restricted(cluster: &Cluster, name: &str) {
    let namespace = k8s_openapi::api::core::v1::Namespace {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some([("pod-security.kubernetes.io/warn".to_owned(), "restricted".to_owned())].into()),
            ..ObjectMeta::default()
        },
        ..k8s_openapi::api::core::v1::Namespace::default()
    };
    let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(cluster.client().await);
    api.patch(name, &PatchParams::apply("tests"), &Patch::Apply(&namespace)).await.unwrap();
}

#[tokio::test]
async fn a_real_api_server_takes_every_ci_values_file_and_finds_every_pod_restricted() {
    let cluster = Cluster::shared().await;
    define_operator_kinds(cluster).await;
    for namespace in ["contactsync", "support", "sales", "monitoring"] {
        restricted(cluster, namespace).await;
    }
    let all = ci_values().into_iter().map(|values| {
        let text = template("contactsync", &["-f", values.to_str().unwrap()]).ok();
        format!("{text}\n---\n{}\n", job(&objects(&text)))
    });
    let all: Vec<String> = all.collect();
    let said = dry_run(cluster, &all.join("---\n")).await;
    if (said.code, said.err.as_str()) != (0, "") {
        // All at once is quicker; which of them it is shows one by one.
        for (values, text) in ci_values().iter().zip(&all) {
            let said = dry_run(cluster, text).await;
            assert_eq!((said.code, said.err.as_str()), (0, ""), "{}: {}", values.display(), said.out);
        }
    }
    let taken = said.out.lines().filter(|line| line.ends_with("serverside-applied (server dry run)")).count();
    assert_eq!(taken, all.iter().map(|text| objects(text).len()).sum::<usize>(), "{}", said.out);
}

/// Not validated by kubectl, but strictly by the server.
async fn dry_run(cluster: &Cluster, text: &str) -> Said {
    let apply = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    cluster.kubectl_as(ADMIN, &apply, text).await
}

/// The Job that the controller would make of its template.
fn job(rendered: &[Value]) -> Value {
    let template = rendered.iter().find(|object| !object["data"]["job.yaml"].is_null());
    let Some(template) = template else { return Value::Null };
    let mut job = objects(template["data"]["job.yaml"].as_str().unwrap()).remove(0);
    job["metadata"]["name"] = "a-run".into();
    job
}
