//! Looks at contacts whose stored form the desk did not tell when it wrote them (L14).

use std::collections::{HashMap, HashSet};

use super::{Error, Writer};
use crate::contact::Field;
use crate::desk::ContactId;
use crate::runlog::Entry;
use crate::sync::account::Account;
use crate::sync::candidates::Candidate;
use crate::sync::decide::{Verdict, changes};
use crate::sync::settle::{Brief, FEW, SAMPLE, Settling, Untold};

/// A contact to look at.
struct Doubtful {
    contact: ContactId,
    candidate: Candidate,
    before: Option<Brief>,
}

impl Writer<'_> {
    /// Looks at a sample, and at all of them once one differs (L14) or is not there at all (L19). `in_vain` are candidates
    /// whose new address the desk refused.
    pub(super) async fn verify(
        &self,
        in_vain: &HashSet<usize>,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<(), Error> {
        let mut untold = std::mem::take(&mut settling.untold);
        // In the order of the candidates, so that a sample is found in the first of them.
        untold.sort_unstable_by_key(|untold| untold.place);
        // A desk that does not filter is asked for each by itself: a few of them will do.
        let sample = if self.desk.capabilities().filter.is_some() { SAMPLE } else { FEW };
        let rest = untold.split_off(untold.len().min(sample));
        for some in [untold, rest] {
            let vanished = self.verify_these(some, in_vain, account, settling).await?;
            if settling.not_converging.is_empty() && !vanished {
                break;
            }
        }
        Ok(())
    }

    /// Whether one has vanished.
    async fn verify_these(
        &self,
        untold: Vec<Untold>,
        in_vain: &HashSet<usize>,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<bool, Error> {
        let mut untold: HashMap<usize, Untold> =
            untold.into_iter().map(|untold| (untold.place as usize, untold)).collect();
        let mut vanished = false;
        let mut batch: Vec<Doubtful> = Vec::with_capacity(SAMPLE);
        for item in self.gathered.candidates.iter() {
            if untold.is_empty() {
                break;
            }
            let (place, mut candidate) = item?;
            let Some(one) = untold.remove(&place) else { continue };
            let Some(contact) = one.contact() else { continue };
            self.hold_back(place, &mut candidate);
            let granted = matches!(self.claims.verdict(place), Verdict::Granted { .. });
            if !granted || in_vain.contains(&place) {
                self.keep_address(&mut candidate);
            }
            if one.without_access {
                self.keep(&Field::PortalAccess, &mut candidate);
            }
            batch.push(Doubtful { contact, candidate, before: one.before });
            if batch.len() == SAMPLE {
                vanished |= self.look_at(std::mem::take(&mut batch), account, settling).await?;
            }
        }
        Ok(vanished | self.look_at(batch, account, settling).await?)
    }

    async fn look_at(
        &self,
        batch: Vec<Doubtful>,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
    ) -> Result<bool, Error> {
        if batch.is_empty() {
            return Ok(false);
        }
        let ids: Vec<ContactId> = batch.iter().map(|doubtful| doubtful.contact.clone()).collect();
        let stored = self.desk.get(&ids).await?;
        let mut vanished = false;
        for Doubtful { contact, candidate, before } in batch {
            if let Some(stored) = stored.iter().find(|stored| stored.id == contact) {
                let changed = changes(&self.fields.all, &candidate.wanted, |field| stored.value(field));
                settling.compare(&candidate.person, &self.target(stored, &changed), before, stored)?;
                continue;
            }
            vanished = true;
            account.counts.failed += 1;
            let entry = Entry::of("failed", &candidate.person).on(contact.to_string());
            let why = "the desk said that the contact was written, and has no such contact";
            account.note(entry.because("ContactVanished").saying(why)).await?;
        }
        Ok(vanished)
    }
}
