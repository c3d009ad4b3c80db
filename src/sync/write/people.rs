//! Candidates become changes: new contacts as they are, known ones after a look at what the desk holds now.

use std::collections::HashMap;

use super::outbox::{Act, Count, Outbox, Pending};
use super::{Error, Writer};
use crate::contact::{ExternalId, Field, MarkKind, Value, Wanted};
use crate::desk::{ChangeKind, Contact, ContactId};
use crate::runlog::Entry;
use crate::sync::account::field_change;
use crate::sync::candidates::Candidate;
use crate::sync::decide::{Verdict, changes, first_values};
use crate::sync::settle::fields_of;

/// Contacts that are fetched together.
pub(super) const BATCH: usize = 100;

/// A known person whose contact is to be fetched and compared.
struct Known {
    place: usize,
    contact: ContactId,
    candidate: Candidate,
    park: bool,
}

impl Writer<'_> {
    /// Sends everything that is due in one round (L11).
    pub(super) async fn round(&self, round: u32, outbox: Outbox) -> Result<(), Error> {
        let mut known: Vec<Known> = Vec::with_capacity(BATCH);
        let mut planned: Vec<(usize, Candidate)> = Vec::new();
        for item in self.gathered.candidates.iter() {
            let (place, mut candidate) = item?;
            let due = match self.verdict(place) {
                Verdict::Granted { round: due, .. } if due == round => Due::Now,
                Verdict::Granted { park: true, .. } if round == 0 => Due::Park,
                Verdict::Granted { .. } => continue,
                verdict @ (Verdict::Duplicate | Verdict::Reused) => {
                    if round > 0 || !self.without_address(place, verdict, &mut candidate, &outbox).await? {
                        continue;
                    }
                    Due::Now
                }
            };
            self.hold_back(place, &mut candidate);
            match self.contact(place) {
                // In a later round the address is taken still, by a contact of this connection that moves first.
                None if self.planning && round == 0 => planned.push((place, candidate)),
                None => self.create(place, candidate, &outbox).await?,
                Some(contact) => known.push(Known { place, contact, candidate, park: due == Due::Park }),
            }
            if known.len() == BATCH {
                self.update(std::mem::take(&mut known), &outbox).await?;
            }
            if planned.len() == BATCH {
                self.plan_creates(std::mem::take(&mut planned), &outbox).await?;
            }
        }
        self.plan_creates(planned, &outbox).await?;
        self.update(known, &outbox).await
    }

    /// A run learns from the desk's refusal that an address is taken; a plan must ask.
    async fn plan_creates(&self, planned: Vec<(usize, Candidate)>, outbox: &Outbox) -> Result<(), Error> {
        if planned.is_empty() {
            return Ok(());
        }
        let emails: Vec<String> =
            planned.iter().map(|(_, candidate)| self.email(candidate).unwrap_or_default()).collect();
        let taken = self.desk.are_taken(&emails).await?;
        for ((place, candidate), taken) in planned.into_iter().zip(taken) {
            if taken {
                self.in_the_way(&candidate, outbox).await?;
            } else {
                self.create(place, candidate, outbox).await?;
            }
        }
        Ok(())
    }

    /// What a held sign-in key, of which the claim was never made, comes to: written in round 0 without it.
    fn verdict(&self, place: usize) -> Verdict {
        self.claims.verdict(place)
    }

    fn contact(&self, place: usize) -> Option<ContactId> {
        let owned = self.gathered.heads.get(place)?.owned? as usize;
        self.index.get(owned)?.contact()
    }

    /// A person whose address another person has: a new one must wait, a known one keeps the old address. Tells it, and
    /// whether there is still something to write.
    async fn without_address(
        &self,
        place: usize,
        verdict: Verdict,
        candidate: &mut Candidate,
        outbox: &Outbox,
    ) -> Result<bool, Error> {
        let (count, reason, message) = if verdict == Verdict::Reused {
            (
                Count::Held,
                "AddressReused",
                "the address belonged to somebody who left: check that it is the same person, then delete or release the old contact",
            )
        } else {
            (
                Count::Skipped,
                "DuplicateEmail",
                "another person in the source has this address, or a claim to it that comes first",
            )
        };
        let event = if count == Count::Held { "held" } else { "skipped" };
        outbox.note(count, Entry::of(event, &candidate.person).because(reason).saying(message)).await?;
        self.keep(&Field::Email, candidate);
        Ok(self.contact(place).is_some())
    }

    /// Leaves alone what waits for approval (L4), and what everybody lost (L15).
    pub(super) fn hold_back(&self, place: usize, candidate: &mut Candidate) {
        if self.held.keys.contains(&place) {
            self.keep(&Field::Email, candidate);
        }
        if self.held.grants.contains(&place) || self.held.revokes.contains(&place) {
            self.keep(&Field::PortalAccess, candidate);
        }
        for lost in self.lost {
            if let Some(wanted) = candidate.wanted.get_mut(*lost)
                && (*wanted == Wanted::Clear || *wanted == Wanted::Set(Value::Flag(false)))
            {
                *wanted = Wanted::Keep;
            }
        }
    }

    pub(super) fn keep(&self, field: &Field, candidate: &mut Candidate) {
        if let Some(wanted) = self.fields.place(field).and_then(|n| candidate.wanted.get_mut(n)) {
            *wanted = Wanted::Keep;
        }
    }

    async fn create(&self, place: usize, candidate: Candidate, outbox: &Outbox) -> Result<(), Error> {
        let values = first_values(&self.fields.all, &candidate.wanted);
        let pending = Pending {
            act: Act::Create,
            place: Some(place),
            contact: None,
            reason: None,
            fields: values.iter().map(|(field, value)| field_change(field, None, Some(value))).collect(),
            target: self
                .fields
                .all
                .iter()
                .map(|field| (field.clone(), values.iter().find(|(f, _)| f == field).map(|(_, v)| v.clone())))
                .collect(),
            before: None,
            person: candidate.person.clone(),
        };
        let kind = ChangeKind::Create {
            external_id: ExternalId::new(self.settings.key.clone(), candidate.person),
            active: true,
            fields: values,
            connection: self.settings.title(),
        };
        outbox.send(kind, pending).await
    }

    async fn update(&self, known: Vec<Known>, outbox: &Outbox) -> Result<(), Error> {
        if known.is_empty() {
            return Ok(());
        }
        let ids: Vec<ContactId> = known.iter().map(|known| known.contact.clone()).collect();
        let mut contacts: HashMap<ContactId, Contact> =
            self.desk.get(&ids).await?.into_iter().map(|contact| (contact.id.clone(), contact)).collect();
        for Known { place, contact: id, candidate, park } in known {
            match contacts.remove(&id).filter(|contact| self.is_ours(contact, &candidate.person)) {
                Some(contact) if park => self.park(place, contact, &candidate, outbox).await?,
                Some(contact) => self.change(Some(place), contact, &candidate, Takeover::None, outbox).await?,
                None => {
                    let entry = Entry::of("failed", &candidate.person).on(id.to_string()).because("ContactChanged");
                    let why = "the contact was deleted or taken over since it was listed; the next run will see";
                    outbox.note(Count::Failed, entry.saying(why)).await?;
                }
            }
        }
        Ok(())
    }

    /// Whether a contact as it was fetched is still this connection's (L7, L8).
    pub(super) fn is_ours(&self, contact: &Contact, person: &str) -> bool {
        let id = contact.external_id.as_deref().and_then(ExternalId::parse);
        id.is_some_and(|id| id.person == person && self.settings.owns(&id.owner)) && !contact.staff
    }

    /// Sends what must change in a contact, if anything.
    pub(super) async fn change(
        &self,
        place: Option<usize>,
        contact: Contact,
        candidate: &Candidate,
        takeover: Takeover,
        outbox: &Outbox,
    ) -> Result<(), Error> {
        let mut fields = changes(&self.fields.all, &candidate.wanted, |field| contact.value(field));
        let before = contact.external_id.as_deref().and_then(ExternalId::parse);
        let ours = ExternalId {
            adopted: takeover == Takeover::Adopt || before.as_ref().is_some_and(|id| id.adopted),
            ..ExternalId::new(self.settings.key.clone(), candidate.person.clone())
        };
        let rename = before.as_ref() != Some(&ours);
        let deactivated = before.as_ref().and_then(|id| id.mark).is_some_and(|mark| mark.kind == MarkKind::Deactivated);
        // Only what a connection turned off is turned on again (L10).
        let reactivate = deactivated && !contact.active;
        if fields.is_empty() && !rename && !reactivate {
            return outbox.right().await;
        }
        let told = fields
            .iter()
            .map(|(field, new)| field_change(field, contact.value(field).as_ref(), new.as_ref()))
            .collect();
        let target = self.target(&contact, &fields);
        self.labels_move_along(&mut fields, candidate);
        let act = match takeover {
            Takeover::Adopt => Act::Adopt,
            Takeover::Claim => Act::Claim,
            Takeover::None if reactivate => Act::Reactivate,
            Takeover::None => Act::Update,
        };
        let pending = Pending {
            act,
            place,
            person: candidate.person.clone(),
            contact: Some(contact.id.clone()),
            reason: None,
            fields: told,
            target,
            before: Some(fields_of(&self.fields.all, &contact)),
        };
        let kind = ChangeKind::Update {
            contact,
            fields,
            external_id: rename.then_some(Some(ours)),
            active: reactivate.then_some(true),
        };
        outbox.send(kind, pending).await
    }

    /// Every mapped field as it is after the change.
    fn target(&self, contact: &Contact, changed: &[(Field, Option<Value>)]) -> Vec<(Field, Option<Value>)> {
        self.fields
            .all
            .iter()
            .map(|field| {
                let new = changed.iter().find(|(other, _)| other == field).map(|(_, value)| value.clone());
                (field.clone(), new.unwrap_or_else(|| contact.value(field)))
            })
            .collect()
    }

    /// The primary address may be a labelled one as well; when it moves, the labelled ones are written along with it.
    fn labels_move_along(&self, fields: &mut Vec<(Field, Option<Value>)>, candidate: &Candidate) {
        if !fields.iter().any(|(field, _)| *field == Field::Email) {
            return;
        }
        for (field, wanted) in self.fields.all.iter().zip(&candidate.wanted) {
            let labelled = matches!(field, Field::EmailLabeled(_));
            if !labelled || fields.iter().any(|(other, _)| other == field) {
                continue;
            }
            if let Wanted::Set(value) = wanted {
                fields.push((field.clone(), Some(value.clone())));
            }
        }
    }

    /// Moves a contact's address out of the way for a moment, with portal access off (L11).
    async fn park(&self, place: usize, contact: Contact, candidate: &Candidate, outbox: &Outbox) -> Result<(), Error> {
        let parked = format!("parked-{}@contactsync.invalid", uuid::Uuid::new_v4().simple());
        let mut fields = vec![(Field::Email, Some(Value::Text(parked)))];
        if self.fields.place(&Field::PortalAccess).is_some() {
            fields.push((Field::PortalAccess, Some(Value::Flag(false))));
        }
        let pending = Pending {
            act: Act::Park,
            place: Some(place),
            person: candidate.person.clone(),
            contact: Some(contact.id.clone()),
            reason: Some("AddressCycle".to_owned()),
            fields: vec![field_change(&Field::Email, None, None)],
            target: Vec::new(),
            before: None,
        };
        outbox.send(ChangeKind::Update { contact, fields, external_id: None, active: None }, pending).await
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Due {
    Now,
    Park,
}

/// Whose a contact was before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Takeover {
    /// This connection's.
    None,
    /// Nobody's.
    Adopt,
    /// Another connection's, which let go of it.
    Claim,
}
