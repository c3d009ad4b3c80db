//! Directories over HTTP: what a run costs, and how many requests it makes against the least that pages allow. The vendor's
//! server is a fake in this process, which makes people as they are asked for; its time is part of the run's.

use serde_json::json;

use crate::desk::Desk;
use crate::scene::Scene;
use crate::show;
use crate::support::clouds::{Cloud, clouds};

pub async fn measure(people: usize) {
    println!("Directories over HTTP, {people} people each:");
    println!("{:<34} {:>9} {:>9} {:>12}", "", "time", "CPU", "peak memory");
    for cloud in clouds(people, None).await {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::start(&folder.path().join("kdesk.db"));
        let scene = Scene::new(folder.path(), &desk.base, &manifest(&cloud));
        for (what, count) in [("first run", "created"), ("nothing to do", "unchanged")] {
            cloud.server.forget();
            let (cost, outcome) = tokio::task::block_in_place(|| scene.run());
            assert_eq!(outcome[0]["counts"][count].as_u64(), Some(people as u64), "{}: {outcome:#}", cloud.name);
            let asked = cloud.server.log();
            let tokens = asked.iter().filter(|ask| ask.path.ends_with("token")).count();
            println!(
                "{}; {} requests and {tokens} for tokens; {} pages",
                show(&format!("{}, {what}", cloud.name), people, &cost),
                asked.len() - tokens,
                people.div_ceil(cloud.page),
            );
        }
    }
    println!();
}

/// The part of a connection that names the source, and its Secret.
fn manifest(cloud: &Cloud) -> String {
    format!(
        "  source: {}
  scope: {{mode: Pattern, pattern: {{match: {{attribute: '{}', glob: \"*@acme.example\"}}}}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: source, namespace: bench}}
stringData: {}
",
        cloud.source,
        cloud.email,
        json!({"secret": cloud.secret.reveal()})
    )
}
