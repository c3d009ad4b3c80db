//! Candidates become changes: new contacts as they are, known ones after a look at what the desk holds now.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::outbox::{Act, Count, Outbox, Pending};
use super::{Error, Writer};
use crate::contact::{ExternalId, Field, MarkKind, Value, Wanted, canonical_email};
use crate::desk::{ChangeKind, Contact, ContactId};
use crate::runlog::Entry;
use crate::sync::account::field_change;
use crate::sync::candidates::Candidate;
use crate::sync::decide::{Verdict, changes, first_values};
use crate::sync::settle::{Brief, fields_of};

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
    /// Sends everything that is due in one round (L11), but for those who were `tried` before. A plan knows whom the desk
    /// would refuse.
    pub(super) async fn round(
        &self,
        round: u32,
        refused: &HashSet<usize>,
        tried: &HashSet<usize>,
        outbox: Outbox,
    ) -> Result<(), Error> {
        let mut known: Vec<Known> = Vec::with_capacity(BATCH);
        for item in self.gathered.candidates.iter() {
            let (place, mut candidate) = item?;
            if tried.contains(&place) {
                continue;
            }
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
                None if self.held.newcomers => wait(&candidate, &outbox).await?,
                None if refused.contains(&place) => self.in_the_way(place, &candidate, &outbox).await?,
                Some(_) if refused.contains(&place) => self.stays_put(place, candidate, &outbox).await?,
                None => self.create(place, candidate, &outbox).await?,
                Some(contact) => known.push(Known { place, contact, candidate, park: due == Due::Park }),
            }
            if known.len() == BATCH {
                self.update(std::mem::take(&mut known), &outbox).await?;
            }
        }
        self.update(known, &outbox).await
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
        self.keep_address(candidate);
        Ok(self.contact(place).is_some())
    }

    /// Leaves alone what waits for approval (L4), and what everybody lost (L15).
    pub(super) fn hold_back(&self, place: usize, candidate: &mut Candidate) {
        if self.held.keys.contains(&place) {
            self.keep_address(candidate);
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

    /// The old address stays, and the new one does not come in under a label either: mail from it would be taken for this
    /// person's (L9, L11).
    pub(super) fn keep_address(&self, candidate: &mut Candidate) {
        let Some(refused) = self.email(candidate).map(|email| canonical_email(&email).into_owned()) else { return };
        self.keep(&Field::Email, candidate);
        let is_refused = |text: &String| canonical_email(text) == refused;
        for (field, wanted) in self.fields.all.iter().zip(&mut candidate.wanted) {
            let brings_it = match wanted {
                Wanted::Set(Value::Text(text)) => is_refused(text),
                Wanted::Set(Value::Texts(texts)) | Wanted::OneOf(texts) => texts.iter().any(is_refused),
                Wanted::Set(Value::Flag(_)) | Wanted::Clear | Wanted::Keep => false,
            };
            if matches!(field, Field::EmailLabeled(_)) && brings_it {
                *wanted = Wanted::Keep;
            }
        }
    }

    pub(super) async fn create(&self, place: usize, candidate: Candidate, outbox: &Outbox) -> Result<(), Error> {
        let values = first_values(&self.fields.all, &candidate.wanted);
        let pending = Pending {
            act: Act::Create,
            place: Some(place),
            again: true,
            contact: None,
            reason: None,
            fields: Vec::new(),
            target: self
                .fields
                .all
                .iter()
                .map(|field| (field.clone(), values.iter().find(|(f, _)| f == field).map(|(_, v)| v.clone())))
                .collect(),
            without_access: false,
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
                Some(contact) => {
                    self.change(Origin { place, again: true }, contact, &candidate, Takeover::None, outbox).await?;
                }
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
        origin: Origin,
        contact: Contact,
        candidate: &Candidate,
        takeover: Takeover,
        outbox: &Outbox,
    ) -> Result<(), Error> {
        let mut candidate = Cow::Borrowed(candidate);
        let access_waits = takeover != Takeover::None && self.changes_access(&candidate, &contact);
        if access_waits {
            self.keep(&Field::PortalAccess, candidate.to_mut());
            let why = "portal access is given or taken once the contact is this connection's: by the next run, within the hold's limits";
            let entry = Entry::of("held", &candidate.person).on(contact.id.to_string()).because("AccessAfterTakeover");
            outbox.note(Count::Held, entry.saying(why)).await?;
        }
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
        self.labels_move_along(&mut fields, &candidate);
        let act = match takeover {
            Takeover::Adopt => Act::Adopt,
            Takeover::Claim => Act::Claim,
            Takeover::None if reactivate => Act::Reactivate,
            Takeover::None => Act::Update,
        };
        let pending = Pending {
            act,
            place: Some(origin.place),
            again: origin.again,
            person: candidate.person.clone(),
            contact: Some(contact.id.clone()),
            reason: None,
            fields: told,
            target,
            without_access: access_waits,
            before: Some(Brief::of(fields_of(&self.fields.all, &contact))),
        };
        let kind = ChangeKind::Update {
            contact,
            fields,
            external_id: rename.then_some(Some(ours)),
            active: reactivate.then_some(true),
        };
        outbox.send(kind, pending).await
    }

    /// Whether a change gives or takes portal access. Where the contact is only now taken over, nobody has counted that
    /// against the hold (L4).
    fn changes_access(&self, candidate: &Candidate, contact: &Contact) -> bool {
        let wanted = self.fields.place(&Field::PortalAccess).and_then(|place| candidate.wanted.get(place));
        let has = contact.value(&Field::PortalAccess) == Some(Value::Flag(true));
        matches!(wanted, Some(Wanted::Set(Value::Flag(wanted))) if *wanted != has)
    }

    /// Every mapped field as it is after the change.
    pub(super) fn target(&self, contact: &Contact, changed: &[(Field, Option<Value>)]) -> Vec<(Field, Option<Value>)> {
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

    /// Moves a contact's address out of the way for a moment, with portal access off (L11): but not where it must stay as
    /// it is, held or not to be computed, because then nothing would bring it back (L1, L4, L17).
    async fn park(&self, place: usize, contact: Contact, candidate: &Candidate, outbox: &Outbox) -> Result<(), Error> {
        let parked = format!("parked-{}@contactsync.invalid", uuid::Uuid::new_v4().simple());
        let mut fields = vec![(Field::Email, Some(Value::Text(parked)))];
        let access = self.fields.place(&Field::PortalAccess).and_then(|n| candidate.wanted.get(n));
        if access.is_some_and(|wanted| *wanted != Wanted::Keep) {
            fields.push((Field::PortalAccess, Some(Value::Flag(false))));
        }
        let pending = Pending {
            act: Act::Park,
            place: Some(place),
            again: false,
            person: candidate.person.clone(),
            contact: Some(contact.id.clone()),
            reason: Some("AddressCycle".to_owned()),
            fields: vec![field_change(&Field::Email, None, None)],
            target: Vec::new(),
            without_access: false,
            before: None,
        };
        outbox.send(ChangeKind::Update { contact, fields, external_id: None, active: None }, pending).await
    }
}

/// A new person of a directory that looks like another one (L4).
async fn wait(candidate: &Candidate, outbox: &Outbox) -> Result<(), Error> {
    let entry = Entry::of("held", &candidate.person).because("OtherDirectory");
    let why = "the directory has nobody whose contact is owned, so its people wait until the removals are approved";
    outbox.note(Count::Held, entry.saying(why)).await
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Due {
    Now,
    Park,
}

/// Where a change of a contact comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// The candidate's place.
    pub(super) place: usize,
    /// As [`Pending::again`].
    pub(super) again: bool,
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
