//! Histories drawn by lot. Every one of them is watched for every law at every change; the tests differ in what their
//! histories are made of.

use super::history::{Weights, history};
use super::play::{each, whole};

#[test]
fn l14_l19_any_history_ends_in_the_directorys_truth() {
    let all = Weights {
        coming: 4,
        moving: 3,
        mail: 4,
        fields: 1,
        portal: 2,
        by_hand: 2,
        strangers: 1,
        records: 1,
        approving: 1,
        faults: 5,
        clock_set_back: false,
        deleting: false,
    };
    each(20, history(all, 1..25), &whole);
}

#[test]
fn l01_l02_l03_no_fault_removes_anybody_in_scope() {
    let faults = Weights { coming: 3, moving: 1, portal: 2, mail: 1, faults: 12, approving: 1, ..Weights::default() };
    each(20, history(faults, 1..25), &whole);
}

#[test]
fn l04_removals_never_exceed_the_hold_unless_approved() {
    let leaving = Weights {
        coming: 8,
        portal: 3,
        mail: 2,
        records: 3,
        approving: 1,
        faults: 4,
        clock_set_back: true,
        deleting: true,
        ..Weights::default()
    };
    each(20, history(leaving, 1..30), &whole);
}

#[test]
fn l06_l07_l10_what_is_not_ours_and_what_was_done_by_hand_stays() {
    let hands = Weights { coming: 3, moving: 2, by_hand: 8, strangers: 4, mail: 2, faults: 2, ..Weights::default() };
    each(20, history(hands, 1..25), &whole);
}

#[test]
fn l07_l08_two_connections_hand_over_and_come_to_rest() {
    let movers = Weights { moving: 10, coming: 2, mail: 2, faults: 2, approving: 1, ..Weights::default() };
    each(20, history(movers, 1..25), &whole);
}

#[test]
fn l11_addresses_move_in_any_order() {
    let mail = Weights { mail: 12, coming: 2, portal: 2, faults: 4, approving: 3, ..Weights::default() };
    each(20, history(mail, 1..25), &whole);
}

#[test]
fn l17_only_a_literal_true_lets_anybody_in() {
    let portal =
        Weights { portal: 12, coming: 2, mail: 3, strangers: 1, faults: 4, approving: 3, ..Weights::default() };
    each(20, history(portal, 1..25), &whole);
}
