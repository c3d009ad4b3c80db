//! Reads the directory to its end: who is in step is only counted, everybody else waits as a candidate.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::account::{Account, Stage};
use super::candidates::{Candidate, Candidates};
use super::decide::{Reading, wanted_fingerprint};
use super::owned::{OwnedIndex, email_hash};
use super::{Error, decide};
use crate::contact::{ExternalId, Field, MarkKind, OwnershipKey, Value, Wanted};
use crate::directory::{Directory, ReadQuery, WholeRead};
use crate::person::{Person, Program, ScopeDecision, UndecidedReason};
use crate::runlog::{Entry, FieldChange, Settled};

/// The mapped fields that the desk has a place for.
pub(super) struct Fields {
    pub(super) all: Vec<Field>,
    /// Their places in the program's list.
    places: Vec<usize>,
}

impl Fields {
    pub(super) fn new(program: &Program, keep: impl Fn(&Field) -> bool) -> Self {
        let (places, all) =
            program.fields().iter().enumerate().filter(|(_, field)| keep(field)).map(|(n, f)| (n, f.clone())).unzip();
        Self { all, places }
    }

    /// None: of a connection that only lets go.
    pub(super) fn none() -> Self {
        Self { all: Vec::new(), places: Vec::new() }
    }

    fn pick(&self, mut wanted: Vec<Wanted>) -> Vec<Wanted> {
        if self.places.len() == wanted.len() {
            return wanted;
        }
        let mut picked = Vec::with_capacity(self.places.len());
        for place in &self.places {
            picked.push(wanted.get_mut(*place).map_or(Wanted::Keep, |wanted| std::mem::replace(wanted, Wanted::Keep)));
        }
        picked
    }

    pub(super) fn place(&self, field: &Field) -> Option<usize> {
        self.all.iter().position(|other| other == field)
    }
}

/// What decisions need of one candidate among all.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Place of the owned contact, if there is one.
    pub(super) owned: Option<u32>,
    /// The wanted address.
    pub(super) email: u64,
    /// The address is another than the contact has.
    pub(super) moves: bool,
    /// Portal access is given to a contact that exists.
    pub(super) grants: bool,
    /// Portal access is taken away.
    pub(super) revokes: bool,
}

/// What reading found.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) candidates: Candidates,
    pub(super) heads: Vec<Head>,
    /// For each mapped field, how many people in scope have a value.
    pub(super) filled: Vec<u64>,
    /// Fields that came to rest with a difference (L14).
    pub(super) not_converging: BTreeSet<String>,
}

/// What a reading run works with.
pub(super) struct Reader<'a> {
    pub(super) program: &'a Program,
    pub(super) fields: &'a Fields,
    pub(super) key: &'a OwnershipKey,
    pub(super) index: &'a mut OwnedIndex,
    pub(super) settled: &'a Settled,
    pub(super) gathered: Gathered,
}

impl Reader<'_> {
    /// Reads to the end; only then is there a proof.
    pub(super) async fn read(
        &mut self,
        directory: &Arc<dyn Directory>,
        query: &ReadQuery,
        account: &mut Account<'_>,
    ) -> Result<WholeRead, Error> {
        account.observer().stage(Stage::Reading);
        self.gathered.filled = vec![0; self.fields.all.len()];
        let (pages, mut received) = mpsc::channel::<Vec<Person>>(2);
        // On a task of its own: people are read while those before are looked at.
        let (directory, query) = (Arc::clone(directory), query.clone());
        let reading = AbortOnDropHandle::new(tokio::spawn(async move { directory.read(&query, pages).await }));
        let reading = async {
            Ok(reading.await.map_err(|_panic| Error::Internal("reading the directory broke off".to_owned()))??)
        };
        let taking = async {
            while let Some(page) = received.recv().await {
                for person in &page {
                    self.take(person, account).await?;
                }
                account.observer().progress(account.counts.read, None);
            }
            Ok::<(), Error>(())
        };
        // If taking fails, its receiver is dropped with it and the directory stops.
        let (whole, ()) = tokio::try_join!(reading, taking)?;
        if whole.people() != account.counts.read {
            return Err(Error::Internal(format!(
                "the directory says it sent {} people, {} came",
                whole.people(),
                account.counts.read
            )));
        }
        Ok(whole)
    }

    async fn take(&mut self, person: &Person, account: &mut Account<'_>) -> Result<(), Error> {
        account.counts.read += 1;
        let place = self.index.find(person.id.as_str());
        if let Some(twin) = place.is_none().then(|| self.index.find_in_other_case(person.id.as_str())).flatten() {
            return self.in_other_case(person, twin, account).await;
        }
        let reading = match self.program.decide(person) {
            ScopeDecision::In => Reading::Seen,
            ScopeDecision::Out(reason) => Reading::Out(reason),
            ScopeDecision::Undecided(reason) => {
                self.undecided(person, place, &reason, account).await?;
                Reading::Undecided
            }
        };
        if let Some(owned) = place.and_then(|place| self.index.get_mut(place)) {
            owned.reading = reading;
        }
        if reading != Reading::Seen {
            return Ok(());
        }
        account.counts.in_scope += 1;
        self.in_scope(person, place, account).await
    }

    /// A contact is owned under this id in other letters: surely the desk changed them. It counts as seen, so that
    /// nobody is removed, and nobody is made a second time.
    async fn in_other_case(&mut self, person: &Person, twin: usize, account: &mut Account<'_>) -> Result<(), Error> {
        if let Some(owned) = self.index.get_mut(twin).filter(|owned| owned.reading == Reading::Unread) {
            owned.reading = Reading::Undecided;
        }
        account.counts.skipped += 1;
        let entry = Entry::of("skipped", person.id.as_str()).because("IdInOtherCase");
        let why = "a contact is owned under this id in other letters: the desk must keep externalId as it was written";
        account.note(entry.saying(why)).await
    }

    /// Nobody is made or removed by a scope that cannot be decided (L1). Where a missing attribute is the reason and
    /// there is no contact, the person is simply not in scope.
    async fn undecided(
        &self,
        person: &Person,
        place: Option<usize>,
        reason: &UndecidedReason,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        if place.is_none() && matches!(reason, UndecidedReason::MissingAttribute(_)) {
            return Ok(());
        }
        account.counts.skipped += 1;
        let entry = Entry::of("skipped", person.id.as_str()).because("ScopeUndecided").saying(reason.to_string());
        account.note(entry).await
    }

    async fn in_scope(
        &mut self,
        person: &Person,
        place: Option<usize>,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        let id = person.id.as_str();
        if let Some(reason) = self.untouchable(id, place) {
            account.counts.skipped += 1;
            return account.note(Entry::of("skipped", id).because(reason)).await;
        }
        let mapped = self.program.map(person);
        if !mapped.problems.is_empty() {
            account.counts.skipped += 1;
            let mut entry = Entry::of("skipped", id).because("NotMappable");
            let problems: Vec<String> = mapped.problems.iter().map(|p| format!("{}: {}", p.field, p.problem)).collect();
            entry.message = Some(problems.join("; "));
            entry.fields = mapped
                .problems
                .iter()
                .map(|p| FieldChange { field: p.field.to_string(), old: None, new: None })
                .collect();
            account.note(entry).await?;
        }
        let wanted = self.fields.pick(mapped.wanted);
        for (filled, wanted) in self.gathered.filled.iter_mut().zip(&wanted) {
            *filled += u64::from(matches!(wanted, Wanted::Set(_) | Wanted::OneOf(_)));
        }
        match place {
            None => self.newcomer(id, wanted, mapped.problems.is_empty(), account).await,
            Some(place) => self.known(id, place, wanted, account).await,
        }
    }

    fn untouchable(&self, id: &str, place: Option<usize>) -> Option<&'static str> {
        if self.index.is_doubled(id) {
            return Some("SeveralContacts");
        }
        match place.and_then(|place| self.index.get(place)) {
            Some(owned) if owned.staff => Some("Staff"),
            None if !ExternalId::new(self.key.clone(), id).fits() => Some("IdTooLong"),
            Some(_) | None => None,
        }
    }

    /// Without a name or an email there is nothing to make.
    async fn newcomer(
        &mut self,
        id: &str,
        wanted: Vec<Wanted>,
        untold: bool,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        let has = |field| {
            self.fields
                .place(&field)
                .and_then(|n| wanted.get(n))
                .is_some_and(|w| !matches!(w, Wanted::Keep | Wanted::Clear))
        };
        if !has(Field::Email) || !has(Field::Name) {
            if untold {
                account.counts.skipped += 1;
                let entry = Entry::of("skipped", id).because("NotMappable");
                account.note(entry.saying("a new contact needs a name and an email")).await?;
            }
            return Ok(());
        }
        let email = self.wanted_email(&wanted, None);
        let head = Head { owned: None, email: email.unwrap_or(0), moves: true, grants: false, revokes: false };
        self.push(head, id, wanted)
    }

    async fn known(
        &mut self,
        id: &str,
        place: usize,
        wanted: Vec<Wanted>,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        let Some(owned) = self.index.get(place) else { return Ok(()) };
        if !owned.active && owned.standing.mark.is_none_or(|mark| mark.kind != MarkKind::Deactivated) {
            let entry = Entry::of("noted", id).on(owned.contact_text()).because("DeactivatedOnTheDesk");
            account.note(entry.saying("somebody turned this contact off on the desk; that decision stays")).await?;
        }
        let as_is = owned.standing.mark.is_none() && !owned.rename;
        if as_is && let Some(fingerprint) = wanted_fingerprint(&self.fields.all, &wanted) {
            let at_rest = self.settled.at_rest(id, fingerprint, owned.fingerprint);
            if let Some(entry) = at_rest {
                self.gathered.not_converging.extend(entry.fields.iter().cloned());
            }
            if at_rest.is_some() || fingerprint == owned.fingerprint {
                account.counts.unchanged += 1;
                return Ok(());
            }
        }
        let email = self.wanted_email(&wanted, Some(owned.email));
        let access = self.fields.place(&Field::PortalAccess).and_then(|n| wanted.get(n));
        let head = Head {
            owned: u32::try_from(place).ok(),
            email: email.unwrap_or(owned.email),
            moves: email.is_some_and(|email| email != owned.email),
            grants: !owned.portal_access && access == Some(&Wanted::Set(Value::Flag(true))),
            revokes: owned.portal_access && access == Some(&Wanted::Set(Value::Flag(false))),
        };
        self.push(head, id, wanted)
    }

    /// The address that a contact should have; the one it has when that is among several.
    fn wanted_email(&self, wanted: &[Wanted], has: Option<u64>) -> Option<u64> {
        match wanted.get(self.fields.place(&Field::Email)?)? {
            Wanted::Set(Value::Text(text)) => Some(email_hash(text)),
            Wanted::OneOf(texts) => match has {
                Some(has) if texts.iter().any(|text| email_hash(text) == has) => Some(has),
                Some(_) | None => texts.first().map(|text| email_hash(text)),
            },
            Wanted::Set(Value::Texts(_) | Value::Flag(_)) | Wanted::Clear | Wanted::Keep => None,
        }
    }

    fn push(&mut self, head: Head, id: &str, wanted: Vec<Wanted>) -> Result<(), Error> {
        self.gathered.heads.push(head);
        self.gathered.candidates.push(&Candidate { person: id.to_owned(), wanted })
    }
}

impl Gathered {
    /// Fields that nobody has any more although owned contacts do: a lost permission, not news (L15).
    pub(super) fn lost_fields(&self, fields: &Fields, index: &OwnedIndex, in_scope: u64) -> BTreeSet<usize> {
        if in_scope == 0 {
            return BTreeSet::new();
        }
        let lost = |n: usize| self.filled.get(n) == Some(&0) && index.set.get(n).is_some_and(|set| *set > 0);
        (0..fields.all.len()).filter(|n| lost(*n)).collect()
    }

    /// Who claims which address.
    pub(super) fn claims(&self, holds_still: impl Fn(usize) -> bool) -> Vec<decide::Claim> {
        self.heads
            .iter()
            .enumerate()
            .filter(|(place, head)| head.moves && !holds_still(*place))
            .map(|(candidate, head)| decide::Claim { candidate, email: head.email })
            .collect()
    }
}
