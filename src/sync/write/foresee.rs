//! What a plan must ask beforehand: a run learns from the desk's refusals which addresses are taken.

use std::collections::HashSet;

use super::people::BATCH;
use super::{Error, Writer};
use crate::sync::decide::Verdict;

impl Writer<'_> {
    /// Candidates whose new address the desk would refuse: a contact has it that is not this connection's, or somebody
    /// has it who would move away and cannot.
    pub(super) async fn foresee(&self) -> Result<HashSet<usize>, Error> {
        let mut refused = self.taken_by_others().await?;
        let mut stuck: HashSet<usize> = refused.iter().filter_map(|place| self.owned(*place)).collect();
        for round in 1..self.claims.rounds() {
            for (place, head) in self.gathered.heads.iter().enumerate() {
                let due = head.moves && self.claims.verdict(place) == Verdict::Granted { round, park: false };
                if due && self.index.holder(head.email).is_some_and(|holder| stuck.contains(&holder)) {
                    refused.insert(place);
                    stuck.extend(self.owned(place));
                }
            }
        }
        Ok(refused)
    }

    async fn taken_by_others(&self) -> Result<HashSet<usize>, Error> {
        let mut refused = HashSet::new();
        let mut asking: Vec<(usize, String)> = Vec::with_capacity(BATCH);
        for item in self.gathered.candidates.iter() {
            let (place, candidate) = item?;
            let Some(head) = self.gathered.heads.get(place).filter(|head| head.moves) else { continue };
            let granted = matches!(self.claims.verdict(place), Verdict::Granted { .. });
            if granted && !self.held.keys.contains(&place) && self.index.holder(head.email).is_none() {
                asking.extend(self.email(&candidate).map(|email| (place, email)));
            }
            if asking.len() == BATCH {
                self.ask(std::mem::take(&mut asking), &mut refused).await?;
            }
        }
        self.ask(asking, &mut refused).await?;
        Ok(refused)
    }

    async fn ask(&self, asking: Vec<(usize, String)>, refused: &mut HashSet<usize>) -> Result<(), Error> {
        if asking.is_empty() {
            return Ok(());
        }
        let (places, emails): (Vec<usize>, Vec<String>) = asking.into_iter().unzip();
        let taken = self.desk.are_taken(&emails).await?;
        refused.extend(places.into_iter().zip(taken).filter(|(_, taken)| *taken).map(|(place, _)| place));
        Ok(())
    }

    fn owned(&self, place: usize) -> Option<usize> {
        Some(self.gathered.heads.get(place)?.owned? as usize)
    }
}
