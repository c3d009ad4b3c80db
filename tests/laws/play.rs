//! Plays a history to its end, watched at every step; draws histories by lot, and shrinks one that breaks a law.

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRng, TestRunner};

use super::company::TEAMS;
use super::history::{Event, Fault, History};
use super::truth::ends_in;
use super::witness::{difference, judge};
use super::world::{Played, Verdict, World};

/// Rounds of undisturbed runs, a day apart and all holds approved, in which everything must have come to rest.
const ROUNDS: usize = 10;

/// Plays it, then lets everything come to rest, and compares the desk with the directory.
pub async fn whole(history: &History) -> Verdict {
    let mut world = World::new(history.rules).await;
    for team in TEAMS.into_iter().filter(|_| !history.first) {
        step(&mut world, Event::Run(team, Fault::None)).await?;
    }
    for event in &history.events {
        step(&mut world, *event).await.map_err(|law| format!("at {event:?}: {law}"))?;
    }
    rest(&mut world).await?;
    ends_in(&world).map_err(|law| format!("at rest: {law}"))?;
    tells_nobody(&world).await
}

/// L20: neither what a directory says of people nor what stands on the desk comes into the records, nor a desk's own words.
async fn tells_nobody(world: &World) -> Verdict {
    let records = world.records().await;
    for private in
        ["Öberg", "@acme", "@other", "@by-hand", ".invalid", "+4670", "Title ", "Wizard", "Boss", "nobody at"]
    {
        if let Some(at) = records.find(private) {
            let line = records[..at].lines().next_back().unwrap_or_default();
            return Err(format!("L20: the records tell {private:?} after {line}"));
        }
    }
    Ok(())
}

/// One event, judged.
pub async fn step(world: &mut World, event: Event) -> Verdict {
    if let Event::Run(team, fault) = event {
        let played = world.run(team, fault).await;
        judge(world, &played)
    } else {
        world.happen(event).await;
        Ok(())
    }
}

/// L14: after the last fault, with every hold approved, writing ends.
pub async fn rest(world: &mut World) -> Verdict {
    let mut last = String::new();
    for _ in 0..ROUNDS {
        let mut quiet = true;
        world.pass(25);
        for team in TEAMS {
            let played = world.run(team, Fault::None).await;
            judge(world, &played).map_err(|law| format!("while coming to rest: {law}"))?;
            quiet &= played.changes.is_empty() && !world.approve(team);
            if !played.changes.is_empty() {
                last = told(&played);
            }
        }
        if quiet {
            return Ok(());
        }
    }
    Err(format!("L14: {ROUNDS} days of runs, and still {last}"))
}

fn told(played: &Played) -> String {
    let told = played.changes.iter().map(|change| match &change.before {
        Some(before) => difference(before, change.after.as_ref()),
        None => "a new contact".to_owned(),
    });
    format!("{:?} writes: {}", played.team, told.collect::<Vec<_>>().join("; "))
}

/// Runs on one thread, client and desk alike: nothing in a history depends on which is faster.
pub fn run<T>(play: impl Future<Output = T>) -> T {
    drop(rustls::crypto::ring::default_provider().install_default());
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play)
}

/// Plays as many histories as a case count says; more, and other ones each time, where `CONTACTSYNC_HISTORIES` asks.
pub fn each<S: Strategy>(cases: u32, histories: S, play: &impl AsyncFn(&S::Value) -> Verdict) {
    #[expect(clippy::disallowed_methods, reason = "how much a test may cost is said in the environment")]
    let asked = std::env::var("CONTACTSYNC_HISTORIES").ok().map(|text| text.parse::<u32>().unwrap());
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let mut runner = if asked.is_some() { TestRunner::new(config) } else { TestRunner::new_with_rng(config, rng) };
    let result = runner.run(&histories, |history| run(play(&history)).map_err(TestCaseError::fail));
    match result {
        Ok(()) => {}
        Err(TestError::Fail(law, history)) => panic!("{law}\n{history:?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}
