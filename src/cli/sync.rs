//! `contactsync sync`: runs connections straight from a Git checkout.

use super::common::{Output, RunArgs, Session, plural};
use super::printer::{Printer, bold, result};
use super::progress::Progress;
use super::{Failure, Status};
use crate::api::{ConnectionState, ContactSyncConnection, RunResult, RunTrigger};
use crate::clock;
use crate::manifest::Object;
use crate::runlog::{Retention, Summary};
use crate::sync::{Mode, Report, Run};

pub(super) async fn run(args: RunArgs, printer: &Printer) -> Result<Status, Failure> {
    let Some(mut session) = Session::open(&args, printer).await? else {
        return Ok(Status::Failed);
    };
    let chosen = session.chosen(&args.connections)?;
    let mut worst = Status::Done;
    let mut summaries = Vec::new();
    for connection in &chosen {
        let name = format!("{}/{}", connection.namespace, connection.name);
        if !session.switched_on(connection) {
            printer.warn(&format!("{name} was not run: contact sync is Disabled in its workspace"));
            continue;
        }
        if connection.value.spec.state == ConnectionState::Draft {
            printer.warn(&format!("{name} was not run: it is a Draft; contactsync plan shows what it would do"));
            continue;
        }
        let report = tokio::select! {
            report = one(&mut session, connection, printer) => report?,
            _ = tokio::signal::ctrl_c() => {
                printer.error(&format!("{name} was interrupted; run it again, and it goes on from what is there"));
                worst = Status::Failed;
                break;
            }
        };
        worst = worse(worst, report.summary.result);
        if args.output == Output::Text {
            tell(&report, &args.store.flags(), printer)?;
        }
        summaries.push(report.summary);
    }
    session.close().await;
    if args.output == Output::Json {
        printer.line(&serde_json::to_string_pretty(&summaries)?)?;
    } else if let Some(database) = args.store.kdesk.filter(|_| !summaries.is_empty()) {
        printer.say(&format!(
            "contacts: contactsync kdesk --db {0} --no-auth, then curl -s 'http://127.0.0.1:8085/scim/v2/Users?count=3'",
            database.display()
        ));
    }
    Ok(worst)
}

async fn one(
    session: &mut Session,
    connection: &Object<ContactSyncConnection>,
    printer: &Printer,
) -> Result<Report, Failure> {
    let settings = session.settings(connection)?;
    let store = session.store.clone();
    let progress = Progress::new(printer.is_terminal(), false);
    let clock = clock::system();
    let run = Run {
        settings: &settings,
        mode: Mode::Sync,
        trigger: RunTrigger::Request,
        store: &store,
        retention: Retention::default(),
        clock: &clock,
        observer: &progress,
    };
    let report = Box::pin(run.go(session.ends(connection, &settings))).await;
    progress.finish();
    Ok(report)
}

fn worse(worst: Status, result: RunResult) -> Status {
    match (worst, result) {
        (Status::Failed, _) | (_, RunResult::Failed | RunResult::Interrupted | RunResult::Running) => Status::Failed,
        (Status::Attention, _) | (_, RunResult::Partial) => Status::Attention,
        (Status::Done, RunResult::Succeeded) => Status::Done,
    }
}

fn tell(report: &Report, flags: &str, printer: &Printer) -> Result<(), Failure> {
    let Summary { connection, result: outcome, counts, .. } = &report.summary;
    let seconds = report.summary.end_time.map(|end| end.duration_since(report.summary.start_time).as_secs_f64());
    let took = seconds.map(|seconds| format!(" in {seconds:.1} s")).unwrap_or_default();
    printer.line(&format!("{}  {}{took}", bold(connection), result(*outcome)))?;
    printer.line(&format!("  {}", counts.in_words()))?;
    for (event, reasons) in &report.summary.reasons {
        let reasons: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        printer.line(&format!("  {event}: {}", reasons.join(", ")))?;
    }
    if let Some(error) = &report.error {
        printer.line(&format!("  {error}"))?;
        if counts.deactivated + counts.deleted + counts.released == 0 {
            printer.line("  nobody was removed")?;
        }
    }
    if *outcome == RunResult::Succeeded && nothing_done(counts) {
        printer.line("  nothing was to do: every contact is in step")?;
    }
    if let Some(plan) = &report.summary.plan {
        printer.line(&format!(
            "  {} {} for approval: look at contactsync plan, then set spec.leavers.approvedPlan: {plan}",
            counts.held,
            if counts.held == 1 { "change waits" } else { "changes wait" }
        ))?;
    }
    let fields = |fields: &[String]| format!("{} {}", plural(fields.len(), "field"), fields.join(", "));
    if !report.summary.clears_held.is_empty() {
        let fields = fields(&report.summary.clears_held);
        printer.line(&format!(
            "  {fields} not emptied: nobody in the directory has a value any more; check the reader's permissions"
        ))?;
    }
    if !report.summary.not_converging.is_empty() {
        let fields = fields(&report.summary.not_converging);
        printer.line(&format!("  the desk stores the {fields} differently from what was written"))?;
    }
    printer.say(&format!("  log: contactsync logs {connection} --run {}{flags}", report.summary.id));
    Ok(())
}

fn nothing_done(counts: &crate::api::RunCounts) -> bool {
    counts.unchanged > 0
        && counts.unchanged == counts.in_scope
        && counts.left + counts.deactivated + counts.deleted == 0
}
