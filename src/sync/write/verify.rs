//! Looks at contacts whose stored form the desk did not tell when it wrote them (L14).

use std::collections::{HashMap, HashSet};

use super::{Error, Writer};
use crate::desk::ContactId;
use crate::sync::candidates::Candidate;
use crate::sync::decide::{Verdict, changes};
use crate::sync::settle::{SAMPLE, Settling};

impl Writer<'_> {
    /// Looks at a sample, and at all of them once one differs. `in_vain` are candidates whose new address the desk refused.
    pub(super) async fn verify(&self, in_vain: &HashSet<usize>, settling: &mut Settling<'_>) -> Result<(), Error> {
        let mut untold = std::mem::take(&mut settling.untold);
        // In the order of the candidates, so that a sample is found in the first of them.
        untold.sort_unstable_by_key(|untold| untold.place);
        let rest = untold.split_off(untold.len().min(SAMPLE));
        for some in [untold, rest] {
            let contacts: HashMap<usize, ContactId> =
                some.iter().filter_map(|untold| Some((untold.place as usize, untold.contact()?))).collect();
            drop(some);
            self.verify_these(contacts, in_vain, settling).await?;
            if settling.not_converging.is_empty() {
                break;
            }
        }
        Ok(())
    }

    async fn verify_these(
        &self,
        mut contacts: HashMap<usize, ContactId>,
        in_vain: &HashSet<usize>,
        settling: &mut Settling<'_>,
    ) -> Result<(), Error> {
        let mut batch: Vec<(ContactId, Candidate)> = Vec::with_capacity(SAMPLE);
        for item in self.gathered.candidates.iter() {
            if contacts.is_empty() {
                break;
            }
            let (place, mut candidate) = item?;
            let Some(contact) = contacts.remove(&place) else { continue };
            self.hold_back(place, &mut candidate);
            let granted = matches!(self.claims.verdict(place), Verdict::Granted { .. });
            if !granted || in_vain.contains(&place) {
                self.keep_address(&mut candidate);
            }
            batch.push((contact, candidate));
            if batch.len() == SAMPLE {
                self.compare(std::mem::take(&mut batch), settling).await?;
            }
        }
        self.compare(batch, settling).await
    }

    async fn compare(&self, batch: Vec<(ContactId, Candidate)>, settling: &mut Settling<'_>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let ids: Vec<ContactId> = batch.iter().map(|(id, _)| id.clone()).collect();
        for contact in self.desk.get(&ids).await? {
            if let Some((_, candidate)) = batch.iter().find(|(id, _)| *id == contact.id) {
                let changed = changes(&self.fields.all, &candidate.wanted, |field| contact.value(field));
                settling.compare(&candidate.person, &self.target(&contact, &changed), &contact);
            }
        }
        Ok(())
    }
}
