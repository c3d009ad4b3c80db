//! Where the programs of the control plane lie.

use std::path::PathBuf;
use std::process::Command;

use crate::support::python;

pub struct Programs(PathBuf);

impl Programs {
    /// Those of `testenv/control-plane.sh`, which says what to do where they are missing.
    pub async fn find() -> Self {
        let mut script = Command::new(python::testenv().join("control-plane.sh"));
        script.arg("find");
        let found = python::run(script).await;
        assert!(found.status.success(), "etcd, kube-apiserver or kubectl is missing: run make test-deps");
        Self(PathBuf::from(String::from_utf8(found.stdout).unwrap().trim_end()))
    }

    pub fn command(&self, program: &str) -> Command {
        Command::new(self.0.join(program))
    }
}
