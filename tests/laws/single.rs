//! Single faults, each in a run that is whole but for it, and exactly what the run must come to.

use contactsync::api::RunResult::{Failed, Partial, Succeeded};
use contactsync::runlog::Summary;

use super::company::{Portal, Team, id};
use super::desk::{Kind, Trouble as Desk};
use super::directory::Trouble as Directory;
use super::history::{Event, Fault, Rules};
use super::play::{run, step};
use super::witness::{active, judge, portal};
use super::world::{Played, World, owner};

const DESK: Kind = Kind { bulk: true, filter: true, tells: false };
const RULES: Rules = Rules { adopt: false, tight: false, delete: false, desk: DESK };

/// Both connections at rest.
async fn at_rest(rules: Rules) -> World {
    let mut world = World::new(rules).await;
    for team in [Team::Sales, Team::Support] {
        assert_eq!(sales_or(&mut world, team, Fault::None).await.result, Succeeded);
    }
    world
}

async fn sales_or(world: &mut World, team: Team, fault: Fault) -> Summary {
    let played = world.run(team, fault).await;
    judge(world, &played).unwrap();
    played.summary.unwrap()
}

async fn sales(world: &mut World, fault: Fault) -> (Summary, Played) {
    let played = world.run(Team::Sales, fault).await;
    judge(world, &played).unwrap();
    (played.summary.clone().unwrap(), played)
}

fn is_active(world: &World, who: usize) -> bool {
    world.desk.lock().users.iter().any(|user| owner(user).is_some_and(|o| o.person == id(who)) && active(user))
}

#[test]
fn l03_whom_a_read_forgot_is_asked_for_again_and_held() {
    run(async {
        let mut world = at_rest(RULES).await;
        let (summary, played) = sales(&mut world, Fault::Directory(Directory::Forgets(2))).await;
        assert_eq!((summary.result, summary.counts.held, played.changes.len()), (Partial, 1, 0));
        assert_eq!(summary.reasons["held"]["StillInScope"], 1);
        assert!(is_active(&world, 2));
    });
}

#[test]
fn l03_a_directory_that_does_not_answer_again_holds_who_is_missing() {
    run(async {
        let mut world = at_rest(RULES).await;
        step(&mut world, Event::Leave(2)).await.unwrap();
        let (summary, _) = sales(&mut world, Fault::Directory(Directory::NotAgain)).await;
        assert_eq!((summary.result, summary.counts.held, summary.counts.deactivated), (Partial, 1, 0));
        assert_eq!(summary.reasons["held"]["NotConfirmed"], 1);
        assert!(is_active(&world, 2));
        let (summary, _) = sales(&mut world, Fault::None).await;
        assert_eq!((summary.result, summary.counts.deactivated), (Succeeded, 1));
    });
}

#[test]
fn l04_a_summary_that_is_lost_counts_as_full() {
    run(async {
        let mut world = at_rest(Rules { tight: true, delete: true, ..RULES }).await;
        for who in [2, 4] {
            step(&mut world, Event::Leave(who)).await.unwrap();
        }
        assert_eq!(sales(&mut world, Fault::None).await.0.counts.deleted, 2);
        assert_eq!(sales(&mut world, Fault::None).await.0.result, Succeeded);
        step(&mut world, Event::LoseSummary(Team::Sales, 1)).await.unwrap();
        step(&mut world, Event::Leave(6)).await.unwrap();
        let (summary, _) = sales(&mut world, Fault::None).await;
        assert_eq!((summary.result, summary.counts.held, summary.counts.deleted), (Partial, 1, 0));
        world.pass(25);
        assert_eq!(sales(&mut world, Fault::None).await.0.counts.deleted, 1);
    });
}

#[test]
fn l16_a_list_of_contacts_that_lies_changes_nothing() {
    run(async {
        let unpaged = Rules { desk: Kind { filter: false, ..DESK }, ..RULES };
        for (rules, lie) in [(RULES, Desk::ShortList), (RULES, Desk::EmptyList), (unpaged, Desk::ShortList)] {
            let mut world = at_rest(rules).await;
            for event in [Event::Leave(2), Event::Title(4, Some(2))] {
                step(&mut world, event).await.unwrap();
            }
            let (summary, played) = sales(&mut world, Fault::Desk(lie)).await;
            assert_eq!((summary.result, played.changes.len()), (Failed, 0), "{lie:?}");
            let (summary, _) = sales(&mut world, Fault::None).await;
            assert_eq!((summary.result, summary.counts.updated, summary.counts.deactivated), (Succeeded, 1, 1));
        }
    });
}

#[test]
fn l17_only_a_literal_true_grants_and_an_error_changes_nothing() {
    run(async {
        let mut world = World::new(RULES).await;
        let says = [(2, Portal::Yes), (4, Portal::One), (6, Portal::True)];
        for (who, portal) in says {
            step(&mut world, Event::Portal(who, portal)).await.unwrap();
        }
        let (summary, _) = sales(&mut world, Fault::None).await;
        assert_eq!((summary.result, summary.counts.created, summary.counts.skipped), (Partial, 4, 2));
        let let_in = |world: &World| -> Vec<String> {
            let desk = world.desk.lock();
            desk.users.iter().filter(|user| portal(user)).map(|user| owner(user).unwrap().person).collect()
        };
        assert_eq!(let_in(&world), ["p0", "p6"]);
        for portal in [Portal::Yes, Portal::One] {
            step(&mut world, Event::Portal(6, portal)).await.unwrap();
            sales(&mut world, Fault::None).await;
            assert_eq!(let_in(&world), ["p0", "p6"], "an error changes nothing");
        }
        step(&mut world, Event::Portal(6, Portal::Absent)).await.unwrap();
        sales(&mut world, Fault::None).await;
        assert_eq!(let_in(&world), ["p0"]);
    });
}

#[test]
fn l19_a_refused_change_is_told_with_count_and_reason() {
    run(async {
        let faults = [
            (Desk::Refuses(0), Partial, Some("Refused")),
            (Desk::Busy(0), Succeeded, None),
            (Desk::Loses(0), Succeeded, None),
            (Desk::Revoked(0), Failed, Some("NotDone")),
        ];
        for bulk in [true, false] {
            for (fault, result, reason) in faults {
                let mut world = at_rest(Rules { desk: Kind { bulk, ..DESK }, ..RULES }).await;
                for who in [2, 4] {
                    step(&mut world, Event::Title(who, Some(2))).await.unwrap();
                }
                let (summary, _) = sales(&mut world, Fault::Desk(fault)).await;
                assert_eq!(summary.result, result, "{fault:?}");
                let told = summary.reasons.get("failed").cloned().unwrap_or_default();
                assert_eq!(told.keys().map(String::as_str).next(), reason, "{fault:?}");
                assert_eq!(told.values().sum::<u64>(), summary.counts.failed, "{fault:?}");
                assert_eq!(summary.counts.failed + summary.counts.updated, 2, "{fault:?}: each is accounted for once");
                let (summary, _) = sales(&mut world, Fault::None).await;
                assert_eq!(summary.result, Succeeded);
            }
        }
    });
}
