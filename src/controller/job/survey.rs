//! Jobs that were on when this process began to lead: their workspaces are theirs before anything else runs, and those that
//! nobody wants any more are ended.

use std::time::Duration;

use kube::ResourceExt;

use super::super::context::Context;
use super::super::error::brief;
use super::super::patch;
use super::super::roster::Name;
use super::super::turns::{Slot, Turn};
use super::template::{CONNECTION, CONNECTION_UID, RUN, WORKSPACE, WORKSPACE_UID};
use super::{Jobs, job_name};
use crate::runlog::RunId;

const AGAIN: Duration = Duration::from_secs(5);
/// How often Jobs are looked at that nobody has taken on.
const LOOK: Duration = Duration::from_secs(10);

/// Keeps the workspaces of Jobs that are on for them. To be called before any run begins.
pub(in super::super) async fn survey(context: &Context) {
    let Some(jobs) = &context.jobs else { return };
    let on = loop {
        match jobs.on().await {
            Ok(on) => break on,
            Err(error) if patch::is_forbidden(&error) => {
                tracing::warn!("Jobs cannot be listed: check the rights of the controller in its own namespace");
                return;
            }
            Err(error) => {
                tracing::warn!(error = %brief(&error), "Jobs cannot be listed; nothing runs before");
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    for job in on {
        let annotation = |name: &str| job.annotations().get(name).cloned().unwrap_or_default();
        let is_ours = Name::parse(&annotation(WORKSPACE)).is_some_and(|name| context.settings.shard.owns(&name));
        // Two at one workspace: the first keeps it until both are seen through or ended.
        if is_ours && let Some(turn) = context.turns.try_alone(&annotation(WORKSPACE_UID)) {
            let place = jobs.slots.try_place();
            jobs.kept().insert(job.name_any(), Slot { _turn: Turn::Alone(turn), _place: place });
        }
    }
}

/// Ends Jobs whose runs nobody waits for: their connection is gone, or says nothing of them.
pub(in super::super) async fn orphans(context: &Context) {
    let Some(jobs) = &context.jobs else { return };
    context.cluster.synced().await;
    loop {
        let kept: Vec<String> = jobs.kept().keys().cloned().collect();
        if kept.is_empty() {
            return;
        }
        for job in kept {
            if let Err(error) = Box::pin(end_orphan(&job, jobs, context)).await {
                tracing::warn!(job, error = %brief(&error), "a Job that nobody waits for is looked at again");
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn end_orphan(job: &str, jobs: &Jobs, context: &Context) -> Result<(), kube::Error> {
    let Some(found) = jobs.api.get_opt(job).await? else {
        jobs.kept().remove(job);
        return Ok(());
    };
    let run = found.labels().get(RUN).and_then(|id| RunId::parse(id));
    let connection = found.annotations().get(CONNECTION).and_then(|text| Name::parse(text));
    let awaited = connection.and_then(|name| context.cluster.connection(&name)).is_some_and(|connection| {
        let status = connection.0.as_ref().ok().and_then(|connection| connection.status.as_ref());
        let last = status.and_then(|status| status.last_run.as_ref()).and_then(|last| RunId::parse(&last.id));
        // Whether it is over already, its connection's reconciliation decides.
        last.is_some() && last == run || connection.0.is_err()
    });
    if awaited && run.is_some_and(|run| job_name(&run) == job) {
        return Ok(());
    }
    tracing::warn!(job, "a Job whose run nobody waits for is ended");
    jobs.end(job).await;
    let uid = found.labels().get(CONNECTION_UID).cloned().unwrap_or_default();
    if let Some(Some(mut lease)) = super::run::hold(&jobs.settings.lease, &uid, context).await {
        lease.discard().await;
    }
    jobs.kept().remove(job);
    Ok(())
}
