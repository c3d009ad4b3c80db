//! What to do when the desk says that a person's address is taken (L6, L8, L9, L12).

use crate::api::ConflictPolicy;
use crate::contact::{ExternalId, MarkKind, OwnershipKey};

/// A contact that stands in the way of a new one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    /// Whose it is; `None`: nobody's.
    pub owner: Option<ExternalId>,
    /// An agent or administrator of the desk.
    pub staff: bool,
    /// The address is its primary one, not just one among others.
    pub primary: bool,
    /// The connection that owned it does not exist any more: it let go of everything (L8).
    pub ownerless: bool,
}

/// What a person wants of it.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// The connection.
    pub key: &'a OwnershipKey,
    /// The directory's id of the person.
    pub person: &'a str,
    /// What the connection does about contacts that nobody owns.
    pub policy: ConflictPolicy,
    /// Keys of other connections that read the same directory.
    pub same_directory: &'a [OwnershipKey],
    /// Whether `spec.emailDomains` names the address's domain.
    pub speaks_for: bool,
}

/// What becomes of it. Numbers are places in the list of contacts found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Resolution {
    /// It is this person's already: an answer was lost.
    Ours(usize),
    /// Nobody owns it: take it over.
    Adopt(usize),
    /// Another connection has let go of it: take it over.
    Claim(usize),
    /// Another connection owns it.
    Waiting(OwnershipKey),
    /// It stays as it is, and a person must look.
    Conflict(&'static str),
}

/// Decides what to do about the contacts that have the address, or this person's own id.
pub fn resolve(wish: Wish<'_>, found: &[Standing]) -> Resolution {
    let own =
        |contact: &Standing| contact.owner.as_ref().is_some_and(|id| &id.owner == wish.key && id.person == wish.person);
    if let Some(place) = found.iter().position(own) {
        return Resolution::Ours(place);
    }
    let [contact] = found else {
        return Resolution::Conflict(if found.is_empty() { "TakenUnseen" } else { "SeveralContacts" });
    };
    if contact.staff {
        return Resolution::Conflict("Staff");
    }
    match &contact.owner {
        None if wish.policy == ConflictPolicy::Skip => Resolution::Conflict("ContactExists"),
        None if !contact.primary => Resolution::Conflict("NotPrimaryEmail"),
        None if !wish.speaks_for => Resolution::Conflict("ForeignDomain"),
        None => Resolution::Adopt(0),
        // In one directory, an address under another id is another person's (L9).
        Some(id) if &id.owner == wish.key => Resolution::Conflict("AddressReused"),
        Some(id) => match id.mark.map(|mark| mark.kind).or(contact.ownerless.then_some(MarkKind::Left)) {
            Some(MarkKind::Left | MarkKind::Deactivated) if id.person == wish.person => Resolution::Claim(0),
            Some(MarkKind::Left) if wish.same_directory.contains(&id.owner) => Resolution::Conflict("AddressReused"),
            Some(MarkKind::Left) if wish.speaks_for && contact.primary => Resolution::Claim(0),
            Some(MarkKind::Deactivated) => Resolution::Conflict("AddressReused"),
            None | Some(MarkKind::Left) => Resolution::Waiting(id.owner.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contact::Mark;

    fn key(text: &str) -> OwnershipKey {
        OwnershipKey::new(text).unwrap()
    }

    fn contact(owner: Option<&str>, mark: Option<MarkKind>) -> Standing {
        let at = "2026-11-23T12:00:00Z".parse().unwrap();
        let owner = owner.map(|text| {
            let (owner, person) = text.rsplit_once('/').unwrap();
            ExternalId { mark: mark.map(|kind| Mark { kind, at }), ..ExternalId::new(key(owner), person) }
        });
        Standing { owner, staff: false, primary: true, ownerless: false }
    }

    fn decide(policy: ConflictPolicy, speaks_for: bool, found: &[Standing]) -> Resolution {
        resolve(Wish { key: &key("c/n/b"), person: "7", policy, same_directory: &[key("c/n/near")], speaks_for }, found)
    }

    #[test]
    fn l09_in_one_directory_an_address_under_another_id_is_another_persons() {
        for (owner, resolution) in [
            ("c/n/near/8", Resolution::Conflict("AddressReused")),
            ("c/n/near/7", Resolution::Claim(0)),
            ("c/n/far/8", Resolution::Claim(0)),
        ] {
            let left = contact(Some(owner), Some(MarkKind::Left));
            assert_eq!(decide(ConflictPolicy::Skip, true, &[left]), resolution, "{owner}");
        }
    }

    #[test]
    fn l08_contacts_of_a_connection_that_is_gone_are_claimed_by_id_or_by_an_address_that_is_spoken_for() {
        let gone = |owner, mark| Standing { ownerless: true, ..contact(Some(owner), mark) };
        let by = |speaks_for, contact| decide(ConflictPolicy::Skip, speaks_for, &[contact]);
        assert_eq!(by(false, gone("c/n/a/7", None)), Resolution::Claim(0));
        assert_eq!(by(true, gone("c/n/a/8", None)), Resolution::Claim(0));
        assert_eq!(by(false, gone("c/n/a/8", None)), Resolution::Waiting(key("c/n/a")));
        let off = Some(MarkKind::Deactivated);
        assert_eq!(by(true, gone("c/n/a/8", off)), Resolution::Conflict("AddressReused"), "whoever it was had left");
    }

    #[test]
    fn l09_adoption_is_asked_for() {
        let free = contact(None, None);
        assert_eq!(
            decide(ConflictPolicy::Skip, true, std::slice::from_ref(&free)),
            Resolution::Conflict("ContactExists")
        );
        assert_eq!(decide(ConflictPolicy::Adopt, true, std::slice::from_ref(&free)), Resolution::Adopt(0));
        assert_eq!(
            decide(ConflictPolicy::Adopt, false, std::slice::from_ref(&free)),
            Resolution::Conflict("ForeignDomain")
        );
        assert_eq!(
            decide(ConflictPolicy::Adopt, true, &[free.clone(), free.clone()]),
            Resolution::Conflict("SeveralContacts")
        );
        let alias = Standing { primary: false, ..free };
        assert_eq!(decide(ConflictPolicy::Adopt, true, &[alias]), Resolution::Conflict("NotPrimaryEmail"));
    }

    #[test]
    fn l06_staff_is_never_adopted() {
        let staff = Standing { staff: true, ..contact(None, None) };
        assert_eq!(decide(ConflictPolicy::Adopt, true, &[staff]), Resolution::Conflict("Staff"));
    }

    #[test]
    fn l08_a_living_owner_keeps_it() {
        assert_eq!(
            decide(ConflictPolicy::Adopt, true, &[contact(Some("c/n/a/7"), None)]),
            Resolution::Waiting(key("c/n/a"))
        );
    }

    #[test]
    fn l08_what_was_let_go_is_claimed_by_the_same_person_or_inside_the_domains() {
        let left = |person: &str| contact(Some(&format!("c/n/a/{person}")), Some(MarkKind::Left));
        assert_eq!(decide(ConflictPolicy::Skip, false, &[left("7")]), Resolution::Claim(0));
        assert_eq!(decide(ConflictPolicy::Skip, true, &[left("8")]), Resolution::Claim(0));
        assert_eq!(decide(ConflictPolicy::Skip, false, &[left("8")]), Resolution::Waiting(key("c/n/a")));
    }

    #[test]
    fn l09_a_leavers_address_is_not_bound_to_another_id() {
        let off = contact(Some("c/n/a/8"), Some(MarkKind::Deactivated));
        assert_eq!(decide(ConflictPolicy::Adopt, true, &[off]), Resolution::Conflict("AddressReused"));
        assert_eq!(
            decide(ConflictPolicy::Adopt, true, &[contact(Some("c/n/b/8"), None)]),
            Resolution::Conflict("AddressReused")
        );
    }

    #[test]
    fn l12_a_lost_answer_is_found_again() {
        assert_eq!(decide(ConflictPolicy::Skip, false, &[contact(Some("c/n/b/7"), None)]), Resolution::Ours(0));
    }
}
