//! People whose contact could not be made or moved because another one is in the way.

use std::collections::HashSet;

use super::outbox::{Count, Outbox};
use super::people::{Origin, Takeover};
use super::{Error, Writer};
use crate::contact::{ExternalId, Field, Value, Wanted, canonical_email};
use crate::desk::Contact;
use crate::runlog::Entry;
use crate::sync::candidates::Candidate;
use crate::sync::decide::conflict::{Resolution, Standing, Wish, resolve};

impl Writer<'_> {
    /// Looks at each contact in the way and does what is allowed.
    pub(super) async fn conflicts(
        &self,
        taken: &HashSet<usize>,
        moved: &HashSet<usize>,
        outbox: Outbox,
    ) -> Result<(), Error> {
        for item in self.gathered.candidates.iter() {
            let (place, mut candidate) = item?;
            if taken.contains(&place) {
                self.hold_back(place, &mut candidate);
                self.in_the_way(place, &candidate, &outbox).await?;
            } else if moved.contains(&place) {
                self.stays_put(place, candidate, &outbox).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn in_the_way(&self, place: usize, candidate: &Candidate, outbox: &Outbox) -> Result<(), Error> {
        let Some(email) = self.email(candidate) else { return Ok(()) };
        let mut found = self.holders(candidate, &email).await?;
        let mut owners = found.iter().filter_map(|contact| ExternalId::parse(contact.external_id.as_deref()?));
        if let Some(theirs) = owners.find(|id| self.settings.is_run_elsewhere(&id.owner)) {
            return Err(Error::OtherInstallation { owner: theirs.owner, key: self.settings.key.clone() });
        }
        let standings: Vec<Standing> = found.iter().map(|contact| self.standing(contact, &email)).collect();
        let wish = Wish {
            key: &self.settings.key,
            person: &candidate.person,
            policy: self.settings.spec.conflicts.unwrap_or_default(),
            same_directory: &self.settings.same_directory,
            speaks_for: self.settings.speaks_for(&email),
        };
        let mut take = |place: usize| if place < found.len() { Some(found.swap_remove(place)) } else { None };
        let (contact, takeover) = match resolve(wish, &standings) {
            Resolution::Ours(place) => (take(place), Takeover::None),
            Resolution::Adopt(place) => (take(place), Takeover::Adopt),
            Resolution::Claim(place) => (take(place), Takeover::Claim),
            Resolution::Waiting(owner) => {
                let entry = Entry::of("waiting", &candidate.person).because("OwnedByAnother");
                let why = format!(
                    "the contact with this address belongs to the connection {owner}, which has not let go of it"
                );
                return outbox.note(Count::Waiting, entry.saying(why)).await;
            }
            Resolution::Conflict(reason) => {
                let entry = Entry::of("conflict", &candidate.person).because(reason).saying(explain(reason));
                return outbox.note(Count::Conflict, entry).await;
            }
        };
        match contact {
            Some(contact) => self.change(Origin { place, again: false }, contact, candidate, takeover, outbox).await,
            None => Ok(()),
        }
    }

    /// The contacts that may be meant by a 409 (L12): the person's own, else whoever has the address.
    pub(super) async fn holders(&self, candidate: &Candidate, email: &str) -> Result<Vec<Contact>, Error> {
        let own = ExternalId::new(self.settings.key.clone(), candidate.person.clone());
        let found = self.desk.find_by_external_id(&own).await?;
        if found.is_empty() { Ok(self.desk.find_by_email(email).await?) } else { Ok(found) }
    }

    /// A 409 on an update never adopts (L11): the address stays, everything else is written.
    pub(super) async fn stays_put(&self, place: usize, mut candidate: Candidate, outbox: &Outbox) -> Result<(), Error> {
        self.hold_back(place, &mut candidate);
        self.keep_address(&mut candidate);
        let why = "another contact of the desk has the new address; the old one stays";
        let entry = Entry::of("conflict", &candidate.person).because("EmailTaken").saying(why);
        outbox.note(Count::Conflict, entry).await?;
        let Some(owned) = self.gathered.heads.get(place).and_then(|head| self.index.get(head.owned? as usize)) else {
            return Ok(());
        };
        let Some(id) = owned.contact() else { return Ok(()) };
        let fetched = self.desk.get(&[id]).await?;
        for contact in fetched.into_iter().filter(|contact| self.is_ours(contact, &candidate.person)) {
            self.change(Origin { place, again: false }, contact, &candidate, Takeover::None, outbox).await?;
        }
        Ok(())
    }

    fn standing(&self, contact: &Contact, email: &str) -> Standing {
        let owner = contact.external_id.as_deref().and_then(ExternalId::parse);
        Standing {
            ownerless: owner.as_ref().is_some_and(|id| self.settings.gone.is_gone(&id.owner)),
            owner,
            staff: contact.staff,
            primary: canonical_email(&contact.user_name) == canonical_email(email),
        }
    }

    /// The address that a candidate wants.
    pub(super) fn email(&self, candidate: &Candidate) -> Option<String> {
        match candidate.wanted.get(self.fields.place(&Field::Email)?)? {
            Wanted::Set(Value::Text(text)) => Some(text.clone()),
            Wanted::OneOf(texts) => texts.first().cloned(),
            Wanted::Set(Value::Texts(_) | Value::Flag(_)) | Wanted::Clear | Wanted::Keep => None,
        }
    }
}

fn explain(reason: &str) -> &'static str {
    match reason {
        "Staff" => "the address belongs to an agent or administrator of the desk, who is never touched",
        "ContactExists" => {
            "a contact that nobody owns has this address: set conflicts: Adopt to take it over, or delete it"
        }
        "NotPrimaryEmail" => "the address is a second one of a contact: only a primary address is taken over",
        "ForeignDomain" => "spec.emailDomains does not name the address's domain",
        "AddressReused" => {
            "the address belonged to somebody else before: check that it is the same person, then delete or release the old contact"
        }
        "SeveralContacts" => "several contacts have this address: merge them on the desk",
        _ => "the desk says that the address is taken, and shows no contact that has it",
    }
}
