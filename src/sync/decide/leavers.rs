//! What becomes of the contact of a person who left (L2, L6, L8, L10).

use jiff::{SignedDuration, Timestamp};

use super::Standing;
use crate::api::LeaverPolicy;
use crate::contact::MarkKind;

/// In which way a person left, after the directory was asked again (L3).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Absence {
    /// The directory does not have them any more.
    Gone,
    /// Their account is disabled.
    Disabled,
    /// They are there, and out of scope: another connection may be about to take over (L8).
    OutOfScope,
    /// They may still be there: the connection itself is being deleted.
    ConnectionDeleted,
}

/// What to do with a leaver's contact now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LeaverStep {
    /// Nothing, now or later.
    Nothing,
    /// Mark it as left and leave it active.
    MarkLeft,
    /// It is marked, and the handover is not over.
    Wait,
    /// Remove it, unless too many go at once.
    Remove(Removal),
}

/// The ways to remove.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// Turn it off.
    Deactivate,
    /// Delete it.
    Delete,
    /// Give it up: nobody owns it any more, its fields stay (what an adopted contact gets instead of deletion, L6).
    Release,
}

/// Where the whole read and asking again (L3) say that a person left in different ways: what does less harm. Who was
/// there a moment ago, merely out of scope, may be about to be taken over (L8); the next run finds who is really gone.
pub fn milder(read: Absence, again: Absence) -> Absence {
    if read == Absence::OutOfScope { read } else { again }
}

/// What to do with the contact of a person who left.
pub fn leaver_step(
    absence: Absence,
    standing: Standing,
    active: bool,
    policy: LeaverPolicy,
    handover: SignedDuration,
    now: Timestamp,
) -> LeaverStep {
    let marked = standing.mark;
    if absence == Absence::OutOfScope && !handover.is_zero() {
        match marked {
            None if active => return LeaverStep::MarkLeft,
            // A mark from the future (a clock that was wrong) waits for its time.
            Some(mark) if mark.kind == MarkKind::Left && now.duration_since(mark.at) < handover => {
                return LeaverStep::Wait;
            }
            None | Some(_) => {}
        }
    }
    match policy {
        LeaverPolicy::Deactivate if active => LeaverStep::Remove(Removal::Deactivate),
        // Off already: by this connection, or by somebody whose decision stays (L10).
        LeaverPolicy::Keep | LeaverPolicy::Deactivate => LeaverStep::Nothing,
        LeaverPolicy::Delete if standing.adopted => LeaverStep::Remove(Removal::Release),
        LeaverPolicy::Delete => LeaverStep::Remove(Removal::Delete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Mark;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn left(hours_ago: i64) -> Standing {
        let at = now().checked_sub(SignedDuration::from_hours(hours_ago)).unwrap();
        Standing { adopted: false, mark: Some(Mark { kind: MarkKind::Left, at }) }
    }

    fn step(absence: Absence, standing: Standing, active: bool, policy: LeaverPolicy) -> LeaverStep {
        leaver_step(absence, standing, active, policy, DAY, now())
    }

    #[test]
    fn l08_a_mover_is_marked_then_waits_then_goes() {
        let go = |standing| step(Absence::OutOfScope, standing, true, LeaverPolicy::Deactivate);
        assert_eq!(go(Standing::default()), LeaverStep::MarkLeft);
        assert_eq!(go(left(23)), LeaverStep::Wait);
        assert_eq!(go(left(24)), LeaverStep::Remove(Removal::Deactivate));
    }

    #[test]
    fn l08_gone_and_disabled_act_at_once() {
        for absence in [Absence::Gone, Absence::Disabled] {
            let go = |policy| step(absence, Standing::default(), true, policy);
            assert_eq!(go(LeaverPolicy::Deactivate), LeaverStep::Remove(Removal::Deactivate));
            assert_eq!(go(LeaverPolicy::Delete), LeaverStep::Remove(Removal::Delete));
            assert_eq!(go(LeaverPolicy::Keep), LeaverStep::Nothing);
        }
    }

    #[test]
    fn l03_l08_who_was_out_of_scope_in_one_of_two_answers_is_handed_over() {
        use Absence::{Disabled, Gone, OutOfScope};
        for other in [Gone, Disabled, OutOfScope] {
            assert_eq!(milder(OutOfScope, other), OutOfScope, "then {other:?}");
            assert_eq!(milder(other, OutOfScope), OutOfScope, "first {other:?}");
        }
        assert_eq!(milder(Gone, Disabled), Disabled, "the later answer");
        assert_eq!(milder(Disabled, Gone), Gone, "the later answer");
    }

    #[test]
    fn l06_an_adopted_contact_is_released_not_deleted() {
        let adopted = Standing { adopted: true, mark: None };
        assert_eq!(step(Absence::Gone, adopted, true, LeaverPolicy::Delete), LeaverStep::Remove(Removal::Release));
    }

    #[test]
    fn l10_a_contact_that_somebody_turned_off_is_left_alone() {
        assert_eq!(step(Absence::Gone, Standing::default(), false, LeaverPolicy::Deactivate), LeaverStep::Nothing);
        assert_eq!(
            step(Absence::OutOfScope, Standing::default(), false, LeaverPolicy::Deactivate),
            LeaverStep::Nothing
        );
    }
}
