//! What a run does between the first and the last line of its log: read, decide, write.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::account::{Account, Stage};
use super::approval::{Approval, Demand};
use super::decide::Absence;
use super::leave::{Leaver, LeaverRules, leavers};
use super::owned::{Owned, OwnedIndex};
use super::read::{Fields, Gathered, Reader};
use super::run::{Ends, Mode, Run};
use super::settle::Settling;
use super::write::{HeldBack, Writer};
use super::{Error, preflight};
use crate::desk::Desk;
use crate::directory::Directory;
use crate::net::api::Throttling;
use crate::person::Program;
use crate::runlog::{Entry, Summary};

impl Run<'_> {
    pub(super) async fn work(
        &self,
        summary: &mut Summary,
        account: &mut Account<'_>,
        ends: impl Future<Output = Result<Ends, Error>>,
    ) -> Result<(), Error> {
        self.observer.stage(Stage::Preflight);
        let program = preflight::compile(&self.settings.spec)?;
        let Ends { directory, desk } = ends.await?;
        let directory: Arc<dyn Directory> = directory.into();
        let compared = self.compare(&program, &directory, &desk, summary, account).await;
        // Told of a run that failed too: that may be why.
        note_throttling("the directory", directory.throttling(), account).await?;
        note_throttling("the desk", desk.throttling(), account).await?;
        compared
    }

    async fn compare(
        &self,
        program: &Program,
        directory: &Arc<dyn Directory>,
        desk: &Desk,
        summary: &mut Summary,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        let query = preflight::query(program, &self.settings.spec, directory.as_ref()).await?;
        let fields = preflight::fields(program, &self.settings.spec, desk, account).await?;
        self.observer.stage(Stage::Listing);
        let mut index = OwnedIndex::list(desk, self.settings, &fields.all).await?;
        summary.owned_at_start = Some(index.len() as u64);
        summary.active_at_start = Some(index.active() as u64);
        let settled = self.store.settled(&self.settings.key).await?;
        let mut reader = Reader {
            program,
            fields: &fields,
            key: &self.settings.key,
            index: &mut index,
            settled: &settled,
            gathered: Gathered::default(),
        };
        let proof = reader.read(directory, &query, account).await?;
        let gathered = reader.gathered;
        let rules = LeaverRules {
            policy: self.settings.spec.leavers.policy,
            handover: self.handover(),
            now: summary.start_time,
        };
        let gone = leavers(&proof, directory.as_ref(), program, &query, &index, rules, account).await?;
        let approval = Approval::load(self.store, self.settings, summary.start_time).await?;
        // As late as can be: another run may have decided while this one was reading.
        let window = self.window(summary, &index).await;
        let nobody = account.counts.in_scope == 0 && index.active() > 0;
        let strange = none_is_known(&gone, &index);
        let demand = Demand { gathered: &gathered, index: &index, leavers: &gone, nobody, strange };
        let held = demand.hold(&self.settings.spec, &window, &approval, summary, account).await?;
        self.store_plan(&demand.held_plan(&held), summary).await?;
        let lost = gathered.lost_fields(&fields, &index, account.counts.in_scope);
        summary.clears_held = lost.iter().filter_map(|n| fields.all.get(*n)).map(ToString::to_string).collect();
        account.blemish |= !lost.is_empty();
        self.record_intent(summary, account).await?;
        let ready = Decided { desk, fields: &fields, index: &index, gathered: &gathered, held: &held, lost: &lost };
        self.write(ready, &gone, settled, summary, account).await
    }

    async fn write(
        &self,
        ready: Decided<'_>,
        gone: &[Leaver],
        settled: crate::runlog::Settled,
        summary: &mut Summary,
        account: &mut Account<'_>,
    ) -> Result<(), Error> {
        let Decided { desk, fields, index, gathered, held, lost } = ready;
        let shows_none = index.len() == 0 && self.had_contacts(summary).await;
        let claims = super::claims::decide(gathered, index, held)?;
        let writer = Writer {
            desk,
            settings: self.settings,
            fields,
            index,
            gathered,
            claims: &claims,
            held,
            lost,
            now: summary.start_time,
            planning: self.mode == Mode::Plan,
            shows_none,
        };
        let mut settling = Settling::new(&fields.all, &self.settings.key, settled);
        self.observer.stage(Stage::Writing);
        let spending = writer.people(account, &mut settling).await?;
        self.observer.stage(Stage::Removing);
        writer.leavers(gone, account, &mut settling).await?;
        if settling.changed && self.mode == Mode::Sync {
            self.store.put_settled(&self.settings.key, &settling.settled).await?;
        }
        let telling: BTreeSet<_> = settling.not_converging.iter().chain(&gathered.not_converging).cloned().collect();
        account.blemish |= !telling.is_empty();
        summary.not_converging = telling.into_iter().collect();
        let counts = &account.counts;
        let lost = counts.deleted + counts.released;
        summary.owned = Some((index.len() as u64 + spending.gained).saturating_sub(lost));
        Ok(())
    }

    fn handover(&self) -> jiff::SignedDuration {
        self.settings
            .spec
            .leavers
            .handover
            .and_then(|handover| jiff::SignedDuration::try_from(std::time::Duration::from(handover)).ok())
            .unwrap_or(jiff::SignedDuration::from_hours(24))
    }
}

/// Whether the directory has none of the people whose contacts are active: then it is likelier another directory (another
/// tenant, another vendor, another id field), whose own people are in scope, than that all of them went at once (L4).
fn none_is_known(leavers: &[Leaver], index: &OwnedIndex) -> bool {
    let is_active = |owned: &Owned| owned.active && !owned.staff;
    let gone = leavers.iter().filter(|leaver| leaver.absence == Absence::Gone);
    let gone = gone.filter(|leaver| index.get(leaver.owned).is_some_and(is_active)).count();
    gone > 0 && gone == index.iter().filter(|(_, owned)| is_active(owned)).count()
}

/// Says in the log that a run was slow because a server asked for it.
async fn note_throttling(who: &str, throttling: Throttling, account: &mut Account<'_>) -> Result<(), Error> {
    if throttling.times == 0 {
        return Ok(());
    }
    let entry = Entry { event: "noted".into(), reason: Some("Throttled".into()), ..Entry::default() };
    let (times, waited) = (throttling.times, throttling.waited.as_secs_f64());
    account.note(entry.saying(format!("{who} asked {times} times to be asked less; {waited:.1} s were waited"))).await
}

/// What writing needs of what was decided.
struct Decided<'a> {
    desk: &'a Desk,
    fields: &'a Fields,
    index: &'a OwnedIndex,
    gathered: &'a Gathered,
    held: &'a HeldBack,
    lost: &'a BTreeSet<usize>,
}
