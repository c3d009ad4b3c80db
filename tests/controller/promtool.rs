//! Whether Prometheus's own tool takes what a real controller exposes.

use serde_json::json;

use super::office::Office;
use crate::chart::helm::{run, tool};
use crate::support::house::{client, people};

/// `OpenMetrics` in the older text format, which is what promtool reads: as Prometheus's own clients write the one or the
/// other of the same families. Names, helps, types, labels and values stay.
fn classic(open: &str) -> String {
    let mut text = String::new();
    let mut types = std::collections::BTreeMap::new();
    for line in open.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        types.extend(line.split_once(' '));
    }
    for line in open.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "EOF"] | ["#", "UNIT", ..] => {}
            ["#", word, family, rest] => {
                let (suffix, rest) = match (types.get(family), word) {
                    (Some(&"counter"), _) => ("_total", rest),
                    (Some(&"info"), "TYPE") => ("_info", "gauge"),
                    (Some(&"info"), _) => ("_info", rest),
                    _ => ("", rest),
                };
                text.push_str(&format!("# {word} {family}{suffix} {rest}\n"));
            }
            _ => text.push_str(&format!("{line}\n")),
        }
    }
    text
}

#[tokio::test]
#[ignore = "run by make chart-test, which builds promtool"]
async fn what_a_real_controller_exposes_is_right() {
    let office = Office::open("promtool").await;
    office.people(&people(3));
    let controller = office.controller(&[]);
    office.connection("emea", &json!({"schedule": {"cron": "*/30 * * * *"}})).await;
    office.ready("emea", "True", "Succeeded").await;
    let said = regex::Regex::new("serving metrics and probes.*address=([0-9.:]+)").unwrap();
    let said = said.captures(&controller.said()).expect("the log tells the address")[1].to_owned();
    let answer = client().get(format!("http://{said}/metrics")).send().await.unwrap();
    let text = classic(&answer.text().await.unwrap());
    assert!(text.contains("\ncontactsync_runs_total{"), "{text}");
    let mut command = tool("prometheus");
    command.args(["check", "metrics"]);
    let said = run(command, &text);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "", ""), "{text}");
    // It can fail: a counter without its suffix is found.
    let mut command = tool("prometheus");
    command.args(["check", "metrics"]);
    assert_ne!(run(command, &text.replace("contactsync_runs_total", "contactsync_runs")).code, 0);
}
