//! The contacts that a connection owns, in about 100 bytes each: enough to tell who is in step, and to find the rest.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

use hashbrown::HashTable;
use jiff::Timestamp;

use super::compact::CompactId;
use super::decide::{Reading, Standing};
use super::{ConnectionSettings, Error};
use crate::contact::{ExternalId, Field, Mark, MarkKind, OwnershipKey, Value, canonical_email, fingerprint};
use crate::desk::{ContactId, Desk, Listed};
use crate::runlog::WINDOW;

/// One owned contact.
#[expect(clippy::struct_excessive_bools, reason = "four facts that have nothing to do with each other")]
#[derive(Clone, Debug)]
pub(super) struct Owned {
    pub(super) person: CompactId,
    contact: CompactId,
    /// Of the mapped fields, in canonical form, as the desk stores them.
    pub(super) fingerprint: u128,
    /// Of the sign-in key.
    pub(super) email: u64,
    pub(super) active: bool,
    pub(super) portal_access: bool,
    pub(super) staff: bool,
    /// Owned under a key that was taken over, so its externalId must be written anew.
    pub(super) rename: bool,
    pub(super) standing: Standing,
    /// What the directory said of the person in this run.
    pub(super) reading: Reading,
}

impl Owned {
    pub(super) fn contact(&self) -> Option<ContactId> {
        ContactId::new(self.contact.to_string())
    }

    pub(super) fn contact_text(&self) -> String {
        self.contact.to_string()
    }
}

/// All of them, by person id.
#[derive(Default)]
pub(super) struct OwnedIndex {
    entries: Vec<Owned>,
    /// Places, by the hash of the person's id.
    places: HashTable<u32>,
    keys: RandomState,
    /// Email hash and place of its holder, sorted.
    holders: Vec<(u64, u32)>,
    /// How many have each mapped field set, by the field's place.
    pub(super) set: Vec<u64>,
    /// Contacts that share their person id with another: neither is touched, and a person must look.
    pub(super) doubled: HashSet<String>,
}

impl OwnedIndex {
    /// Lists every contact owned under the connection's key or one that it takes over from (L7), and proves that the list
    /// was whole (L16). Where others' contacts pass by, as they do when nothing is owned yet, another installation is
    /// noticed, and nothing was written yet.
    pub(super) async fn list(desk: &Desk, settings: &ConnectionSettings, fields: &[Field]) -> Result<Self, Error> {
        let mut index = Self { set: vec![0; fields.len()], ..Self::default() };
        let key = &settings.key;
        let elsewhere = OnceLock::new();
        let name = format!("/{}/", settings.full_name());
        let notice = |id: &str| {
            if id.contains(&name)
                && let Some(id) = ExternalId::parse(id).filter(|id| settings.is_run_elsewhere(&id.owner))
            {
                elsewhere.get_or_init(|| id.owner);
            }
        };
        for owner in std::iter::once(key).chain(&settings.take_over) {
            desk.list_noticing(&owner.prefix(), &notice, &mut |contact| index.add(contact, owner, key, fields)).await?;
        }
        if let Some(owner) = elsewhere.into_inner() {
            return Err(Error::OtherInstallation { owner, key: key.clone() });
        }
        index.finish();
        Ok(index)
    }

    fn add(&mut self, contact: &Listed<'_>, owner: &OwnershipKey, key: &OwnershipKey, fields: &[Field]) {
        // A longer key that begins like this one is somebody else's (L7).
        let Some(id) = contact.external_id.and_then(ExternalId::parse).filter(|id| &id.owner == owner) else {
            return;
        };
        let values: Vec<Option<Value>> = fields.iter().map(|field| contact.value(field)).collect();
        for (set, value) in self.set.iter_mut().zip(&values) {
            *set += u64::from(value.is_some());
        }
        self.entries.push(Owned {
            person: CompactId::new(&id.person),
            contact: CompactId::new(contact.id),
            fingerprint: fingerprint(fields.iter().zip(values.iter().map(Option::as_ref))),
            email: email_hash(contact.user_name()),
            active: contact.active(),
            portal_access: contact.value(&Field::PortalAccess) == Some(Value::Flag(true)),
            staff: contact.staff(),
            rename: owner != key,
            standing: Standing { adopted: id.adopted, mark: id.mark },
            reading: Reading::Unread,
        });
    }

    fn finish(&mut self) {
        self.entries.sort_by(|a, b| a.person.cmp(&b.person));
        self.doubled = self
            .entries
            .windows(2)
            .filter_map(|pair| match pair {
                [a, b] if a.person == b.person => Some(a.person.to_string()),
                _ => None,
            })
            .collect();
        self.entries.shrink_to_fit();
        let (entries, keys) = (&self.entries, &self.keys);
        let hash = |place: &u32| entries.get(*place as usize).map_or(0, |owned| keys.hash_one(&owned.person));
        self.places.reserve(entries.len(), hash);
        for (place, _) in (0_u32..).zip(entries) {
            self.places.insert_unique(hash(&place), place, hash);
        }
        self.holders = (0_u32..).zip(&self.entries).map(|(place, owned)| (owned.email, place)).collect();
        self.holders.sort_unstable();
    }

    /// Whether a person has more than one contact here.
    pub(super) fn is_doubled(&self, person: &str) -> bool {
        !self.doubled.is_empty() && self.doubled.contains(person)
    }

    pub(super) fn find(&self, person: &str) -> Option<usize> {
        let id = CompactId::new(person);
        let same = |place: &u32| self.entries.get(*place as usize).is_some_and(|owned| owned.person == id);
        self.places.find(self.keys.hash_one(&id), same).map(|place| *place as usize)
    }

    /// The contact of an id that differs in nothing but case.
    pub(super) fn find_in_other_case(&self, person: &str) -> Option<usize> {
        let other = |id: String| if id == person { None } else { self.find(&id) };
        other(person.to_lowercase()).or_else(|| other(person.to_uppercase()))
    }

    pub(super) fn get(&self, place: usize) -> Option<&Owned> {
        self.entries.get(place)
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Owned> {
        self.entries.get_mut(place)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &Owned)> {
        self.entries.iter().enumerate()
    }

    /// Who holds an address, by its hash.
    pub(super) fn holder(&self, email: u64) -> Option<usize> {
        let first = self.holders.partition_point(|(hash, _)| *hash < email);
        self.holders.get(first).filter(|(hash, _)| *hash == email).map(|(_, place)| *place as usize)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many this connection turned off in the 24 hours before, as the marks on them tell.
    pub(super) fn deactivated_since(&self, now: Timestamp) -> u64 {
        let young = |mark: &Mark| mark.kind == MarkKind::Deactivated && now.duration_since(mark.at) < WINDOW;
        self.entries.iter().filter(|owned| owned.standing.mark.as_ref().is_some_and(young)).count() as u64
    }

    pub(super) fn active(&self) -> usize {
        self.entries.iter().filter(|owned| owned.active).count()
    }
}

/// A number that stands for an address, whatever its case. Two addresses share one once in 2^64: the later then waits
/// as a duplicate, and the log says so.
pub(super) fn email_hash(email: &str) -> u64 {
    let hash = blake3::hash(canonical_email(email).as_bytes());
    hash.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
