//! What is in a workspace's database, read past the workspace, and whether the database agrees with itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

/// All contacts of a desk by id: all that they hold, but for the time of a mark.
#[derive(Clone, Debug, Default)]
pub struct Ledger(pub BTreeMap<String, Value>);

fn open(database: &Path) -> Connection {
    // Written to as well: where the workspace was killed, its log must be played back first.
    let connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    connection
}

/// Every contact.
pub fn ledger(database: &Path) -> Ledger {
    let connection = open(database);
    let mut statement = connection.prepare("SELECT id, doc FROM users").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let contacts = rows.map(|row| {
        let (id, doc): (String, Vec<u8>) = row.unwrap();
        let mut contact: Value = serde_json::from_slice(&doc).unwrap();
        contact.as_object_mut().unwrap().remove("id").unwrap();
        if let Some(owner) = contact["externalId"].as_str() {
            contact["externalId"] = without_time(owner).into();
        }
        (id, contact)
    });
    Ledger(contacts.collect())
}

/// `a/b/7!left=2026-…` is `a/b/7!left`.
fn without_time(owner: &str) -> String {
    owner.split('!').map(|part| part.split('=').next().unwrap()).collect::<Vec<_>>().join("!")
}

impl Ledger {
    /// Says how `other` differs, where contacts that stand in `before` are the same by id and new ones by userName.
    pub fn differences(&self, other: &Self, before: &Self) -> Vec<String> {
        let (mut old, mut new) = (self.split(before), other.split(before));
        let mut differences = Vec::new();
        for (name, one) in [(true, &mut old.0), (false, &mut old.1)] {
            let rest = if name { &mut new.0 } else { &mut new.1 };
            for (key, contact) in std::mem::take(one) {
                match rest.remove(&key) {
                    Some(found) if found == contact => {}
                    Some(found) => differences.push(format!("{key} is\n  {found}\nand should be\n  {contact}")),
                    None => differences.push(format!("{key} is lost: {contact}")),
                }
            }
            differences.extend(rest.iter().map(|(key, contact)| format!("{key} should not be there: {contact}")));
        }
        differences
    }

    fn split(&self, before: &Self) -> (BTreeMap<String, Value>, BTreeMap<String, Value>) {
        let (old, new): (Vec<_>, Vec<_>) = self.0.clone().into_iter().partition(|(id, _)| before.0.contains_key(id));
        let by_name = new.into_iter().map(|(_, contact)| (contact["userName"].to_string().to_lowercase(), contact));
        (old.into_iter().collect(), by_name.collect())
    }

    /// People of one owner who have more than one contact.
    pub fn doubled(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let owners = self.0.values().filter_map(|contact| contact["externalId"].as_str());
        let people = owners.map(|owner| owner.split('!').next().unwrap().to_owned());
        people.filter(|person| !seen.insert(person.clone())).collect()
    }
}

/// The database is whole, and its indexes and totals say what the documents say. `done`: what the desk said it had done.
pub fn assert_sound(database: &Path, done: &HashMap<String, Option<i64>>) {
    let connection = open(database);
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    let total: i64 = connection.query_row("SELECT users FROM totals", [], |row| row.get(0)).unwrap();
    let mut statement =
        connection.prepare("SELECT seq, id, user_name, external_id, active, version, doc FROM users").unwrap();
    let mut rows = statement.query([]).unwrap();
    let (mut count, mut versions, mut emails) = (0, HashMap::new(), BTreeSet::new());
    while let Some(row) = rows.next().unwrap() {
        let (seq, id): (i64, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let doc: Value = serde_json::from_slice(&row.get::<_, Vec<u8>>(6).unwrap()).unwrap();
        let name = doc["userName"].as_str().unwrap().to_lowercase();
        assert_eq!(doc["id"], id);
        assert_eq!(row.get::<_, String>(2).unwrap(), name);
        assert_eq!(row.get::<_, Option<String>>(3).unwrap().as_deref(), doc["externalId"].as_str());
        assert_eq!(row.get::<_, Option<bool>>(4).unwrap(), doc["active"].as_bool());
        let others = doc["emails"].as_array().into_iter().flatten().filter_map(|email| email["value"].as_str());
        emails.extend(others.map(str::to_lowercase).filter(|email| *email != name).map(|email| (email, seq)));
        versions.insert(id, row.get::<_, i64>(5).unwrap());
        count += 1;
    }
    assert_eq!(total, count, "the total of users");
    let mut statement = connection.prepare("SELECT value, seq FROM emails").unwrap();
    let indexed = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(indexed.map(Result::unwrap).collect::<BTreeSet<(String, i64)>>(), emails, "the index of addresses");
    for (id, version) in done {
        let found = versions.get(id);
        match version {
            Some(least) => assert!(found.is_some_and(|found| found >= least), "{id}: {found:?}, told {least}"),
            None => assert_eq!(found, None, "{id} was deleted"),
        }
    }
}
