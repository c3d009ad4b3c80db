//! A house for whole runs: the bundled workspace on a free port, a folder of CSV files, a run store, and a clock that only
//! tests move. Contacts are looked at from outside, with plain SCIM.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use contactsync::api::{KeyRef, RunCounts, RunResult, RunTrigger};
use contactsync::clock::Clock;
use contactsync::desk::{Desk, Settings, Tuning};
use contactsync::directory::Directory;
use contactsync::kdesk::{Auth, Workspace};
use contactsync::keys::{KeyError, Keys};
use contactsync::net::{Budget, Credentials, Reach, Secret};
use contactsync::runlog::{Retention, RunStore, Summary};
use contactsync::scim;
use contactsync::sync::{ConnectionSettings, Ends, Mode, Observer, Place, PlannedChange, Report, Run, open_directory};
use jiff::{SignedDuration, Timestamp};
use object_store::local::LocalFileSystem;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// What a connection of these tests is, unless a test says otherwise.
const CONNECTION: &str = "
state: Enabled
workspaceRef: {name: desk}
source: {type: File, file: {path: people.csv, format: CSV, idField: id, groupsField: groups}}
scope: {mode: List, list: {groups: [{name: Staff}]}}
emailDomains: [acme.example]
mapping: {preset: Standard}
leavers: {policy: Deactivate}
deletionPolicy: Keep
";

/// One line of the CSV file.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: String,
    pub name: String,
    pub mail: String,
    pub title: String,
    pub groups: String,
}

/// Number `n`: in Staff, with an address of their own.
pub fn person(n: usize) -> Line {
    Line {
        id: format!("p{n:04}"),
        name: format!("Person {n}"),
        mail: mail(n),
        title: "Engineer".into(),
        groups: "Staff".into(),
    }
}

/// The address of number `n`.
pub fn mail(n: usize) -> String {
    format!("person.{n}@acme.example")
}

/// Numbers 0 up to `count`.
pub fn people(count: usize) -> Vec<Line> {
    (0..count).map(person).collect()
}

/// A connection in namespace support: the usual one, its top-level fields replaced by those of `changes` (YAML).
pub fn connection(name: &str, changes: &str) -> ConnectionSettings {
    let mut spec: Map<String, Value> = serde_yaml::from_str(CONNECTION).unwrap();
    if !changes.trim().is_empty() {
        spec.extend(serde_yaml::from_str::<Map<String, Value>>(changes).unwrap());
    }
    let spec = serde_json::from_value(Value::Object(spec)).unwrap();
    ConnectionSettings::new("default", "support", name, None, spec).unwrap()
}

pub struct House {
    folder: tempfile::TempDir,
    pub base: String,
    pub token: String,
    client: reqwest::Client,
    now: Arc<Mutex<Timestamp>>,
    patience: Mutex<(Duration, Tuning)>,
}

impl House {
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::open(&folder.path().join("kdesk.db"), Auth::Bearer).unwrap();
        let token = workspace.create_token("test").unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/scim/v2", listener.local_addr().unwrap());
        tokio::spawn(workspace.serve(listener, std::future::pending()));
        Self::before(base, token, folder)
    }

    /// Before a desk that runs already.
    pub fn before(base: String, token: String, folder: tempfile::TempDir) -> Self {
        std::fs::create_dir(folder.path().join("runs")).unwrap();
        let now = Arc::new(Mutex::new("2026-11-23T08:00:00Z".parse().unwrap()));
        let patience = Mutex::new((Settings::TIMEOUT, Tuning::default()));
        Self { folder, base, token, client: client(), now, patience }
    }

    /// How long the next runs wait for one answer, and how long they try again.
    pub fn be_patient(&self, timeout: Duration, tuning: Tuning) {
        *self.patience.lock().unwrap() = (timeout, tuning);
    }

    /// Where people.csv lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes people.csv.
    pub fn file(&self, lines: &[Line]) {
        self.other_file("people.csv", lines);
    }

    pub fn other_file(&self, name: &str, lines: &[Line]) {
        let mut csv = String::from("id,displayName,mail,title,groups\n");
        for Line { id, name, mail, title, groups } in lines {
            writeln!(csv, "{id},{name},{mail},{title},{groups}").unwrap();
        }
        std::fs::write(self.folder.path().join(name), csv).unwrap();
    }

    /// Writes people.csv as it comes.
    pub fn raw_file(&self, csv: &str) {
        std::fs::write(self.folder.path().join("people.csv"), csv).unwrap();
    }

    pub fn runs(&self) -> PathBuf {
        self.folder.path().join("runs")
    }

    pub fn store(&self) -> RunStore {
        RunStore::new(Arc::new(LocalFileSystem::new_with_prefix(self.runs()).unwrap()))
    }

    /// As if the disk with the run records were lost.
    pub fn lose_history(&self) {
        std::fs::remove_dir_all(self.runs()).unwrap();
        std::fs::create_dir(self.runs()).unwrap();
    }

    pub fn advance(&self, duration: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now = now.checked_add(duration).unwrap();
    }

    /// Runs a connection over the file; a minute passes before.
    pub async fn report(&self, settings: &ConnectionSettings, mode: Mode, observer: &dyn Observer) -> Report {
        let directory = async {
            let place = Place {
                keys: &NoKeys,
                file_root: self.folder.path().to_path_buf(),
                reach: Reach::default(),
                patience: Place::PATIENCE,
            };
            open_directory(settings, &place).await
        };
        self.run(settings, mode, observer, directory).await
    }

    /// Runs a connection over a directory; a minute passes before.
    pub async fn run(
        &self,
        settings: &ConnectionSettings,
        mode: Mode,
        observer: &dyn Observer,
        directory: impl Future<Output = Result<Box<dyn Directory>, contactsync::sync::Error>>,
    ) -> Report {
        self.advance(SignedDuration::from_mins(1));
        let now = Arc::clone(&self.now);
        let clock: Clock = Arc::new(move || *now.lock().unwrap());
        let store = self.store();
        let (trigger, retention) = (RunTrigger::Request, Retention::default());
        let run = Run { settings, mode, trigger, store: &store, retention, clock: &clock, observer };
        Box::pin(run.go(async { Ok(Ends { directory: directory.await?, desk: self.desk().await? }) })).await
    }

    async fn desk(&self) -> Result<Desk, contactsync::desk::Error> {
        let (timeout, tuning) = self.patience.lock().unwrap().clone();
        let settings = Settings {
            endpoint: self.base.parse().unwrap(),
            auth: Credentials::BearerToken(Secret::new(self.token.clone())),
            // The system's authorities take long to read in a build for tests.
            ca: Some(NOBODYS_CA.clone()),
            requests_per_second: 10_000,
            concurrency: 4,
            timeout,
        };
        Desk::connect_with(settings, Budget::new(10_000, 4), tuning).await
    }

    pub async fn sync(&self, settings: &ConnectionSettings) -> Summary {
        self.report(settings, Mode::Sync, &contactsync::sync::Silent).await.summary
    }

    /// A run that must succeed, its counts without those of reading.
    pub async fn succeed(&self, settings: &ConnectionSettings) -> RunCounts {
        let summary = self.sync(settings).await;
        assert_eq!(summary.result, RunResult::Succeeded, "{summary:#?}");
        RunCounts { read: 0, in_scope: 0, ..summary.counts }
    }

    /// What a plan would do, and its summary.
    pub async fn plan(&self, settings: &ConnectionSettings) -> (Summary, Vec<PlannedChange>) {
        let watcher = Watcher::default();
        let report = self.report(settings, Mode::Plan, &watcher).await;
        (report.summary, watcher.0.into_inner().unwrap())
    }

    /// One request to the desk; its answer's body must come with a status of success.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.header("content-type", scim::MEDIA_TYPE).body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Every contact of the desk, by userName.
    pub async fn contacts(&self) -> BTreeMap<String, Value> {
        let mut contacts = BTreeMap::new();
        loop {
            let page =
                self.ask(Method::GET, &format!("/Users?startIndex={}&count=1000", contacts.len() + 1), None).await;
            let resources = page["Resources"].as_array().cloned().unwrap_or_default();
            let done = resources.is_empty();
            for contact in resources {
                let twin = contacts.insert(contact["userName"].as_str().unwrap().to_owned(), contact);
                assert!(twin.is_none(), "listed twice: {twin:?}");
            }
            if done || page["totalResults"] == contacts.len() {
                return contacts;
            }
        }
    }

    pub async fn contact(&self, user_name: &str) -> Value {
        self.contacts().await.remove(user_name).unwrap_or_else(|| panic!("no contact {user_name}"))
    }

    /// The versions of all contacts: what changes when anything is written.
    pub async fn versions(&self) -> BTreeMap<String, Value> {
        let contacts = self.contacts().await;
        contacts.into_iter().map(|(name, contact)| (name, contact["meta"]["version"].clone())).collect()
    }

    /// The userNames of the active contacts.
    pub async fn active(&self) -> Vec<String> {
        let contacts = self.contacts().await;
        contacts.into_iter().filter(|(_, contact)| contact["active"] == json!(true)).map(|(name, _)| name).collect()
    }

    /// Somebody edits a contact on the desk.
    pub async fn edit(&self, user_name: &str, operations: Value) {
        let contact = self.contact(user_name).await;
        let path = format!("/Users/{}", contact["id"].as_str().unwrap());
        self.ask(Method::PATCH, &path, Some(json!({"schemas": [scim::PATCH_OP], "Operations": operations}))).await;
    }

    /// Somebody makes a contact on the desk.
    pub async fn make(&self, contact: Value) -> Value {
        let mut contact = contact;
        contact["schemas"] = json!([scim::USER, scim::KDESK_CONTACT]);
        self.ask(Method::POST, "/Users", Some(contact)).await
    }

    /// Everything that lies in the run store, in one text.
    pub fn records(&self) -> String {
        let mut text = String::new();
        gather(&self.runs(), &mut text);
        text
    }
}

static NOBODYS_CA: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap().pem().into_bytes()
});

/// A client without any of the engine's own care.
pub fn client() -> reqwest::Client {
    // The second test finds it installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    #[expect(clippy::disallowed_methods, reason = "looked at from outside, without the engine's client")]
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap()
}

fn gather(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, text);
        } else {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[derive(Default)]
struct Watcher(Mutex<Vec<PlannedChange>>);

impl Observer for Watcher {
    fn planned(&self, change: PlannedChange) {
        self.0.lock().unwrap().push(change);
    }
}

/// A file needs no secrets.
struct NoKeys;

#[async_trait]
impl Keys for NoKeys {
    async fn secret(&self, _namespace: &str, key: &KeyRef) -> Result<Secret, KeyError> {
        Err(KeyError::NotFound { object: key.name.clone(), looked: "nowhere".into() })
    }

    async fn config_map(&self, _namespace: &str, key: &KeyRef) -> Result<bytes::Bytes, KeyError> {
        Err(KeyError::NotFound { object: key.name.clone(), looked: "nowhere".into() })
    }
}
