//! `contactsync history`: the runs of a connection, newest first.

use comfy_table::{Table, presets};

use super::common::{Output, StoreArgs};
use super::printer::Printer;
use super::{Failure, Status, logs};

#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// The connection, by name or namespace/name
    connection: String,
    /// At most this many runs
    #[arg(long, default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    store: StoreArgs,
    /// How runs are printed
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub(super) async fn run(args: Args, printer: &Printer) -> Result<Status, Failure> {
    let store = args.store.open()?;
    let key = logs::find(&store, &args.connection, &args.store).await?;
    let summaries = store.summaries(&key, args.limit).await?;
    if args.output == Output::Json {
        printer.line(&serde_json::to_string_pretty(&summaries)?)?;
        return Ok(Status::Done);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["RUN", "STARTED", "RESULT", "COUNTS"]);
    for run in &summaries {
        table.add_row([
            run.id.to_string(),
            run.start_time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            format!("{:?}", run.result),
            run.counts.in_words(),
        ]);
    }
    printer.line(&table.to_string())?;
    Ok(Status::Done)
}
