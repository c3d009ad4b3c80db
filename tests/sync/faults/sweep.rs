//! Every fault at every request of a run, once and from there on.

use std::time::Duration;

use futures::stream::{self, StreamExt};

use super::invariants::{Picture, Wrong, picture};
use super::scene::{Base, Phase, Scene};
use crate::support::misbehaving_desk::{Fault, Profile};

fn faults() -> Vec<(&'static str, Fault)> {
    let slow = Duration::from_millis(400);
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    vec![
        ("429", Fault::status(429)),
        ("429, Retry-After: 0", Fault::with(429, "retry-after", "0")),
        ("503", Fault::status(503)),
        ("503, Retry-After: a date", Fault::with(503, "retry-after", date)),
        ("503, Retry-After: a day", Fault::with(503, "retry-after", "86400")),
        ("500", Fault::status(500)),
        ("502, a web page", Fault::web_page(502)),
        ("200, a web page", Fault::web_page(200)),
        ("200, no answer", Fault::status(200)),
        ("204", Fault::status(204)),
        ("200, another answer", Fault::Answer(200, vec![], "{\"hello\": \"world\"}".into())),
        ("302", Fault::with(302, "location", "https://elsewhere.example/login")),
        ("400", Fault::status(400)),
        ("401", Fault::status(401)),
        ("403", Fault::status(403)),
        ("404", Fault::status(404)),
        ("409", Fault::status(409)),
        ("412", Fault::status(412)),
        ("413", Fault::status(413)),
        ("cut before", Fault::CutBefore),
        ("cut after", Fault::CutAfter),
        ("half JSON", Fault::HalfJson),
        ("late", Fault::Late(slow)),
        ("stalled", Fault::Stall(slow)),
        ("huge", Fault::Huge),
        ("deep JSON", Fault::Deep),
        ("done, but 500 was said", Fault::DoneButSaid(500)),
        ("done, but 400 was said", Fault::DoneButSaid(400)),
        ("every operation 429", Fault::EveryOperation(429)),
        ("every operation 503", Fault::EveryOperation(503)),
        ("every operation 400", Fault::EveryOperation(400)),
        ("every operation 404", Fault::EveryOperation(404)),
        ("one operation 503", Fault::FailedOperation(1, 503)),
        ("one operation 409", Fault::FailedOperation(1, 409)),
        ("one result missing", Fault::MissingResult(1)),
        ("results reordered", Fault::Reordered),
        ("an empty list", Fault::Nothing),
        ("a total too high", Fault::Total(1000)),
        ("a total too low", Fault::Total(1)),
        ("pages that shift", Fault::Shifted),
        ("a filter ignored", Fault::FilterIgnored),
        ("a filter that finds nothing", Fault::FilterEmpty),
        ("a filter refused", Fault::FilterUnknown),
    ]
}

/// A fault, where it is met, and whether it stays.
struct Case {
    name: &'static str,
    fault: Fault,
    at: usize,
    times: usize,
}

struct Ground {
    profile: Profile,
    base: Base,
    first: Picture,
    second: Picture,
}

impl Ground {
    async fn lay(profile: Profile) -> Self {
        let base = Base::make(profile).await;
        let undisturbed = async |scene: Scene| {
            let report = scene.run().await;
            assert!(report.error.is_none(), "{report:#?}");
            (picture(&scene.desk.users()).unwrap(), scene.desk.log().len())
        };
        let (first, _) = undisturbed(Scene::open(profile, Phase::First).await).await;
        let (second, _) = undisturbed(Scene::second(profile, &base).await).await;
        Self { profile, base, first, second }
    }

    /// Whether the fault was met, and what is wrong then.
    async fn try_out(&self, phase: Phase, case: &Case) -> (bool, Vec<String>) {
        let (scene, truth) = match phase {
            Phase::First => (Scene::open(self.profile, phase).await, &self.first),
            Phase::Second => (Scene::second(self.profile, &self.base).await, &self.second),
        };
        scene.desk.any(case.at, case.times, case.fault.clone());
        scene.be_hasty();
        let mut wrong = Wrong::default();
        let report = scene.run().await;
        let met = scene.desk.behave() > 0;
        scene.unharmed(&report, truth, &mut wrong);
        scene.heals(truth, &mut wrong).await;
        let Case { name, at, times, .. } = case;
        let stays = if *times == 1 { "once" } else { "from then on" };
        let said = |what| format!("{name}, request {at}, {stays}, {phase:?} run ({:?}): {what}", report.summary.result);
        (met, wrong.0.into_iter().map(said).collect())
    }

    async fn sweep(&self, phase: Phase) {
        let all: Vec<_> =
            faults().into_iter().flat_map(|fault| [1, 1_000_000].map(|times| (fault.clone(), times))).collect();
        let wrong: Vec<Vec<String>> = stream::iter(all)
            .map(|((name, fault), times)| async move {
                let mut all = Vec::new();
                for at in 0.. {
                    let (met, wrong) = self.try_out(phase, &Case { name, fault: fault.clone(), at, times }).await;
                    all.extend(wrong);
                    if !met {
                        break;
                    }
                }
                all
            })
            .buffer_unordered(8)
            .collect()
            .await;
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l12_l19_every_fault_at_every_request_of_a_first_run() {
    Ground::lay(Profile::default()).await.sweep(Phase::First).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l12_l19_every_fault_at_every_request_of_a_second_run() {
    Ground::lay(Profile::default()).await.sweep(Phase::Second).await;
}
