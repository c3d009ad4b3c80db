//! A checkout of four people and a desk that runs: what a mistake does to contacts that are there.

use std::path::PathBuf;

use serde_json::Value;

use super::{Checkout, Ran};
use crate::support::misbehaving_desk::{MisbehavingDesk, Profile};

const CONNECTION: &str = "
apiVersion: kdesk.seraphex.net/v1alpha1
kind: ContactSyncConnection
metadata: {name: staff, namespace: support}
spec:
  state: Enabled
  workspaceRef: {name: desk}
  source: {type: File, file: {path: people.csv, format: CSV, idField: id, groupsField: groups}}
  emailDomains: [acme.example]
  scope: {mode: List, list: {groups: [{name: Staff}]}}
  mapping: {preset: Standard}
  leavers: {policy: Delete, hold: {aboveCount: 5}}
  deletionPolicy: Keep
";

const SECRET: &str = "
apiVersion: v1
kind: Secret
metadata: {name: kdesk, namespace: support}
stringData: {token: secret-token}
";

pub(super) const PEOPLE: &str = "id,displayName,mail,title,groups
p1,Person One,person.1@acme.example,Engineer,Staff
p2,Person Two,person.2@acme.example,Engineer,Staff
p3,Person Three,person.3@acme.example,Engineer,Staff
p4,Person Four,person.4@acme.example,Engineer,Staff
";

/// The folder, the desk, and the four contacts on it.
pub(super) struct Office {
    pub(super) checkout: Checkout,
    pub(super) desk: MisbehavingDesk,
}

impl Office {
    /// Synced once, then everything is as before the first run but for the contacts.
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = MisbehavingDesk::start(Profile::default()).await;
        let office = Self { checkout: Checkout { folder }, desk };
        std::fs::create_dir(office.path("")).unwrap();
        office.reset();
        assert_eq!(office.sync().code(), 0, "{}", office.sync().out());
        assert_eq!(office.desk.users().len(), 4);
        office
    }

    /// Writes all manifests and people as they should be.
    pub(super) fn reset(&self) {
        std::fs::remove_dir_all(self.path("")).unwrap();
        std::fs::create_dir(self.path("")).unwrap();
        self.write("connection.yaml", CONNECTION);
        self.write("workspace.yaml", workspace(self.desk.url.as_str(), ""));
        self.write("secret.yaml", SECRET);
        self.write("people.csv", PEOPLE);
        self.desk.behave();
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.checkout.path("office").join(file)
    }

    pub(super) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(file), text).unwrap();
    }

    /// Replaces a text in a file; it must be there.
    pub(super) fn edit(&self, file: &str, from: &str, to: &str) {
        self.checkout.edit(&format!("office/{file}"), from, to);
    }

    pub(super) fn sync(&self) -> Ran {
        self.checkout.run(&["sync", "-f", "office", "--log-dir", "runs"])
    }

    /// Runs, and every contact must be as it was; gives what was said.
    pub(super) fn fails(&self, why: &str) -> String {
        let before = self.desk.users();
        let ran = self.sync();
        let said = format!("{}{}", ran.out(), ran.err());
        assert_eq!(ran.code(), 2, "{why}: {said}");
        assert_eq!(self.desk.users(), before, "{why}: {said}");
        private(why, &said);
        said
    }

    /// Contacts by userName.
    pub(super) fn titles(&self) -> Vec<(String, Value)> {
        self.desk
            .users()
            .into_iter()
            .map(|user| (user["userName"].as_str().unwrap().to_owned(), user["title"].clone()))
            .collect()
    }
}

/// A workspace at this endpoint.
pub(super) fn workspace(endpoint: &str, more: &str) -> String {
    format!(
        "
apiVersion: kdesk.seraphex.net/v1alpha1
kind: KDeskWorkspace
metadata: {{name: desk, namespace: support}}
spec:
  endpoint: {endpoint}
  auth: {{type: BearerToken, bearerToken: {{secretRef: {{name: kdesk, key: token}}}}}}
  contactSync: Enabled
{more}"
    )
}

/// L20: what is said holds nobody's data and no credential.
pub(super) fn private(why: &str, said: &str) {
    for data in ["@acme.example", "Person ", "Engineer", "secret-token"] {
        assert!(!said.contains(data), "{why}: {data:?} is told: {said}");
    }
}
