//! What becomes of the contacts of people who left. Each is read again just before (L8), and only if it is still as
//! it was listed anything is done.

use super::outbox::{Act, Count, Outbox, Pending};
use super::people::BATCH;
use super::{Error, Writer};
use crate::contact::{ExternalId, Mark, MarkKind};
use crate::desk::{ChangeKind, Contact};
use crate::runlog::Entry;
use crate::sync::decide::{Absence, LeaverStep, Removal};
use crate::sync::leave::Leaver;

impl Writer<'_> {
    pub(super) async fn removals(&self, leavers: &[Leaver], outbox: Outbox) -> Result<(), Error> {
        let (held, due): (Vec<Leaver>, Vec<Leaver>) =
            leavers.iter().filter(|leaver| leaver.step != LeaverStep::Wait).partition(|leaver| self.is_held(leaver));
        for leaver in held {
            let Some(owned) = self.index.get(leaver.owned) else { continue };
            let entry = Entry::of("held", &owned.person.to_string()).on(owned.contact_text());
            outbox
                .note(Count::Held, entry.because(word(leaver.absence)).saying("this removal waits for approval"))
                .await?;
        }
        for batch in due.chunks(BATCH) {
            let ids: Vec<_> = batch.iter().filter_map(|leaver| self.index.get(leaver.owned)?.contact()).collect();
            let mut contacts = self.desk.get(&ids).await?;
            for leaver in batch {
                let Some(owned) = self.index.get(leaver.owned) else { continue };
                let person = owned.person.to_string();
                let Some(id) = owned.contact() else { continue };
                let Some(place) = contacts.iter().position(|contact| contact.id == id) else { continue };
                let contact = contacts.swap_remove(place);
                let same_mark = contact
                    .external_id
                    .as_deref()
                    .and_then(ExternalId::parse)
                    .is_some_and(|id| id.mark == owned.standing.mark);
                if !self.is_ours(&contact, &person) || !same_mark {
                    let entry = Entry::of("noted", &person).on(id.to_string()).because("ContactChanged");
                    outbox.note(Count::None, entry.saying("the contact changed hands since it was listed")).await?;
                    continue;
                }
                self.remove(leaver, contact, person, &outbox).await?;
            }
        }
        Ok(())
    }

    fn is_held(&self, leaver: &Leaver) -> bool {
        match leaver.step {
            LeaverStep::Remove(_) => self.held.removals.contains(&leaver.owned),
            LeaverStep::MarkLeft => self.held.marks,
            LeaverStep::Nothing | LeaverStep::Wait => false,
        }
    }

    async fn remove(&self, leaver: &Leaver, contact: Contact, person: String, outbox: &Outbox) -> Result<(), Error> {
        let marked = |kind| {
            let before = contact.external_id.as_deref().and_then(ExternalId::parse)?;
            Some(ExternalId { mark: Some(Mark { kind, at: self.now }), ..before })
        };
        let (act, external_id, active) = match leaver.step {
            LeaverStep::Nothing | LeaverStep::Wait => return Ok(()),
            LeaverStep::MarkLeft => (Act::MarkLeft, Some(marked(MarkKind::Left)), None),
            LeaverStep::Remove(Removal::Deactivate) => {
                (Act::Deactivate, Some(marked(MarkKind::Deactivated)), Some(false))
            }
            LeaverStep::Remove(Removal::Release) => (Act::Release, Some(None), None),
            LeaverStep::Remove(Removal::Delete) => (Act::Delete, None, None),
        };
        let pending = Pending {
            act,
            place: None,
            again: false,
            person,
            contact: Some(contact.id.clone()),
            reason: Some(word(leaver.absence).to_owned()),
            fields: Vec::new(),
            target: Vec::new(),
            without_access: false,
            before: None,
        };
        let kind = match act {
            Act::Delete => ChangeKind::Delete { contact },
            _ => ChangeKind::Update { contact, fields: Vec::new(), external_id, active },
        };
        outbox.send(kind, pending).await
    }
}

fn word(absence: Absence) -> &'static str {
    match absence {
        Absence::Gone => "Gone",
        Absence::Disabled => "Disabled",
        Absence::OutOfScope => "OutOfScope",
        Absence::ConnectionDeleted => "ConnectionDeleted",
    }
}
