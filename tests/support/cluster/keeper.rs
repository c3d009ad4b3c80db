//! Ends what a test process started, however that process ends: the servers of tests live in statics, which nobody drops,
//! and a killed process drops nothing at all.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// Reads process ids until the pipe breaks, because whoever holds its other end is gone. An id counts only while it is
/// that of a process that was started with this folder in its arguments: ids are given again.
const SCRIPT: &str = r#"
while read -r id; do ids="$ids $id"; done
for id in $ids; do
    grep -qsF -- "$1" "/proc/$id/cmdline" && kill -KILL "$id"
done
rm -rf -- "$1"
# A server that was just killed may have made one more file.
while [ -e "$1" ]; do rm -rf -- "$1"; done
"#;

/// A process of its own that outlives the test process by a moment.
pub struct Keeper {
    process: Child,
    ids: Option<Mutex<ChildStdin>>,
}

impl Keeper {
    /// Removes this folder at the end.
    pub fn of(folder: &Path) -> Self {
        let mut process = Command::new("sh")
            .args(["-c", SCRIPT, "keeper"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Signals to the group of the tests (Ctrl-C, a time limit) are not for this one.
            .process_group(0)
            .spawn()
            .unwrap();
        let ids = process.stdin.take().map(Mutex::new);
        Self { process, ids }
    }

    /// Ends this process at the end.
    pub fn keep(&self, child: &Child) {
        let mut ids = self.ids.as_ref().unwrap().lock().unwrap();
        writeln!(ids, "{}", child.id()).unwrap();
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.ids.take());
        drop(self.process.wait());
    }
}

#[test]
fn ends_and_removes_what_it_keeps_when_the_pipe_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let keeper = Keeper::of(folder.path());
    let mut ours = Command::new("tail").arg("-f").arg(&file).spawn().unwrap();
    // Stands for a process that was given an id again: nothing of this folder is in its arguments.
    let mut strangers = Command::new("tail").args(["-f", "/dev/null"]).spawn().unwrap();
    keeper.keep(&ours);
    keeper.keep(&strangers);
    drop(keeper);
    assert!(!ours.wait().unwrap().success());
    assert!(!folder.path().exists());
    assert!(strangers.try_wait().unwrap().is_none());
    strangers.kill().unwrap();
    strangers.wait().unwrap();
}
