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

/// What a desk says plainly of a contact's removal is believed until the next run looks: that it is done, that there is
/// no such contact.
fn is_lie(fault: &str) -> bool {
    ["200, no answer", "204", "404"].contains(&fault)
}

/// A fault, where it is met, and whether it stays.
#[derive(Clone)]
struct Case {
    name: &'static str,
    fault: Fault,
    at: usize,
    stays: bool,
}

struct Ground {
    profile: Profile,
    base: Base,
    first: Picture,
    second: Picture,
    /// How many requests an undisturbed run sends.
    requests: usize,
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
        let (second, requests) = undisturbed(Scene::second(profile, &base).await).await;
        Self { profile, base, first, second, requests }
    }

    /// What is wrong when this goes wrong.
    async fn try_out(&self, phase: Phase, case: Case) -> Vec<String> {
        let (scene, truth) = match phase {
            Phase::First => (Scene::open(self.profile, phase).await, &self.first),
            Phase::Second => (Scene::second(self.profile, &self.base).await, &self.second),
        };
        let Case { name, fault, at, stays } = case;
        scene.desk.any(at, if stays { usize::MAX } else { 1 }, fault);
        scene.be_hasty();
        let mut wrong = Wrong::default();
        let report = scene.run().await;
        if scene.desk.behave() == 0 {
            return Vec::new();
        }
        scene.unharmed(&report, truth, &mut wrong);
        if is_lie(name) {
            wrong.0.retain(|what| !what.starts_with("success was said") && !what.contains("counted as turned off"));
        }
        scene.heals(truth, &mut wrong).await;
        let stays = if stays { "from then on" } else { "once" };
        let said = |what| format!("{name}, request {at}, {stays}, {phase:?} run ({:?}): {what}", report.summary.result);
        wrong.0.into_iter().map(said).collect()
    }

    /// Tries one case of every so many, each fault among them; all of them where `CONTACTSYNC_FAULTS=all` asks for it.
    async fn sweep(&self, phase: Phase, one_of: usize) {
        let all = std::env::var_os("CONTACTSYNC_FAULTS").is_some_and(|how| how == "all");
        let one_of = if all { 1 } else { one_of };
        let mut cases = Vec::new();
        for (n, (name, fault)) in faults().into_iter().enumerate() {
            for at in 0..self.requests + 4 {
                for stays in [false, true] {
                    let case = Case { name, fault: fault.clone(), at, stays };
                    if (n + 2 * at + usize::from(stays)).is_multiple_of(one_of) {
                        cases.push(case);
                    }
                }
            }
        }
        let wrong = stream::iter(cases).map(|case| self.try_out(phase, case)).buffer_unordered(8);
        let wrong: Vec<String> = wrong.collect::<Vec<_>>().await.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l12_l19_a_fault_anywhere_in_a_first_run() {
    Ground::lay(Profile::default()).await.sweep(Phase::First, 19).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l12_l19_a_fault_anywhere_in_a_second_run() {
    Ground::lay(Profile::default()).await.sweep(Phase::Second, 13).await;
}

/// No Bulk, no PATCH, no entity tags, no filters, small pages: each contact by itself.
#[tokio::test(flavor = "multi_thread")]
async fn l02_l12_l19_a_fault_anywhere_on_a_desk_that_can_do_little() {
    let little =
        Profile { bulk: None, patch: false, etag: false, filter: false, schemas: true, page: 7, ..Profile::default() };
    Ground::lay(little).await.sweep(Phase::Second, 61).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_l12_l19_a_fault_anywhere_on_a_desk_with_cursors_and_small_batches() {
    let small = Profile { bulk: Some((3, 4000)), cursor: true, page: 5, ..Profile::default() };
    Ground::lay(small).await.sweep(Phase::Second, 61).await;
}
