//! The program as people run it: what it prints, where, and how it ends.

mod bad_input;
mod check;
mod office;
mod overlap;
mod quickstart;
mod refusals;
mod telling;
mod tls;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a copy of the quickstart, and the program.
pub(crate) struct Checkout {
    pub(crate) folder: TempDir,
}

impl Checkout {
    pub(crate) fn of(example: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example);
        let to = folder.path().join(example);
        std::fs::create_dir(&to).unwrap();
        for file in std::fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
        Self { folder }
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Runs the program in the folder.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        self.run_with(&[], args)
    }

    /// The same with an environment.
    pub(crate) fn run_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contactsync"));
        command.args(args).current_dir(self.folder.path());
        for name in [
            "CONTACTSYNC_LOG_DIR",
            "CONTACTSYNC_LOG_STORE",
            "CONTACTSYNC_SECRETS_DIR",
            "CONTACTSYNC_CLUSTER_NAME",
            "CONTACTSYNC_IDENTITY_TOKEN_FILE",
            "CONTACTSYNC_LOG",
        ] {
            command.env_remove(name);
        }
        Ran(command.envs(environment.iter().copied()).output().unwrap())
    }

    /// Replaces a text in a file; it must be there.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }
}

pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// Standard output, with what changes from run to run replaced.
    pub(crate) fn shown(&self) -> String {
        let time = regex::Regex::new(r"in \d+\.\d s").unwrap();
        time.replace_all(&self.out(), "in [time]").into_owned()
    }
}
