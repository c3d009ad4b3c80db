//! A desk that shows none of the contacts that the connection had: was it emptied, or does it hide them (L16)?
//!
//! On an emptied desk everybody is to be made anew. On one that hides its contacts that would give a second contact to
//! everybody whose address moved since, because no refusal stops them. So one person is made first, alone, and what the
//! desk makes of it tells the two apart. At most that one is ever made beside a hidden contact.

use std::collections::HashSet;

use super::outbox::Outbox;
use super::tally::Tally;
use super::{Error, Writer};
use crate::contact::ExternalId;
use crate::desk::Contact;
use crate::sync::account::Account;
use crate::sync::candidates::Candidate;
use crate::sync::decide::Verdict;
use crate::sync::settle::Settling;

impl Writer<'_> {
    /// Makes people one by one until one of them tells that the desk shows its contacts; gives who was tried.
    ///
    /// # Errors
    /// [`crate::desk::Error::Incomplete`]: the desk hides contacts.
    pub(super) async fn probe(
        &self,
        account: &mut Account<'_>,
        settling: &mut Settling<'_>,
        tally: &mut Tally,
    ) -> Result<HashSet<usize>, Error> {
        let mut tried = HashSet::new();
        for item in self.gathered.candidates.iter() {
            let (place, candidate) = item?;
            if !matches!(self.claims.verdict(place), Verdict::Granted { round: 0, .. }) {
                continue;
            }
            tried.insert(place);
            let wanted = candidate.clone();
            self.pass(account, settling, tally, |outbox| self.create_alone(place, wanted, outbox)).await?;
            if tally.spending.gained > 0 || tally.unknown {
                self.must_show_owned().await?;
                break;
            }
            if tally.taken.contains(&place) {
                self.must_show_holder(&candidate).await?;
            }
        }
        Ok(tried)
    }

    async fn create_alone(&self, place: usize, candidate: Candidate, outbox: Outbox) -> Result<(), Error> {
        self.create(place, candidate, &outbox).await
    }

    /// What was just made, or may have been, must be listed.
    async fn must_show_owned(&self) -> Result<(), Error> {
        let prefix = self.settings.key.prefix();
        let listed = self.desk.list(&prefix, &mut |_| {}).await?;
        if listed.contacts() == 0 {
            return Err(self.desk.hides("a contact was made and is not listed").into());
        }
        Ok(())
    }

    /// Who has a taken address must be somebody else's: one of the connection's own would have been listed.
    async fn must_show_holder(&self, candidate: &Candidate) -> Result<(), Error> {
        let Some(email) = self.email(candidate) else { return Ok(()) };
        let holders = self.holders(candidate, &email).await?;
        if holders.is_empty() {
            return Err(self.desk.hides("it says that an address is taken and shows nobody who has it").into());
        }
        let ours = |holder: &Contact| {
            let id = holder.external_id.as_deref().and_then(ExternalId::parse);
            id.is_some_and(|id| self.settings.owns(&id.owner))
        };
        if holders.iter().any(ours) {
            return Err(self.desk.hides("it finds a contact of this connection and did not list it").into());
        }
        Ok(())
    }
}
