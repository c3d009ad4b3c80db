//! What a plan says and what the run then does, and that nothing depends on the order in which a directory gives people.

use contactsync::api::RunResult;
use contactsync::runlog::{Entry, Summary};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::company::{PEOPLE, TEAMS, Team};
use super::desk::User;
use super::history::{Event, Fault, History, Weights, history};
use super::play::{each, step};
use super::witness::judge;
use super::world::{Verdict, World};

const UNDISTURBED: Weights = Weights {
    coming: 4,
    moving: 3,
    mail: 6,
    fields: 1,
    portal: 2,
    by_hand: 2,
    strangers: 2,
    records: 0,
    approving: 2,
    faults: 0,
    clock_set_back: false,
    deleting: false,
};

/// What is told of each person, one line each.
fn lines(entries: impl Iterator<Item = Value>) -> Vec<String> {
    let mut lines: Vec<String> = entries.map(|entry| entry.to_string()).collect();
    lines.sort();
    lines
}

fn of_log(log: &str) -> Vec<String> {
    let entries = log.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
    lines(entries.filter(|entry| entry.person.is_some()).map(|entry| {
        let fields: Vec<String> = entry.fields.into_iter().map(|change| change.field).collect();
        json!([entry.person, entry.event, entry.reason, fields])
    }))
}

/// Every run is planned just before; after a run that succeeded, nothing is left to plan.
async fn plans_come_true(history: &History) -> Verdict {
    let mut world = World::new(history.rules).await;
    for event in &history.events {
        let Event::Run(team, _) = *event else {
            step(&mut world, *event).await?;
            continue;
        };
        world.tick();
        let (summary, planned) = world.plan(team).await;
        let planned = lines(planned.into_iter().map(|change| {
            let fields: Vec<String> = change.fields.into_iter().map(|change| change.field).collect();
            json!([change.person, change.action, change.reason, fields])
        }));
        let played = world.run_now(team, Fault::None).await;
        judge(&mut world, &played)?;
        let done = played.summary.unwrap();
        let log = world.store().raw_log(&world.settings(team).key, &done.id).await.unwrap();
        let told = of_log(std::str::from_utf8(&log).unwrap());
        if planned != told {
            return Err(format!("{team:?} planned {planned:#?} and did {told:#?}"));
        }
        let said =
            |summary: &Summary| (summary.counts, summary.result, summary.plan.clone(), summary.clears_held.clone());
        if said(&summary) != said(&done) {
            return Err(format!("{team:?} planned {:?} and did {:?}", said(&summary), said(&done)));
        }
        if done.result == RunResult::Succeeded {
            nothing_left(&world, team).await?;
        }
    }
    Ok(())
}

async fn nothing_left(world: &World, team: Team) -> Verdict {
    let (summary, planned) = world.plan(team).await;
    let planned: Vec<_> = planned.into_iter().filter(|change| change.action != "noted").collect();
    if planned.is_empty() && summary.counts.unchanged == summary.counts.in_scope {
        Ok(())
    } else {
        Err(format!("after a run that succeeded, {team:?} plans {planned:?}: {:?}", summary.counts))
    }
}

#[test]
fn l14_a_plan_says_what_the_run_does_and_afterwards_nothing() {
    each(16, history(UNDISTURBED, 1..20), &plans_come_true);
}

/// Everything that is on the desk but the ids it gave.
fn contacts(world: &World) -> Vec<String> {
    let without_id = |user: &User| {
        Value::Object(user.iter().filter(|(k, _)| *k != "id").map(|(k, v)| (k.clone(), v.clone())).collect())
    };
    lines(world.desk.lock().users.iter().map(without_id))
}

/// One history, in two companies that differ in the order in which the directory gives people.
async fn same_in_any_order((history, order): &(History, Vec<usize>)) -> Verdict {
    let mut worlds = [World::new(history.rules).await, World::new(history.rules).await];
    worlds[1].order.clone_from(order);
    let start = TEAMS.into_iter().filter(|_| !history.first).map(|team| Event::Run(team, Fault::None));
    for event in start.chain(history.events.iter().copied()) {
        let mut said = Vec::new();
        for world in &mut worlds {
            if let Event::Run(team, fault) = event {
                let played = world.run(team, fault).await;
                judge(world, &played)?;
                let Summary { counts, result, plan, reasons, spent, .. } = played.summary.unwrap();
                said.push((counts, result, plan, reasons, spent));
            } else {
                world.happen(event).await;
            }
        }
        if said.first() != said.last() {
            return Err(format!("at {event:?}: {said:#?}"));
        }
        let (one, other) = (contacts(&worlds[0]), contacts(&worlds[1]));
        if one != other {
            let only = |some: &[String], others: &[String]| -> Vec<String> {
                some.iter().filter(|line| !others.contains(line)).cloned().collect()
            };
            return Err(format!(
                "at {event:?}: {:#?} and in another order {:#?}",
                only(&one, &other),
                only(&other, &one)
            ));
        }
    }
    Ok(())
}

#[test]
fn l11_l14_the_order_of_people_does_not_matter() {
    let orders = Just((0..PEOPLE).collect::<Vec<_>>()).prop_shuffle();
    each(12, (history(UNDISTURBED, 1..20), orders), &same_in_any_order);
}
