//! The trials: a few with every `cargo test`, and as many as are asked for with `make kill`.

use std::collections::BTreeMap;
use std::time::Instant;

use super::base::{Base, Sort};
use super::moments::Found;
use super::trial::{Played, Story, play};
use crate::support::company::Dice;
use crate::support::upheaval::Leavers;

/// Where kills of each kind found the run, and how runs ended whose desk was killed.
#[derive(Default)]
struct Spread(BTreeMap<(Sort, Found), usize>, BTreeMap<i32, usize>);

impl Spread {
    fn add(&mut self, sort: Sort, played: &Played) {
        for found in &played.found {
            *self.0.entry((sort, *found)).or_default() += 1;
        }
        if let Some(code) = played.coped {
            *self.1.entry(code).or_default() += 1;
        }
    }

    fn kills(&self) -> usize {
        self.0.iter().filter(|((_, found), _)| *found != Found::Ended).map(|(_, count)| count).sum()
    }

    #[expect(clippy::print_stderr, reason = "figures for whoever runs it with --nocapture")]
    fn print(&self) {
        for ((sort, found), count) in &self.0 {
            eprintln!("{:<24} {:<18} {count:>4}", format!("{sort:?}"), format!("{found:?}"));
        }
        for (code, count) in &self.1 {
            eprintln!("{:<24} {:<18} {count:>4}", "the desk was killed", format!("run's exit {code}"));
        }
    }
}

/// A number that whoever runs the tests may set.
fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "how much is tested is for whoever runs the tests to say")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// The seed: given, or drawn and printed, so that it can be given again.
fn seed() -> u64 {
    let drawn = || uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000;
    let seed = number("CONTACTSYNC_KILL_SEED").unwrap_or_else(drawn);
    #[expect(clippy::print_stderr, reason = "shown when a test fails")]
    {
        eprintln!("CONTACTSYNC_KILL_SEED={seed}");
    }
    seed
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_a_first_run_that_is_killed_ends_as_if_nobody_had_disturbed_it() {
    let mut dice = Dice(seed());
    let base = Base::make(Sort::First, 2000).await;
    let story = if dice.below(2) == 0 { Story::Both } else { Story::Desk };
    play(&base, story, dice.next()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn l12_a_run_with_changes_that_is_killed_ends_as_if_nobody_had_disturbed_it() {
    let mut dice = Dice(seed());
    let leavers = if dice.below(2) == 0 { Leavers::Deactivate } else { Leavers::Delete };
    let base = Base::make(Sort::Changes(leavers), 2000).await;
    for story in [Story::Once, Story::ChangedSince] {
        play(&base, story, dice.next()).await.unwrap();
    }
}

/// So many of 100 kills, of runs of 20,000 people; or as `CONTACTSYNC_KILLS` and `CONTACTSYNC_KILL_PEOPLE` say.
#[expect(clippy::print_stderr, reason = "figures for whoever runs it with --nocapture")]
async fn anywhere(sort: Sort, share: u64) {
    let mut dice = Dice(seed());
    let wanted = usize::try_from((number("CONTACTSYNC_KILLS").unwrap_or(100) * share).div_ceil(100)).unwrap();
    let people = usize::try_from(number("CONTACTSYNC_KILL_PEOPLE").unwrap_or(20_000)).unwrap();
    let people = if matches!(sort, Sort::Singly(_)) { people / 10 } else { people };
    let (begin, mut spread, mut failures) = (Instant::now(), Spread::default(), 0);
    let base = Base::make(sort, people).await;
    eprintln!("{sort:?}: {people} people, undisturbed {:.1?}, {} writes", base.took, base.writes);
    while spread.kills() < wanted {
        let (story, seed) = (Story::draw(&mut dice), dice.next());
        match play(&base, story, seed).await {
            Ok(played) => {
                eprintln!("{:>5.0?} {sort:?} {story:?} {seed}: {played:?}", begin.elapsed());
                spread.add(sort, &played);
            }
            Err(failure) => {
                eprintln!("FAILED {sort:?} {failure:.3000}");
                failures += 1;
                spread.add(sort, &Played { found: vec![Found::Unseen], coped: None });
            }
        }
    }
    spread.print();
    eprintln!("{} kills, {failures} failures, {:.0?}", spread.kills(), begin.elapsed());
    assert_eq!(failures, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make kill"]
async fn l12_killed_anywhere_in_a_first_run() {
    anywhere(Sort::First, 40).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make kill"]
async fn l12_killed_anywhere_in_a_run_that_deactivates() {
    anywhere(Sort::Changes(Leavers::Deactivate), 30).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make kill"]
async fn l12_killed_anywhere_in_a_run_that_deletes() {
    anywhere(Sort::Changes(Leavers::Delete), 20).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes: make kill"]
async fn l12_killed_anywhere_in_a_run_without_bulk() {
    anywhere(Sort::Singly(Leavers::Deactivate), 10).await;
}
