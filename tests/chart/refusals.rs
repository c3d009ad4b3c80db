//! What the chart refuses, and in which words.

use super::helm::{chart, ci_values, named, rendered, template};

#[test]
fn each_wrong_value_is_named() {
    let wrong = [
        ("replica=2", "'replica' not allowed"),
        ("replicas=0", "'/replicas': minimum"),
        ("shards=two", "'/shards': got string, want integer"),
        ("image.pullPolicy=always", "'/image/pullPolicy': value must be one of"),
        ("image.digest=sha256:short", "'/image/digest'"),
        ("logs.store.type=HostPath", "'/logs/store/type': value must be one of"),
        ("logs.store.s3.bukket=a", "'bukket' not allowed"),
        ("logs.retention.days=1", "'/logs/retention/days': minimum"),
        ("endpoints.allowedHosts={https://kdesk.example}", "'/endpoints/allowedHosts/0'"),
        ("watchNamespaces={Support}", "'/watchNamespaces/0'"),
        ("releaseAfter=1 minute", "'/releaseAfter'"),
        ("workloadIdentity.serviceAccountNames={*}", "'/workloadIdentity/serviceAccountNames/0'"),
        ("kdesk.workspace.allowedNamespaces.from=Some", "'/kdesk/workspace/allowedNamespaces/from'"),
        ("metrics.prometheusRule.disabled={NoSuchAlert}", "'/metrics/prometheusRule/disabled/0'"),
    ];
    // helm tells all of them at once.
    let arguments: Vec<&str> = wrong.iter().flat_map(|(value, _field)| ["--set", value]).collect();
    let said = template("contactsync", &arguments);
    assert_ne!(said.code, 0);
    for (value, field) in wrong {
        assert!(said.err.contains(field), "{value}: {}", said.err);
    }
}

#[test]
fn values_that_do_not_go_together_are_told_what_to_set() {
    for (values, advice) in [
        ("replicas=2", "Set logs.store.type to S3, GCS or Azure, or accessModes of the claim to [ReadWriteMany]"),
        ("shards=2", "or set replicas=1 and shards=1"),
        ("logs.store.type=EmptyDir,replicas=2", "all pods must see the same"),
        ("logs.store.type=EmptyDir,jobs.enabled=true", "the pods of Jobs must see the run logs"),
        ("logs.store.type=ExistingClaim", "logs.store.existingClaim.name: name the claim"),
        ("logs.store.type=S3", "logs.store.s3.bucket: name the bucket"),
        ("logs.store.type=GCS", "logs.store.gcs.bucket: name the bucket"),
        ("logs.store.type=Azure,logs.store.azure.container=a", "set container and account"),
        ("terminationGracePeriodSeconds=20", "it must be more than shutdownGraceSeconds=20"),
        ("extraCA.configMap=a,extraCA.secret=b", "set configMap or secret, not both"),
        (
            "files.existingClaim=a,files.configMaps[0].name=b,files.configMaps[0].namespace=c",
            "set existingClaim or configMaps, not both",
        ),
        ("metrics.serviceMonitor.enabled=true,metrics.podMonitor.enabled=true", "not both"),
        ("kdesk.workspace.create=true", "set kdesk.enabled=true too"),
        ("kdesk.enabled=true,kdesk.workspace.create=true", "set endpoints.allowPlainHTTP=true too"),
        (
            "kdesk.enabled=true,kdesk.workspace.create=true,endpoints.allowPlainHTTP=true,watchNamespaces={support}",
            "add it to watchNamespaces",
        ),
        (
            "kdesk.enabled=true,kdesk.workspace.create=true,endpoints.allowPlainHTTP=true,endpoints.allowedHosts={a.example}",
            "add contactsync-kdesk.contactsync.svc",
        ),
        ("serviceAccount.create=false", "name the service account to use"),
        ("workloadIdentity.serviceAccountNames={contactsync}", "the controller's own service account"),
    ] {
        let said = template("contactsync", &["--set", values]);
        assert!(said.code != 0 && said.err.contains(advice), "{values}: {}", said.err);
    }
}

#[test]
fn the_chart_and_the_program_have_one_version() {
    let chart: serde_json::Value =
        serde_yaml::from_str(&std::fs::read_to_string(chart().join("Chart.yaml")).unwrap()).unwrap();
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    let objects = rendered(&ci_values()[1]);
    let deployment = named(&objects, "Deployment", "contactsync");
    let image = &deployment["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(image.as_str().unwrap().ends_with(concat!(":", env!("CARGO_PKG_VERSION"))), "{image}");
}
