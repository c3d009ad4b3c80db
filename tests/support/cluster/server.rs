//! The two servers, and how they are started.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::access;
use super::keeper::Keeper;
use super::programs::Programs;

/// A server that writes its log to a file. Dropped: SIGKILL.
pub struct Server(Child);

impl Server {
    fn start(mut command: Command, log: &Path, keeper: &Keeper) -> Self {
        let log: File = OpenOptions::new().create(true).append(true).open(log).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        // Ctrl-C is for the tests; the keeper then ends this.
        command.process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", command.get_program().display()));
        keeper.keep(&child);
        Self(child)
    }

    pub fn ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// etcd, which stores what the API server is told.
pub fn etcd(programs: &Programs, folder: &Path, port: u16, keeper: &Keeper) -> Server {
    let url = format!("http://127.0.0.1:{port}");
    let mut command = programs.command("etcd");
    command
        .arg(format!("--data-dir={}", folder.join("etcd").display()))
        .arg(format!("--listen-client-urls={url}"))
        .arg(format!("--advertise-client-urls={url}"))
        // Nobody joins: any port will do.
        .arg("--listen-peer-urls=http://127.0.0.1:0")
        .args(["--unsafe-no-fsync", "--log-level=warn"]);
    Server::start(command, &folder.join("etcd.log"), keeper)
}

/// The API server: RBAC on, users from a file, nothing that waits for the parts of Kubernetes that do not run here.
pub fn apiserver(programs: &Programs, folder: &Path, etcd: u16, port: u16, keeper: &Keeper) -> Server {
    let file = |name: &str| folder.join(name).display().to_string();
    let mut command = programs.command("kube-apiserver");
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
        .arg(format!("--secure-port={port}"))
        .args(["--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"])
        .arg(format!("--cert-dir={}", file("certificates")))
        .arg(format!("--tls-cert-file={}", file("server.pem")))
        .arg(format!("--tls-private-key-file={}", file("server.key")))
        .args(["--authorization-mode=RBAC", "--disable-admission-plugins=ServiceAccount"])
        .arg(format!("--token-auth-file={}", file(access::TOKENS)))
        .arg(format!("--client-ca-file={}", file(access::CLIENT_CA)))
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg(format!("--service-account-key-file={}", file(access::SERVICE_ACCOUNT_PUBLIC)))
        .arg(format!("--service-account-signing-key-file={}", file(access::SERVICE_ACCOUNT_KEY)))
        .args(["--service-cluster-ip-range=10.0.0.0/24", "--profiling=false"]);
    Server::start(command, &folder.join(LOG), keeper)
}

/// The API server's log.
pub const LOG: &str = "kube-apiserver.log";
