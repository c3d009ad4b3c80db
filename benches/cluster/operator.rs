//! The controller process, and what the kernel says of it.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::PROGRAM;
use crate::office::Office;

pub struct Operator(Child);

impl Operator {
    pub fn start(office: &Office) -> Self {
        let child = Command::new(PROGRAM)
            .args(["controller", "--watch-namespace", &office.namespace, "--lease-namespace", &office.namespace])
            .args([
                "--http-address",
                "127.0.0.1:0",
                "--admin-address",
                "127.0.0.1:0",
                "--log-address",
                "127.0.0.1:0",
                "--log-level",
                "warn",
                "--allow-loopback",
            ])
            .arg("--kubeconfig")
            .arg(office.cluster.kubeconfig_of("admin"))
            .arg("--log-store")
            .arg(office.folder().join("runs"))
            .arg("--file-root")
            .arg(office.files())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(office.folder().join("controller.log")).unwrap())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// Resident memory, in MiB.
    pub fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most that it ever was, in MiB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// CPU time of all its threads until now.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        // proc(5): utime and stime are fields 14 and 15, in ticks of 10 ms.
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    fn status(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
