//! The folders that the program is run with: a connection to a directory or a file, and a workspace.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::PROGRAM;
use crate::child::{Cost, measure};
use crate::support::company::{Company, company};
use crate::support::slapd::{PASSWORD, Slapd};

/// A folder of manifests, the run logs beside it.
pub struct Scene {
    folder: PathBuf,
}

impl Scene {
    pub fn new(folder: &Path, desk: &str, source: &str) -> Self {
        std::fs::create_dir_all(folder.join("runs")).unwrap();
        let manifests = format!(
            "apiVersion: kdesk.seraphex.net/v1alpha1
kind: KDeskWorkspace
metadata: {{name: desk, namespace: bench}}
spec:
  endpoint: {desk}
  auth: {{type: BearerToken, bearerToken: {{secretRef: {{name: desk, key: token}}}}}}
  contactSync: Enabled
  limits: {{requestsPerSecond: 1000, concurrency: 4}}
---
apiVersion: v1
kind: Secret
metadata: {{name: desk, namespace: bench}}
stringData: {{token: none, password: {PASSWORD}}}
---
apiVersion: kdesk.seraphex.net/v1alpha1
kind: ContactSyncConnection
metadata: {{name: everybody, namespace: bench}}
spec:
  state: Enabled
  workspaceRef: {{name: desk}}
  emailDomains: [acme.example]
  mapping: {{preset: Standard}}
  leavers: {{policy: Deactivate}}
  deletionPolicy: Keep
{source}"
        );
        std::fs::write(folder.join("bench.yaml"), manifests).unwrap();
        Self { folder: folder.to_owned() }
    }

    /// One run of the program: what it cost, and its outcome.
    pub fn run(&self) -> (Cost, serde_json::Value) {
        let (manifest, runs) = (self.folder.join("bench.yaml"), self.folder.join("runs"));
        let [sync, f, log_dir, o, json] = ["sync", "-f", "--log-dir", "-o", "json"].map(OsStr::new);
        let arguments = [sync, f, manifest.as_ref(), log_dir, runs.as_ref(), o, json];
        let (cost, printed) = measure(PROGRAM.as_ref(), &arguments, &[]);
        (cost, serde_json::from_str(printed.trim()).unwrap_or_else(|error| panic!("{error}: {printed}")))
    }
}

/// A company in which everybody has an address of their own.
pub fn tidy_company(people: usize) -> Company {
    let mut company = company(100, people);
    for one in &mut company.people {
        one.mail = Some(format!("{}@acme.example", one.uid));
        one.attributes.retain(|(name, _)| *name != "mail");
        one.attributes.push(("mail", format!("{}@acme.example", one.uid)));
    }
    company
}

/// The part of a connection that reads an LDAP server.
pub fn ldap(slapd: &Slapd, folder: &Path) -> String {
    std::fs::write(folder.join("ca.pem"), &slapd.ca).unwrap();
    let ca = String::from_utf8(slapd.ca.clone()).unwrap().replace('\n', "\n          ");
    let mut source = serde_json::to_value(slapd.source()).unwrap();
    source["bind"]["password"]["secretRef"]["name"] = "desk".into();
    source["tls"] = serde_json::json!({"ca": {"configMapRef": {"name": "ca", "key": "ca.crt"}}});
    format!(
        "  source: {{type: LDAP, ldap: {source}}}
  scope: {{mode: Pattern, pattern: {{match: {{attribute: mail, glob: \"*@acme.example\"}}}}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: ca, namespace: bench}}
data:
  ca.crt: |
          {ca}
"
    )
}

/// The part of a connection that reads a CSV file, and the file.
pub fn csv(people: usize, folder: &Path) -> String {
    let mut csv = String::with_capacity(people * 160);
    csv.push_str("id,displayName,mail,title,ou,telephoneNumber,mobile,street,l,postalCode\n");
    for one in &tidy_company(people).people {
        let value = |name: &str| one.attributes.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        csv.push_str(&one.id);
        for name in ["displayName", "mail", "title", "ou", "telephoneNumber", "mobile", "street", "l", "postalCode"] {
            write!(csv, ",\"{}\"", value(name).replace('"', "\"\"")).unwrap();
        }
        csv.push('\n');
    }
    std::fs::write(folder.join("people.csv"), csv).unwrap();
    "  source: {type: File, file: {path: people.csv, format: CSV, idField: id}}
  scope: {mode: Pattern, pattern: {match: {attribute: mail, glob: \"*@acme.example\"}}}
"
    .to_owned()
}
