//! What holds after every run, however it went, and what the next runs come to.

use std::collections::BTreeMap;

use contactsync::api::RunResult;
use contactsync::scim;
use contactsync::sync::Report;
use serde_json::{Value, json};

use super::scene::{Phase, Scene};

const PREFIX: &str = "default/support/staff/";

/// The connection's contacts by person, as far as two runs can be compared: no ids, no versions, no times.
pub(super) type Picture = BTreeMap<String, Value>;

/// What is wrong; all of it, so that one test tells everything.
#[derive(Default)]
pub(super) struct Wrong(pub(super) Vec<String>);

impl Wrong {
    pub(super) fn unless(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.0.push(what());
        }
    }
}

/// Whose contact it is, without marks; `None`: not this connection's.
fn person(user: &Value) -> Option<&str> {
    let rest = user["externalId"].as_str()?.strip_prefix(PREFIX)?.split('!').next()?;
    (!rest.contains('/')).then_some(rest)
}

fn portal(user: &Value) -> bool {
    user[scim::KDESK_CONTACT]["portalAccess"] == json!(true)
}

/// The picture of a desk; an error where a person has two contacts.
pub(super) fn picture(users: &[Value]) -> Result<Picture, String> {
    let mut picture = Picture::new();
    for user in users {
        let Some(person) = person(user) else { continue };
        let external = user["externalId"].as_str().unwrap().split('=').next().unwrap();
        let seen = json!({
            "externalId": external, "userName": user["userName"], "displayName": user["displayName"],
            "title": user["title"], "active": user["active"], "portal": portal(user), "emails": user["emails"],
        });
        if picture.insert(person.to_owned(), seen).is_some() {
            return Err(format!("{person} has two contacts"));
        }
    }
    Ok(picture)
}

impl Scene {
    pub(super) fn picture(&self) -> Result<Picture, String> {
        picture(&self.desk.users())
    }

    /// What holds after a run in which something went wrong.
    pub(super) fn unharmed(&self, report: &Report, truth: &Picture, wrong: &mut Wrong) {
        let users = self.desk.users();
        let now = match picture(&users) {
            Ok(now) => now,
            Err(twice) => return wrong.0.push(twice),
        };
        for user in &self.bystanders {
            let name = &user["userName"];
            wrong.unless(users.contains(user), || format!("bystander {name} was touched"));
        }
        let others = users.iter().filter(|user| person(user).is_none()).count();
        wrong.unless(others == self.bystanders.len(), || format!("{others} contacts are nobody's"));
        self.nobody_removed(&now, wrong);
        let allowed: &[&str] = match self.phase {
            Phase::First => &["p0008", "p0009"],
            Phase::Second => &["p0007", "p0008", "p0009", "p0016"],
        };
        for (person, contact) in &now {
            let fine = contact["portal"] == json!(false) || allowed.contains(&person.as_str());
            wrong.unless(fine, || format!("{person} was let in"));
        }
        self.honest(report, &now, truth, wrong);
    }

    fn nobody_removed(&self, now: &Picture, wrong: &mut Wrong) {
        if self.phase == Phase::First {
            return;
        }
        for n in 0..14 {
            let person = format!("p{n:04}");
            let Some(contact) = now.get(&person) else {
                wrong.0.push(format!("{person} is lost"));
                continue;
            };
            let leaver = [10, 11].contains(&n);
            wrong.unless(leaver || contact["active"] == json!(true), || format!("{person} was turned off"));
        }
    }

    /// L19, L20: success only of success, a reason for every failure, nobody's data.
    fn honest(&self, report: &Report, now: &Picture, truth: &Picture, wrong: &mut Wrong) {
        let summary = &report.summary;
        let (result, message) = (summary.result, &summary.message);
        if result == RunResult::Succeeded {
            wrong.unless(now == truth, || format!("success was said of this: {}", difference(now, truth)));
        }
        wrong.unless((result == RunResult::Failed) != message.is_empty(), || format!("{result:?} says {message:?}"));
        wrong.unless(result != RunResult::Running, || "it never ended".into());
        let told = format!("{message} {:?} {}", report.error, self.house.records());
        for data in ["@acme.example", "@desk.example", "Person ", "Manager", "<html"] {
            wrong.unless(!told.contains(data), || format!("{data:?} is told"));
        }
        let off = now.values().filter(|contact| contact["active"] == json!(false)).count() as u64;
        let counted = summary.counts.deactivated;
        wrong.unless(counted <= off, || format!("{counted} were counted as turned off, {off} are"));
    }

    /// The fault is over: the next run ends in the directory's truth, and the one after writes nothing.
    pub(super) async fn heals(&self, truth: &Picture, wrong: &mut Wrong) {
        self.desk.behave();
        self.be_patient();
        let next = self.run().await;
        match self.picture() {
            Ok(now) => wrong.unless(now == *truth, || format!("the next run ends in: {}", difference(&now, truth))),
            Err(twice) => wrong.0.push(twice),
        }
        let summary = &next.summary;
        wrong.unless(summary.result == RunResult::Succeeded, || {
            format!("the next run: {:?} {} {:?} {:?}", summary.result, summary.message, summary.counts, summary.reasons)
        });
        self.desk.forget_log();
        let rest = self.run().await;
        wrong.unless(rest.summary.result == RunResult::Succeeded, || format!("the run after: {rest:?}"));
        let writes = self.desk.log().iter().filter(|request| request.writes()).count();
        wrong.unless(writes == 0, || format!("the run after wrote {writes} times"));
    }
}

/// What differs, in few words.
pub(super) fn difference(now: &Picture, truth: &Picture) -> String {
    let mut all: Vec<String> = Vec::new();
    for person in now.keys().chain(truth.keys()) {
        let (is, wanted) = (now.get(person), truth.get(person));
        let line = format!("{person}: {is:?}, not {wanted:?}");
        if is != wanted && !all.contains(&line) {
            all.push(line);
        }
    }
    format!("{} differ; {}", all.len(), all.first().cloned().unwrap_or_default())
}
