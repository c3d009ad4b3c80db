//! What the last 24 hours spent of the hold's limits (L4), as far as the summaries prove it.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{HeldChange, Intent, RunId, Summary, WindowCounts};

/// How long removals add up.
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// What earlier runs of the window spent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Spent {
    /// The summaries prove it.
    Known(WindowCounts),
    /// They have a gap, or are gone: the window counts as full.
    Unknown,
}

/// The hold's window when a run begins.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window {
    /// What was spent in it by runs that ended.
    pub spent: Spent,
    /// Owned active contacts when it began, where a summary tells.
    pub active_at_start: Option<u64>,
    /// What runs set out to do that did not end.
    cut_off: Intent,
    /// Contacts that the desk shows were turned off in it.
    marks: u64,
}

impl Window {
    /// Counts the window that ends `now` from the summaries, newest first. The chain is whole when each names its
    /// predecessor, back to one from before the window or to a run that owned nothing yet. `owned_now` is what the
    /// desk shows: with nothing owned there is nothing to protect.
    pub fn count(newest_first: &[Summary], owned_now: u64, now: Timestamp) -> Self {
        let begin = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let mut spent = WindowCounts::default();
        let mut active_at_start = None;
        let mut whole = owned_now == 0;
        let there: HashSet<&RunId> = newest_first.iter().map(|summary| &summary.id).collect();
        for summary in newest_first {
            // A clock that jumped back leaves runs in the future: they count, and so do those that came after them.
            if summary.time() < begin {
                whole = true;
                break;
            }
            spent.removals += summary.spent.removals;
            spent.approved += summary.spent.approved;
            spent.key_changes += summary.spent.key_changes;
            spent.grants += summary.spent.grants;
            active_at_start = summary.active_at_start.or(active_at_start);
            if summary.owned_at_start == Some(0) {
                whole = true;
                break;
            }
            // Two runs that began together name the same one; what is named must be there.
            let Some(previous) = &summary.previous else { break };
            if !there.contains(previous) {
                break;
            }
        }
        let spent = if whole { Spent::Known(spent) } else { Spent::Unknown };
        Self { spent, active_at_start, cut_off: Intent::default(), marks: 0 }
    }

    /// Counts what a run set out to do that did not end, in place of the numbers in its summary.
    pub fn heed_cut_off(&mut self, intent: &Intent) {
        self.cut_off.join(intent);
    }

    /// Removals that the desk shows by its marks count even where no summary tells of them (L4).
    pub fn heed_marks(&mut self, deactivated: u64) {
        self.marks = deactivated;
    }

    /// What was spent, when `wanted` is still to be done: a run that was cut off did not come to do that.
    pub fn spent_besides(&self, wanted: impl Fn(&HeldChange) -> bool) -> Spent {
        let Spent::Known(mut counts) = self.spent else { return Spent::Unknown };
        let more = self.cut_off.counts(|change| !wanted(change));
        counts.removals += more.removals;
        counts.approved += more.approved;
        counts.key_changes += more.key_changes;
        counts.grants += more.grants;
        counts.removals = counts.removals.max(self.marks.saturating_sub(counts.approved));
        Spent::Known(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{RunCounts, RunResult, RunTrigger};

    fn summary(id: &str, previous: Option<&str>, start: &str, owned: u64, removals: u64) -> Summary {
        Summary {
            id: RunId::parse(id).unwrap(),
            previous: previous.map(|id| RunId::parse(id).unwrap()),
            connection: "support/emea".into(),
            trigger: RunTrigger::Schedule,
            generation: None,
            start_time: start.parse().unwrap(),
            end_time: None,
            result: RunResult::Succeeded,
            message: String::new(),
            fault: None,
            counts: RunCounts::default(),
            owned_at_start: Some(owned),
            active_at_start: Some(owned),
            owned: None,
            spent: WindowCounts { removals, ..WindowCounts::default() },
            reasons: std::collections::BTreeMap::new(),
            plan: None,
            clears_held: vec![],
            not_converging: vec![],
        }
    }

    fn now() -> Timestamp {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn l04_removals_of_24_hours_add_up() {
        let runs = [
            summary("c", Some("b"), "2026-11-23T11:00:00Z", 96, 3),
            summary("b", Some("a"), "2026-11-22T13:00:00Z", 100, 4),
            summary("a", None, "2026-11-22T11:00:00Z", 120, 20),
        ];
        let window = Window::count(&runs, 93, now());
        assert_eq!(window.spent, Spent::Known(WindowCounts { removals: 7, ..WindowCounts::default() }));
        assert_eq!(window.active_at_start, Some(100));
    }

    #[test]
    fn l04_a_gap_in_the_history_counts_as_full() {
        let runs = [
            summary("c", Some("b"), "2026-11-23T11:00:00Z", 96, 0),
            summary("a", None, "2026-11-21T11:00:00Z", 120, 0),
        ];
        assert_eq!(Window::count(&runs, 93, now()).spent, Spent::Unknown);
    }

    #[test]
    fn l04_two_runs_that_began_together_are_no_gap() {
        let runs = [
            summary("c", Some("b"), "2026-11-23T11:00:00Z", 96, 1),
            summary("b", Some("z"), "2026-11-23T10:00:00Z", 97, 2),
            summary("a", Some("z"), "2026-11-23T10:00:00Z", 97, 3),
            summary("z", None, "2026-11-21T11:00:00Z", 120, 20),
        ];
        let six = Spent::Known(WindowCounts { removals: 6, ..WindowCounts::default() });
        assert_eq!(Window::count(&runs, 93, now()).spent, six);
        assert_eq!(Window::count(&runs[..3], 93, now()).spent, Spent::Unknown, "the one before is gone");
    }

    #[test]
    fn l04_of_a_run_that_was_cut_off_counts_what_is_not_to_be_done_any_more() {
        let remove = |person: &str| HeldChange { kind: crate::runlog::HeldKind::Remove, person: person.into() };
        let intent = |people: &[&str]| Intent {
            changes: people.iter().map(|person| remove(person)).collect(),
            approved: std::collections::BTreeSet::new(),
        };
        let runs = [
            summary("b", Some("a"), "2026-11-23T10:00:00Z", 97, 3),
            summary("a", None, "2026-11-21T11:00:00Z", 120, 20),
        ];
        let mut window = Window::count(&runs, 93, now());
        window.heed_cut_off(&intent(&["p", "q", "r"]));
        window.heed_cut_off(&intent(&["q", "r"]));
        let spent = |window: &Window, wanted: &[&str]| {
            let wanted = intent(wanted).changes;
            match window.spent_besides(|change| wanted.contains(change)) {
                Spent::Known(counts) => counts.removals,
                Spent::Unknown => panic!("the history is whole"),
            }
        };
        assert_eq!((spent(&window, &["r", "x"]), spent(&window, &[])), (5, 6));
        window.heed_marks(9);
        assert_eq!(spent(&window, &["r"]), 9, "the desk shows more");
    }

    #[test]
    fn l04_a_lost_history_counts_as_full_only_where_contacts_are_owned() {
        assert_eq!(Window::count(&[], 93, now()).spent, Spent::Unknown);
        assert_eq!(Window::count(&[], 0, now()).spent, Spent::Known(WindowCounts::default()));
    }

    #[test]
    fn l04_a_first_run_that_owned_nothing_begins_the_history() {
        let runs = [summary("a", None, "2026-11-23T11:00:00Z", 0, 0)];
        assert_eq!(Window::count(&runs, 93, now()).spent, Spent::Known(WindowCounts::default()));
    }
}
