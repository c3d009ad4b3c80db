//! What the desk made of what was written (L14).

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use super::Error;
use super::compact::CompactId;
use super::decide::change;
use crate::contact::{ExternalId, Field, OwnershipKey, Value, Wanted, fingerprint};
use crate::desk::{Contact, ContactId};
use crate::runlog::{Settled, SettledEntry};

/// Contacts are fetched once more where the desk does not answer with what it stored: as many, and then only if one of
/// them differs all of the rest.
pub(super) const SAMPLE: usize = 100;
/// As many where each costs a request of its own.
pub(super) const FEW: usize = 10;

/// A contact whose stored form the desk did not tell, in few bytes: after a first run that may be all of them.
#[derive(Clone, Debug)]
pub(super) struct Untold {
    /// The candidate's place.
    pub(super) place: u32,
    contact: CompactId,
    /// Portal access was not given or taken, though that is wanted.
    pub(super) without_access: bool,
    pub(super) before: Option<Brief>,
}

impl Untold {
    pub(super) fn new(place: usize, contact: &ContactId, without_access: bool, before: Option<Brief>) -> Self {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        Self { place, contact: CompactId::new(contact.as_str()), without_access, before }
    }

    pub(super) fn contact(&self) -> Option<ContactId> {
        ContactId::new(self.contact.to_string())
    }
}

/// Half of a fingerprint: enough to tell whether a contact is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Brief(NonZeroU64);

impl Brief {
    pub(super) fn of(fingerprint: u128) -> Self {
        let half = fingerprint & u128::from(u64::MAX);
        Self(u64::try_from(half).ok().and_then(NonZeroU64::new).unwrap_or(NonZeroU64::MIN))
    }
}

/// Collects differences between what was written and what is stored.
pub(super) struct Settling<'a> {
    fields: &'a [Field],
    key: &'a OwnershipKey,
    pub(super) settled: Settled,
    pub(super) changed: bool,
    pub(super) not_converging: BTreeSet<String>,
    pub(super) untold: Vec<Untold>,
}

impl<'a> Settling<'a> {
    pub(super) fn new(fields: &'a [Field], key: &'a OwnershipKey, settled: Settled) -> Self {
        Self { fields, key, settled, changed: false, not_converging: BTreeSet::new(), untold: Vec::new() }
    }

    /// Compares what a contact should now be (every mapped field) with what the desk says that it is.
    ///
    /// Whose it is must come back as it was written: everything else rests on that. A difference that was written once and
    /// made no difference at all (`before`) is written once more: a desk in maintenance, or a cache before it, may have
    /// said yes and done nothing.
    pub(super) fn compare(
        &mut self,
        person: &str,
        target: &[(Field, Option<Value>)],
        before: Option<Brief>,
        stored: &Contact,
    ) -> Result<(), Error> {
        let owner = stored.external_id.as_deref().and_then(ExternalId::parse);
        if owner.is_none_or(|id| id.owner != *self.key || id.person != person) {
            return Err(Error::OwnerNotKept);
        }
        let differs: Vec<String> = target
            .iter()
            .filter(|(field, value)| {
                let wanted = value.clone().map_or(Wanted::Clear, Wanted::Set);
                change(field, &wanted, stored.value(field).as_ref()).is_some()
            })
            .map(|(field, _)| field.to_string())
            .collect();
        if differs.is_empty() {
            self.changed |= self.settled.0.remove(person).is_some();
            return Ok(());
        }
        self.not_converging.extend(differs.iter().cloned());
        let wanted = fingerprint(target.iter().map(|(field, value)| (field, value.as_ref())));
        let stored = fields_of(self.fields, stored);
        let again = self.settled.0.get(person).is_some_and(|entry| entry.wanted == wanted && entry.stored == stored);
        let entry =
            SettledEntry { wanted, stored, fields: differs, tentative: before == Some(Brief::of(stored)) && !again };
        self.changed |= self.settled.0.get(person) != Some(&entry);
        self.settled.0.insert(person.to_owned(), entry);
        Ok(())
    }
}

/// The fingerprint of a contact's mapped fields.
pub(super) fn fields_of(fields: &[Field], contact: &Contact) -> u128 {
    let values: Vec<(&Field, Option<Value>)> = fields.iter().map(|field| (field, contact.value(field))).collect();
    fingerprint(values.iter().map(|(field, value)| (*field, value.as_ref())))
}
