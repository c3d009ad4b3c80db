//! What kube-score finds in the pods, each finding mended or answered.

use super::helm::{ci_values, run, template, tool};

/// What is not done, and why.
const ANSWERED: [(&str, &str); 4] = [
    ("container-image-pull-policy", "tags are never moved, and image.digest is there for who wants to be sure"),
    (
        "pod-networkpolicy",
        "networkPolicy.enabled is off unless asked for: its egress must name the ports of the directories",
    ),
    (
        "deployment-replicas",
        "one replica with a ReadWriteOnce claim is the default; kdesk is one process by its nature",
    ),
    ("deployment-strategy", "Recreate, where one node holds the claim"),
];

#[test]
#[ignore = "run by make chart-test, which builds kube-score"]
fn kube_score_finds_nothing_that_is_not_answered() {
    for values in ci_values() {
        let text = template("contactsync", &["-f", values.to_str().unwrap()]).ok();
        let mut command = tool("kube-score");
        command.args(["score", "--output-format", "ci", "--exit-one-on-warning"]);
        // A CPU limit slows a run down when the machine is idle, and keeps nobody else safer than the request does.
        command.arg("--ignore-container-cpu-limit");
        for (check, _why) in ANSWERED {
            // What this file switches on is looked at.
            if check != "pod-networkpolicy" || !values.ends_with("everything-values.yaml") {
                command.args(["--ignore-test", check]);
            }
        }
        let said = run(
            {
                command.arg("-");
                command
            },
            &text,
        );
        let found: Vec<&str> =
            said.out.lines().filter(|line| !line.starts_with("[OK]") && !line.starts_with("[SKIPPED]")).collect();
        assert!(said.code == 0 && found.is_empty(), "{}: {found:#?}{}", values.display(), said.err);
    }
}
