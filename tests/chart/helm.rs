//! helm as a user runs it, and what it renders.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use serde::Deserialize as _;
use serde_json::Value;

use crate::support::cluster::Said;
use crate::support::python::testenv;

/// The namespace and the name that the release has in tests, as in the docs.
pub(super) const RELEASE: &str = "contactsync";

pub(super) fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/contactsync")
}

/// The values files of `ci/`, by name.
pub(super) fn ci_values() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(chart().join("ci")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 8, "{files:?}");
    files
}

/// A program of `testenv/go-tool.sh`, which says what to do where it is missing.
pub(crate) fn tool(name: &str) -> Command {
    let found = Command::new(testenv().join("go-tool.sh")).args(["find", name]).output().unwrap();
    assert!(found.status.success(), "{name} is missing: run make test-deps, or make chart-tools");
    Command::new(String::from_utf8(found.stdout).unwrap().trim_end())
}

/// Runs a program with this on its standard input.
pub(crate) fn run(mut command: Command, input: &str) -> Said {
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // On its own thread: a program that answers before it has read all would wait for us, and we for it.
    let writer = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
}

/// helm, which keeps nothing in the home of whoever runs the tests.
pub(super) fn helm(arguments: &[&str]) -> Command {
    let mut command = tool("helm");
    let home = std::env::temp_dir().join("contactsync-helm");
    command.args(arguments).env("HELM_CACHE_HOME", &home).env("HELM_CONFIG_HOME", &home).env("HELM_DATA_HOME", &home);
    // A test without a cluster must not meet the one of whoever runs it.
    command.env("KUBECONFIG", "/dev/null");
    command
}

/// `helm template` of the chart into a namespace, with more arguments.
pub(super) fn template(namespace: &str, arguments: &[&str]) -> Said {
    let mut command = helm(&["template", RELEASE]);
    command.arg(chart()).args(["--namespace", namespace]).args(arguments);
    run(command, "")
}

/// What is rendered with these `--set`s.
pub(super) fn set(values: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
    once(&arguments)
}

/// What is rendered with this values file of `ci/`.
pub(super) fn rendered(values: &Path) -> Vec<Value> {
    once(&["-f", values.to_str().unwrap()])
}

/// Many tests look at the same: it is rendered once in a process.
fn once(arguments: &[&str]) -> Vec<Value> {
    static KNOWN: Mutex<BTreeMap<String, Vec<Value>>> = Mutex::new(BTreeMap::new());
    let key = arguments.join(" ");
    let known = KNOWN.lock().unwrap().get(&key).cloned();
    known.unwrap_or_else(|| {
        let rendered = objects(&template(RELEASE, arguments).ok());
        KNOWN.lock().unwrap().insert(key, rendered.clone());
        rendered
    })
}

pub(super) fn objects(text: &str) -> Vec<Value> {
    let documents = serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).unwrap());
    documents.filter(|document| !document.is_null()).collect()
}

/// All of a kind.
pub(super) fn of<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

/// The one of this kind and name.
pub(super) fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found: Vec<_> = of(objects, kind).into_iter().filter(|object| object["metadata"]["name"] == name).collect();
    let [one] = found[..] else { panic!("{} of {kind} {name}", found.len()) };
    one
}
