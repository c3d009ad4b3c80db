//! What the desk made of what was written (L14).

use std::collections::BTreeSet;

use super::compact::CompactId;
use super::decide::change;
use crate::contact::{Field, Value, Wanted, fingerprint};
use crate::desk::{Contact, ContactId};
use crate::runlog::{Settled, SettledEntry};

/// Contacts are fetched once more where the desk does not answer with what it stored: as many, and then only if one of
/// them differs all of the rest.
pub(super) const SAMPLE: usize = 100;

/// A contact whose stored form the desk did not tell, in few bytes: after a first run that may be all of them.
#[derive(Clone, Debug)]
pub(super) struct Untold {
    /// The candidate's place.
    pub(super) place: u32,
    contact: CompactId,
}

impl Untold {
    pub(super) fn new(place: usize, contact: &ContactId) -> Self {
        Self { place: u32::try_from(place).unwrap_or(u32::MAX), contact: CompactId::new(contact.as_str()) }
    }

    pub(super) fn contact(&self) -> Option<ContactId> {
        ContactId::new(self.contact.to_string())
    }
}

/// Collects differences between what was written and what is stored.
pub(super) struct Settling<'a> {
    fields: &'a [Field],
    pub(super) settled: Settled,
    pub(super) changed: bool,
    pub(super) not_converging: BTreeSet<String>,
    pub(super) untold: Vec<Untold>,
}

impl<'a> Settling<'a> {
    pub(super) fn new(fields: &'a [Field], settled: Settled) -> Self {
        Self { fields, settled, changed: false, not_converging: BTreeSet::new(), untold: Vec::new() }
    }

    /// Compares what a contact should now be (every mapped field) with what the desk says that it is.
    pub(super) fn compare(&mut self, person: &str, target: &[(Field, Option<Value>)], stored: &Contact) {
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
            return;
        }
        self.not_converging.extend(differs.iter().cloned());
        let values: Vec<(&Field, Option<Value>)> = self.fields.iter().map(|f| (f, stored.value(f))).collect();
        let entry = SettledEntry {
            wanted: fingerprint(target.iter().map(|(field, value)| (field, value.as_ref()))),
            stored: fingerprint(values.iter().map(|(field, value)| (*field, value.as_ref()))),
            fields: differs,
        };
        self.changed |= self.settled.0.get(person) != Some(&entry);
        self.settled.0.insert(person.to_owned(), entry);
    }
}
