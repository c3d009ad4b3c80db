//! The program does what the chart asks of it: flags, the token of the bundled workspace, the probe of `helm test`.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use super::helm::{ci_values, of, rendered, run};
use crate::support::eventually::eventually;
use crate::support::house::client;

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_contactsync"));
    command.args(arguments);
    command
}

#[test]
fn the_program_knows_every_flag_that_is_rendered() {
    let mut known = BTreeSet::new();
    let flag = regex::Regex::new(r"--[a-z][a-z-]*").unwrap();
    for command in ["controller", "kdesk", "probe"] {
        let help = run(program(&[command, "--help"]), "").ok();
        known.extend(flag.find_iter(&help).map(|flag| format!("{command} {}", flag.as_str())));
    }
    for values in ci_values() {
        for object in rendered(&values) {
            let containers = [&object["spec"]["template"]["spec"]["containers"], &object["spec"]["containers"]];
            for container in containers.into_iter().filter_map(|all| all.as_array()).flatten() {
                let arguments: Vec<&str> =
                    container["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()).collect();
                for flag in arguments.iter().filter(|argument| argument.starts_with("--")) {
                    let flag = flag.split('=').next().unwrap();
                    let wanted = format!("{} {flag}", arguments[0]);
                    assert!(known.contains(&wanted), "{}: no {wanted}", values.display());
                }
            }
        }
    }
    assert!(of(&rendered(&ci_values()[0]), "Deployment").len() == 1);
}

/// A workspace as the chart runs it, on a port of its own.
struct Kdesk(Child, String);

impl Kdesk {
    fn start(folder: &std::path::Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (db, token) = (folder.join("kdesk.db"), folder.join("token"));
        let mut command = program(&["kdesk", "--listen", &format!("0.0.0.0:{port}")]);
        command.arg("--db").arg(db).arg("--token-file").arg(token);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self(child, format!("http://127.0.0.1:{port}/scim/v2/ServiceProviderConfig"))
    }

    /// What it answers to this token, once it answers.
    async fn answers(&self, token: &str) -> u16 {
        eventually("the workspace to answer", || async {
            let request = client().get(&self.1).bearer_auth(token).send().await;
            request.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
        })
        .await
    }
}

impl Drop for Kdesk {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn the_bundled_workspace_takes_its_token_from_a_file_and_a_new_one_replaces_it() {
    let folder = tempfile::tempdir().unwrap();
    let token = |text: &str| std::fs::write(folder.path().join("token"), text).unwrap();
    token("the-first-token-of-all\n");
    let first = Kdesk::start(folder.path());
    assert_eq!(first.answers("the-first-token-of-all").await, 200);
    assert_eq!(first.answers("another-token-entirely").await, 401);
    drop(first);
    token("another-token-entirely");
    let second = Kdesk::start(folder.path());
    assert_eq!(second.answers("another-token-entirely").await, 200);
    assert_eq!(second.answers("the-first-token-of-all").await, 401);
    let probe = |file: &str| {
        let file = folder.path().join(file);
        run(program(&["probe", "--timeout", "1s", "--token-file", file.to_str().unwrap(), &second.1]), "")
    };
    let well = probe("token");
    assert_eq!((well.code, well.err.trim_end()), (0, format!("{}: 200", second.1).as_str()));
    std::fs::write(folder.path().join("stale"), "the-first-token-of-all").unwrap();
    let ill = probe("stale");
    assert!(ill.code == 2 && ill.err.contains("401"), "{}", ill.err);
    let nobody = run(program(&["probe", "--timeout", "1s", "http://127.0.0.1:1/readyz"]), "");
    assert!(nobody.code == 2 && nobody.err.contains("no connection could be made"), "{}", nobody.err);
}

#[test]
fn a_token_that_is_no_token_is_refused_by_its_flag() {
    let folder = tempfile::tempdir().unwrap();
    let (db, token) = (folder.path().join("kdesk.db"), folder.path().join("token"));
    let start = || {
        let mut command = program(&["kdesk", "--listen", "127.0.0.1:0"]);
        command.arg("--db").arg(&db).arg("--token-file").arg(&token);
        run(command, "")
    };
    let missing = start();
    assert!(missing.code == 2 && missing.err.contains("--token-file"), "{}", missing.err);
    std::fs::write(&token, "short").unwrap();
    let short = start();
    assert!(short.code == 2 && short.err.contains("16 to 4096"), "{}", short.err);
}
