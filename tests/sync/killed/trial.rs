//! One trial: a run is killed, or its desk, or both, once or several times; then it is run again and looked at.

use super::base::{Base, Sort, Stage};
use super::moments::{Found, Moment, found as found_at, newest};
use crate::support::between::{Kind, Side, Then};
use crate::support::company::Dice;
use crate::support::ledger::assert_sound;
use crate::support::processes::Ended;
use crate::support::upheaval::{State, file, put_file};

/// What happens in a trial.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Story {
    /// The run is killed.
    Once,
    /// Up to five runs are killed, one after the other.
    Several,
    /// The run is killed, and the next finds the directory changed.
    ChangedSince,
    /// Run and desk are killed together.
    Both,
    /// The desk is killed and started again; the run is left to cope.
    Desk,
}

impl Story {
    pub fn draw(dice: &mut Dice) -> Self {
        match dice.below(10) {
            0..3 => Self::Once,
            3..6 => Self::Several,
            6 => Self::ChangedSince,
            7 => Self::Both,
            _ => Self::Desk,
        }
    }
}

/// How a story went.
#[derive(Debug, Default)]
pub struct Played {
    /// The stages at which kills came.
    pub found: Vec<Found>,
    /// How the run ended whose desk was killed.
    pub coped: Option<i32>,
}

/// Plays a story from a seed.
pub async fn play(base: &Base, story: Story, seed: u64) -> Result<Played, String> {
    let mut dice = Dice(seed);
    let mut stage = base.stage().await;
    let mut played = Played::default();
    if story == Story::ChangedSince {
        let before = if base.sort == Sort::First { State::Settled } else { State::Between };
        put_file(&stage.place, "people.csv", &file(base.people, before));
    }
    let kills = if story == Story::Several { 5 } else { 1 };
    let mut last = None;
    for _ in 0..kills {
        let moment = Moment::draw(&mut dice, base);
        stage.between.count_anew();
        stage.known = newest(&stage.place.records());
        if story == Story::Desk {
            let direct = dice.below(2) == 0;
            let moment = if direct { Moment::in_time(&mut dice, base) } else { moment };
            let (found, code) = without_desk(&mut stage, moment, direct).await?;
            played.found.push(found);
            played.coped = Some(code);
            continue;
        }
        let mut running = stage.place.start(&[]);
        let held = moment.wait(&stage, &mut running).await;
        let alive = running.kill();
        played.found.push(found_at(&stage, alive));
        if !alive {
            break;
        }
        if story == Story::Both {
            stage.desk.kill();
            stage.desk.again();
        }
        if moment.is_late() {
            last = held;
        } else if let Some(stop) = held {
            stop.then(Then::Vanish);
        }
    }
    if played.found == [Found::Ended] {
        // Nobody was killed: nothing to see.
        return Ok(played);
    }
    if story == Story::ChangedSince {
        put_file(&stage.place, "people.csv", &file(base.people, base.sort.state()));
    }
    assert_sound(&stage.desk.database, &stage.between.done());
    let found = format!("{story:?} seed {seed} at {:?}", played.found);
    let ended = finish(&stage, last).await;
    settled(base, &stage, &ended).await.map_err(|error| format!("{found}: {error}"))?;
    Ok(played)
}

/// The desk goes down at the moment, and comes back; the run goes on by itself, or says that it failed.
/// Directly, it sees a desk that refuses connections; through the proxy, one that cuts them.
async fn without_desk(stage: &mut Stage, moment: Moment, direct: bool) -> Result<(Found, i32), String> {
    if direct {
        stage.point_at(&stage.desk.base());
    }
    let mut running = stage.place.start(&[]);
    let held = moment.wait(stage, &mut running).await;
    stage.desk.kill();
    if let Some(stop) = held {
        stop.then(if moment.side() == Some(Side::After) { Then::Vanish } else { Then::GoOn });
    }
    let alive = running.ended().is_none();
    let found = if direct && alive { Found::Unseen } else { found_at(stage, alive) };
    stage.desk.again();
    let ended = running.end().await;
    // It succeeded, or it says what it did not do.
    if ended.code() > 2 || ended.code() < 0 {
        return Err(format!("the run did not end by itself: {}", ended.said()));
    }
    stage.point_at(&stage.between.base);
    Ok((found, ended.code()))
}

/// The run that must set things right; a request that was on its way arrives while it runs.
async fn finish(stage: &Stage, late: Option<crate::support::between::Stop>) -> Ended {
    stage.between.count_anew();
    let Some(late) = late else { return stage.place.run(&[]).await };
    let mut listed = stage.between.stop(Side::After, |passing| passing.kind == Kind::Listing);
    let running = stage.place.start(&[]);
    listed.wait().await;
    late.then(Then::GoOn);
    listed.then(Then::GoOn);
    let ended = running.end().await;
    // What it lists, and what it does, crossed that request: it may have to say so, and then the next run is right.
    if ended.code() == 1 { stage.place.run(&[]).await } else { ended }
}

async fn settled(base: &Base, stage: &Stage, ended: &Ended) -> Result<(), String> {
    if ended.code() != base.codes.0 {
        return Err(format!("ended with {}: {}", ended.code(), ended.said()));
    }
    let after = stage.ledger();
    let differences = base.after.differences(&after, &base.before);
    if !differences.is_empty() {
        return Err(format!("{} contacts differ, among them {}", differences.len(), differences[..1].join("\n")));
    }
    if !after.doubled().is_empty() {
        return Err(format!("doubled: {:?}", after.doubled()));
    }
    stage.between.count_anew();
    let next = stage.place.run(&[]).await;
    if (next.code(), stage.between.writes()) != (base.codes.1, 0) {
        let writes = stage.between.writes();
        return Err(format!("the run after it ended with {} and {writes} writes: {}", next.code(), next.said()));
    }
    if stage.ledger().0 != after.0 {
        return Err("the run after it changed something".to_owned());
    }
    assert_sound(&stage.desk.database, &stage.between.done());
    Ok(())
}
