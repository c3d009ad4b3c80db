//! `contactsync validate`: checks manifests without a cluster, a directory or a desk.

use super::common::{ManifestArgs, plural};
use super::printer::Printer;
use super::{Failure, Status};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifests: ManifestArgs,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<Status, Failure> {
    let (manifests, diagnostics) = args.manifests.check()?;
    for diagnostic in &diagnostics {
        printer.line(&diagnostic.to_string())?;
    }
    let wrong = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if wrong > 0 {
        printer.error(&format!("{wrong} {}", plural(wrong, "error")));
        return Ok(Status::Failed);
    }
    let (connections, workspaces) = (manifests.connections.len(), manifests.workspaces.len());
    let skipped: usize = manifests.skipped.values().sum();
    let other = if skipped > 0 { format!("; {skipped} of other kinds passed over") } else { String::new() };
    printer.say(&format!(
        "valid: {connections} {}, {workspaces} {}{other}",
        plural(connections, "connection"),
        plural(workspaces, "workspace")
    ));
    Ok(Status::Done)
}
