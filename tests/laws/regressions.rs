//! Histories that once broke a law, each by its name.

use super::company::{Mail, Portal, Team, Teams};
use super::desk::{Kind, Trouble as Desk};
use super::history::{Event, Fault, History, Rules};
use super::play::{run, step, whole};
use super::witness::{judge, portal};
use super::world::World;

const PLAIN: Rules =
    Rules { adopt: false, tight: false, delete: false, desk: Kind { bulk: true, filter: true, tells: false } };

async fn keeps_the_laws(rules: Rules, events: &[Event]) {
    let history = History { rules, first: false, events: events.to_vec() };
    whole(&history).await.unwrap();
}

/// The work address of somebody whose new address another person has was written all the same, under its label. A third
/// connection then found two contacts with the address, and bound it to nobody.
#[test]
fn l09_l11_an_address_that_is_refused_does_not_come_in_under_a_label() {
    run(async {
        use Event::{Mail as Address, Move, Run};
        let within_one = [
            Address(6, Mail::New(0)),
            Run(Team::Sales, Fault::None),
            Address(2, Mail::New(0)),
            Move(6, Teams::Only(Team::Support)),
        ];
        keeps_the_laws(PLAIN, &within_one).await;
        let between_two = [Address(3, Mail::Of(2)), Move(2, Teams::Only(Team::Support))];
        keeps_the_laws(PLAIN, &between_two).await;
    });
}

/// A run under a clock that was set back stood, by its id, before the first run of all, where the window ended.
#[test]
fn l04_a_clock_that_was_set_back_hides_no_run() {
    run(async {
        use Event::{Leave, Mail as Address, Pass, Rotate, Run};
        let busy = Fault::Desk(Desk::Busy(0));
        let events = [
            Rotate(6, 7, 2),
            Pass(-2),
            Leave(3),
            Run(Team::Sales, busy),
            Address(4, Mail::Of(8)),
            Run(Team::Sales, Fault::None),
        ];
        keeps_the_laws(Rules { tight: true, ..PLAIN }, &events).await;
    });
}

/// 4 and 6 would swap; 2 wanted the address of 4 as well and came first, and so nobody moved, ever.
#[test]
fn l11_a_third_who_wants_it_too_does_not_stop_a_swap() {
    run(async {
        use Event::{Mail as Address, Swap};
        keeps_the_laws(PLAIN, &[Swap(4, 6), Address(2, Mail::Of(4))]).await;
    });
}

/// Of two who swapped, one is parked with portal access off; it came back only where this run mapped it.
#[test]
fn l17_an_error_takes_no_access_from_somebody_who_is_parked() {
    run(async {
        use Event::{Portal as Access, Run, Swap};
        let events = [
            Access(2, Portal::True),
            Run(Team::Sales, Fault::None),
            Access(2, Portal::Yes),
            Swap(2, 4),
            Run(Team::Sales, Fault::None),
        ];
        keeps_the_laws(PLAIN, &events).await;
    });
}

/// The same where taking access away is held.
#[test]
fn l04_parking_takes_no_access_that_is_held() {
    run(async {
        let mut world = World::new(Rules { tight: true, ..PLAIN }).await;
        for who in [2, 4, 6] {
            step(&mut world, Event::Portal(who, Portal::True)).await.unwrap();
        }
        step(&mut world, Event::Run(Team::Sales, Fault::None)).await.unwrap();
        for who in [2, 4, 6] {
            step(&mut world, Event::Portal(who, Portal::False)).await.unwrap();
        }
        step(&mut world, Event::Swap(2, 4)).await.unwrap();
        let played = world.run(Team::Sales, Fault::None).await;
        judge(&mut world, &played).unwrap();
        let counts = played.summary.unwrap().counts;
        assert_eq!((counts.held, counts.updated), (3, 2));
        assert_eq!(world.desk.lock().users.iter().filter(|user| portal(user)).count(), 4);
    });
}
