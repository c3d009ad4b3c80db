//! `contactsync crd`: prints the `CustomResourceDefinition`s, or writes them into a folder.

use std::path::PathBuf;

use super::printer::Printer;
use super::{Failure, Status};
use crate::api;

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// Write one file for each kind into this folder instead
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<Status, Failure> {
    if let Some(folder) = &args.out {
        for file in api::write_crds(folder)? {
            printer.say(&format!("wrote {}", file.display()));
        }
        return Ok(Status::Done);
    }
    for crd in api::crds() {
        printer.data(format!("---\n{}", api::crd_yaml(&crd)?).as_bytes())?;
    }
    Ok(Status::Done)
}
