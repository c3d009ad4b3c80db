//! Runs by the clock. Nobody waits a minute: status says that the last run is long ago, and a controller starts.

use contactsync::api::{RunReport, RunTrigger};
use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::office::{Office, from_file};
use crate::support::house::people;

/// As if a controller had run it last at `time`.
async fn ran(office: &Office, name: &str, time: Timestamp) {
    let at = time.round(jiff::Unit::Second).unwrap().to_string();
    let run = json!({"id": "before", "trigger": "Schedule", "generation": 1, "startTime": at, "endTime": at, "result": "Succeeded"});
    let ready = json!({"type": "Ready", "status": "True", "reason": "Succeeded", "message": "in step",
        "lastTransitionTime": at, "observedGeneration": 1});
    let status =
        json!({"status": {"observedGeneration": 1, "lastRun": run, "recentRuns": [run], "conditions": [ready]}});
    office.connections.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
}

#[tokio::test]
async fn a_controller_that_was_down_for_a_day_runs_each_connection_once() {
    let office = Office::open("down").await;
    #[expect(clippy::disallowed_methods, reason = "the controller's clock is the system's")]
    let now = Timestamp::now();
    let day = SignedDuration::from_hours(24);
    for (at, (name, schedule, last)) in [
        ("cron", json!({"cron": "*/10 * * * *"}), now - day),
        ("interval", json!({"interval": "1m"}), now - day),
        ("leap", json!({"cron": "0 4 29 2 *"}), now - SignedDuration::from_mins(1)),
        ("never", json!(null), now - day),
    ]
    .into_iter()
    .enumerate()
    {
        office.people_of(&format!("{name}.csv"), &people(2 * at + 2)[2 * at..]);
        let schedule = if schedule.is_null() { json!({}) } else { json!({"schedule": schedule}) };
        office.connection(name, &from_file(&format!("{name}.csv"), &schedule)).await;
        ran(&office, name, last).await;
    }
    let before = office.get("leap").await.metadata.resource_version;
    let _controller = office.controller(&[]);
    for (name, most) in [("cron", SignedDuration::from_mins(10)), ("interval", SignedDuration::from_mins(1))] {
        let status = office
            .until(name, "what was missed is made up for", |_, status| {
                status.last_run.as_ref().is_some_and(|run| run.id != "before" && run.end_time.is_some())
            })
            .await;
        let run = status.last_run.clone().unwrap();
        assert_eq!((run.trigger, run.counts.created), (RunTrigger::Schedule, 2), "{status:?}");
        let next = status.next_run_time.unwrap();
        assert!(next > run.start_time && next <= run.start_time + most + SignedDuration::from_mins(1), "{status:?}");
        // The next one is not the second of many.
        let asked = office.run_now(name, "now").await;
        let made_up = |run: &&RunReport| run.trigger == RunTrigger::Schedule && run.start_time < next;
        let missed: Vec<_> = asked.recent_runs.iter().filter(made_up).map(|run| run.id.as_str()).collect();
        assert_eq!(missed, [run.id.as_str(), "before"], "{asked:?}");
    }
    // Those that are not due were let alone.
    let status = office.status("never").await;
    assert_eq!(status.last_run.unwrap().id, "before");
    assert_eq!(office.get("leap").await.metadata.resource_version, before);
}
