//! Conditions as kstatus, `kubectl wait`, Flux and Argo CD read them. Pure: the time is an argument.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

/// Whether what the spec asks for is in step, and why not.
pub(super) const READY: &str = "Ready";
/// A run is on.
pub(super) const SYNCING: &str = "Syncing";
/// On the way to what the spec asks for; present only while True.
pub(super) const RECONCILING: &str = "Reconciling";
/// The spec must change before anything can go on; present only while True.
pub(super) const STALLED: &str = "Stalled";
/// Changes wait for approval (L4); present only while True.
pub(super) const REMOVALS_HELD: &str = "RemovalsHeld";
/// Fields were not emptied although everybody lost them (L15); present only while True.
pub(super) const CLEARS_HELD: &str = "ClearsHeld";
/// The desk stores fields differently from what was written (L14); present only while True.
pub(super) const FIELD_NOT_CONVERGING: &str = "FieldNotConverging";

/// Longest message that is written, in bytes.
const MAX_MESSAGE: usize = 1024;

/// A condition's status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Is {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Not known yet.
    Unknown,
}

impl Is {
    /// As the API writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// Writes conditions of one object at one moment.
pub(super) struct Conditions<'a> {
    list: &'a mut Vec<Condition>,
    generation: i64,
    now: Timestamp,
}

impl<'a> Conditions<'a> {
    /// Conditions that speak of a generation.
    pub(super) fn new(list: &'a mut Vec<Condition>, generation: i64, now: Timestamp) -> Self {
        Self { list, generation, now }
    }

    /// Sets a condition. Its transition time moves only when its status does.
    pub(super) fn set(&mut self, kind: &str, is: Is, reason: &str, message: &str) {
        let message = shortened(message);
        let same = |condition: &&mut Condition| condition.type_ == kind;
        let Some(condition) = self.list.iter_mut().find(same) else {
            self.list.push(Condition {
                type_: kind.to_owned(),
                status: is.as_str().to_owned(),
                reason: reason.to_owned(),
                message,
                observed_generation: Some(self.generation),
                last_transition_time: Time(whole_second(self.now)),
            });
            return;
        };
        if condition.status != is.as_str() {
            is.as_str().clone_into(&mut condition.status);
            condition.last_transition_time = Time(whole_second(self.now));
        }
        reason.clone_into(&mut condition.reason);
        condition.message = message;
        condition.observed_generation = Some(self.generation);
    }

    /// Sets a condition to True, or takes it away: for those that are there only while they hold.
    pub(super) fn only_while(&mut self, kind: &str, holds: Option<(&str, &str)>) {
        match holds {
            Some((reason, message)) => self.set(kind, Is::True, reason, message),
            None => self.list.retain(|condition| condition.type_ != kind),
        }
    }
}

/// The condition of a kind.
pub(super) fn find<'a>(list: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    list.iter().find(|condition| condition.type_ == kind)
}

/// Whether a condition holds.
pub(super) fn holds(list: &[Condition], kind: &str) -> bool {
    find(list, kind).is_some_and(|condition| condition.status == "True")
}

/// A message that fits, cut at a character.
pub(super) fn shortened(message: &str) -> String {
    shortened_to(message, MAX_MESSAGE)
}

/// The same for another length in bytes.
pub(super) fn shortened_to(message: &str, most: usize) -> String {
    if message.len() <= most {
        return message.to_owned();
    }
    let mut kept = String::with_capacity(most);
    for character in message.chars() {
        if kept.len() + character.len_utf8() + '…'.len_utf8() > most {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// The API server keeps times of conditions by the second.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_transition_time_moves_only_with_the_status() {
        let mut list = Vec::new();
        Conditions::new(&mut list, 1, at("2026-11-23T10:00:00.5Z")).set(READY, Is::True, "Succeeded", "a");
        Conditions::new(&mut list, 2, at("2026-11-23T11:00:00Z")).set(READY, Is::True, "PartiallySynced", "b");
        let ready = find(&list, READY).unwrap();
        assert_eq!(ready.last_transition_time.0, at("2026-11-23T10:00:00Z"));
        assert_eq!((ready.reason.as_str(), ready.observed_generation), ("PartiallySynced", Some(2)));
        Conditions::new(&mut list, 2, at("2026-11-23T12:00:00Z")).set(READY, Is::False, "DeskUnavailable", "c");
        assert_eq!(find(&list, READY).unwrap().last_transition_time.0, at("2026-11-23T12:00:00Z"));
    }

    #[test]
    fn a_condition_that_is_there_only_while_it_holds_goes() {
        let mut list = Vec::new();
        let mut conditions = Conditions::new(&mut list, 1, at("2026-11-23T10:00:00Z"));
        conditions.only_while(STALLED, Some(("InvalidSpec", "x")));
        conditions.only_while(RECONCILING, None);
        assert!(holds(&list, STALLED) && list.len() == 1);
        Conditions::new(&mut list, 1, at("2026-11-23T10:00:00Z")).only_while(STALLED, None);
        assert!(list.is_empty());
    }

    #[test]
    fn a_message_is_cut_at_a_character() {
        let long = "é".repeat(1000);
        let cut = shortened(&long);
        assert!(cut.len() <= 1024 && cut.ends_with('…') && cut.starts_with("éé"));
    }
}
