//! `contactsync plan`: what a sync would do, person by person and field by field.

use super::common::{Output, RunArgs, Session};
use super::printer::{Printer, bold};
use super::progress::Progress;
use super::{Failure, Status};
use crate::api::{RunCounts, RunTrigger};
use crate::clock;
use crate::runlog::{FieldChange, Retention};
use crate::sync::{Mode, PlannedChange, Run};

/// The plan of one connection, for scripts.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Planned {
    connection: String,
    counts: RunCounts,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval: Option<String>,
    changes: Vec<PlannedChange>,
}

pub(super) async fn run(args: RunArgs, printer: &Printer) -> Result<Status, Failure> {
    let Some(mut session) = Session::open(&args, printer).await? else {
        return Ok(Status::Failed);
    };
    let mut status = Status::Done;
    let mut plans = Vec::new();
    for connection in session.chosen(&args.connections)? {
        let settings = session.settings(&connection)?;
        let store = session.store.clone();
        let progress = Progress::new(printer.is_terminal(), true);
        let clock = clock::system();
        let run = Run {
            settings: &settings,
            mode: Mode::Plan,
            trigger: RunTrigger::Request,
            store: &store,
            retention: Retention::default(),
            clock: &clock,
            observer: &progress,
        };
        let report = Box::pin(run.go(session.ends(&connection, &settings))).await;
        let changes = progress.finish();
        if let Some(error) = report.error {
            printer.error(&format!("{}: {error}", settings.full_name()));
            status = Status::Failed;
            continue;
        }
        if status == Status::Done && would_write(&report.summary.counts) {
            status = Status::Attention;
        }
        plans.push(Planned {
            connection: settings.full_name(),
            counts: report.summary.counts,
            approval: report.summary.plan,
            changes,
        });
    }
    session.close().await;
    match args.output {
        Output::Json => printer.line(&serde_json::to_string_pretty(&plans)?)?,
        Output::Text => {
            for plan in &plans {
                printer.line(&text(plan))?;
            }
        }
    }
    Ok(status)
}

fn would_write(counts: &RunCounts) -> bool {
    let RunCounts {
        created, updated, reactivated, adopted, claimed, left, deactivated, deleted, released, held, ..
    } = *counts;
    created + updated + reactivated + adopted + claimed + left + deactivated + deleted + released + held > 0
}

fn text(plan: &Planned) -> String {
    let mut lines = vec![format!("{}  {}", bold(&plan.connection), plan.counts.in_words())];
    for change in &plan.changes {
        let sign = match change.action.as_str() {
            "created" => '+',
            "deleted" | "deactivated" | "released" | "left" => '-',
            "updated" | "reactivated" | "adopted" | "claimed" | "parked" => '~',
            _ => '!',
        };
        let reason = change.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        lines.push(format!("  {sign} {} {}{reason}", verb(&change.action), change.person));
        lines.extend(change.fields.iter().map(|field| format!("      {}", difference(field))));
    }
    if let Some(hash) = &plan.approval {
        lines.push(format!("  held changes are approved by spec.leavers.approvedPlan: {hash}"));
    }
    if !would_write(&plan.counts) {
        lines.push("  nothing to do".to_owned());
    }
    lines.join("\n")
}

/// What a run tells as done, as something to do.
fn verb(event: &str) -> &str {
    match event {
        "created" => "create",
        "updated" => "update",
        "reactivated" => "reactivate",
        "adopted" => "adopt",
        "claimed" => "claim",
        "parked" => "park",
        "left" => "mark as left",
        "deactivated" => "deactivate",
        "deleted" => "delete",
        "released" => "release",
        "held" => "hold",
        "skipped" => "skip",
        other => other,
    }
}

fn difference(change: &FieldChange) -> String {
    let shown = |value: &Option<String>| value.as_ref().map_or("nothing".to_owned(), |value| format!("{value:?}"));
    match (&change.old, &change.new) {
        (None, None) => change.field.clone(),
        (None, new @ Some(_)) => format!("{}: {}", change.field, shown(new)),
        (old, new) => format!("{}: {} -> {}", change.field, shown(old), shown(new)),
    }
}
