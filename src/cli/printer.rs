//! Where words go: data to stdout, the rest to stderr; colours only where a terminal shows them and `NO_COLOR` allows.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};

/// Prints.
#[derive(Debug)]
pub(super) struct Printer {
    terminal: bool,
}

impl Printer {
    pub(super) fn new() -> Self {
        Self { terminal: io::stderr().is_terminal() }
    }

    /// Whether somebody watches, so that a progress bar makes sense.
    pub(super) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Bytes on stdout, as they are. A reader that went away (`| head`) is no error.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(super) fn data(&self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// A line of data on stdout.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(super) fn line(&self, text: &str) -> io::Result<()> {
        match writeln!(anstream::stdout().lock(), "{text}") {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// A line for people on stderr.
    #[expect(clippy::unused_self, reason = "all output goes through the printer")]
    pub(super) fn say(&self, text: &str) {
        // When stderr is gone there is nobody left to tell.
        drop(writeln!(anstream::stderr().lock(), "{text}"));
    }

    /// What went wrong, on stderr.
    pub(super) fn error(&self, text: &str) {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        self.say(&format!("{red}error:{red:#} {text}"));
    }

    /// What deserves a look, on stderr.
    pub(super) fn warn(&self, text: &str) {
        let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
        self.say(&format!("{yellow}warning:{yellow:#} {text}"));
    }
}

/// Text in bold.
pub(super) fn bold(text: &str) -> String {
    let bold = Style::new().bold();
    format!("{bold}{text}{bold:#}")
}

/// A result in its colour.
pub(super) fn result(result: crate::api::RunResult) -> String {
    use crate::api::RunResult;
    let color = match result {
        RunResult::Succeeded => AnsiColor::Green,
        RunResult::Partial | RunResult::Running | RunResult::Interrupted => AnsiColor::Yellow,
        RunResult::Failed => AnsiColor::Red,
    };
    let style = Style::new().bold().fg_color(Some(color.into()));
    format!("{style}{result:?}{style:#}")
}
