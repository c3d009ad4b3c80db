//! Every trouble with every search of a run over a real LDAP server, seen through a proxy that spoils one answer.

use std::time::Duration;

use contactsync::api::RunResult;
use contactsync::directory::ldap::open;
use contactsync::sync::{ConnectionSettings, Mode, Report, Silent};
use jiff::SignedDuration;

use super::invariants::{Picture, Wrong, difference, picture};
use super::scene::copy;
use crate::support::company::{ALL_HANDS, Company, company, group_dn};
use crate::support::house::{House, connection};
use crate::support::ldap_proxy::{LdapProxy, Trouble};
use crate::support::misbehaving_desk::{MisbehavingDesk, Profile};
use crate::support::slapd::Slapd;

const TROUBLES: [Trouble; 25] = [
    Trouble::Code(1),
    Trouble::Code(3),
    Trouble::Code(4),
    Trouble::Code(10),
    Trouble::Code(11),
    Trouble::Code(12),
    Trouble::Code(32),
    Trouble::Code(50),
    Trouble::Code(51),
    Trouble::Code(52),
    Trouble::Code(80),
    Trouble::CutBeforeResult,
    Trouble::CutInMessage,
    Trouble::CutAfterResult,
    Trouble::Reference,
    Trouble::NoControls,
    Trouble::NoId,
    Trouble::Twice,
    Trouble::LostEntry,
    Trouble::EmptyPages,
    Trouble::SamePage,
    Trouble::Silence,
    Trouble::Garbage,
    Trouble::EmptyResult,
    Trouble::HalfEntry,
];

const PATIENT: Duration = Duration::from_mins(1);

struct Ground {
    slapd: Slapd,
    proxy: LdapProxy,
    staff: ConnectionSettings,
    /// Contacts and run records before the second run.
    users: Vec<serde_json::Value>,
    runs: tempfile::TempDir,
    before: Picture,
    truth: Picture,
    searches: usize,
}

struct Site {
    house: House,
    desk: MisbehavingDesk,
}

impl Ground {
    /// 60 people of a group, synced; then one has another title, one left the group, one the company, one the mail.
    async fn lay() -> Self {
        let company = company(7, 60);
        let slapd = Slapd::with(&company.to_ldif());
        let proxy = LdapProxy::before(&slapd).await;
        let source = serde_json::to_string(&slapd.source()).unwrap();
        let scope = format!("{{mode: List, list: {{groups: [{{name: {ALL_HANDS}}}], membership: Nested}}}}");
        let staff = connection("staff", &format!("source: {{type: LDAP, ldap: {source}}}\nscope: {scope}"));
        let runs = tempfile::tempdir().unwrap();
        let (users, before, truth) = (vec![], Picture::new(), Picture::new());
        let mut ground = Self { slapd, proxy, staff, users, runs, before, truth, searches: 0 };
        let site = ground.site().await;
        let first = ground.run(&site, PATIENT).await;
        assert!(first.error.is_none(), "{first:#?}");
        copy(&site.house.runs(), ground.runs.path());
        ground.users = site.desk.users();
        ground.before = picture(&ground.users).unwrap();
        ground.change(&company);
        let site = ground.site().await;
        ground.proxy.behave();
        let second = ground.run(&site, PATIENT).await;
        assert!(second.error.is_none() && second.summary.counts.deactivated == 1, "{second:#?}");
        ground.searches = ground.proxy.behave().0;
        ground.truth = picture(&site.desk.users()).unwrap();
        ground
    }

    fn change(&self, company: &Company) {
        let dn = |n: usize| company.people[n].dn.as_str();
        self.slapd.modify(&format!(
            "dn: {}\nchangetype: modify\nreplace: title\ntitle: Changed\n\n\
             dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n\ndn: {}\nchangetype: delete\n",
            dn(2),
            group_dn(ALL_HANDS),
            dn(3),
            dn(4),
        ));
    }

    /// A desk and run records as they were before the second run.
    async fn site(&self) -> Site {
        let desk = MisbehavingDesk::start(Profile::default()).await;
        let house = House::before(desk.url.to_string(), "token".into(), tempfile::tempdir().unwrap());
        desk.restore(&self.users);
        copy(self.runs.path(), &house.runs());
        house.advance(SignedDuration::from_mins(10));
        Site { house, desk }
    }

    async fn run(&self, site: &Site, timeout: Duration) -> Report {
        let mut settings = self.proxy.settings(&self.slapd);
        settings.source.page_size = Some(20);
        settings.timeout = timeout;
        let directory = async { Ok(Box::new(open(settings).unwrap()) as Box<_>) };
        site.house.run(&self.staff, Mode::Sync, &Silent, directory).await
    }

    /// What is wrong when this search meets trouble.
    async fn try_out(&self, at: usize, trouble: Trouble) -> Vec<String> {
        let site = self.site().await;
        self.proxy.expect(at, trouble);
        let report = self.run(&site, Duration::from_millis(500)).await;
        if !self.proxy.behave().1 {
            return Vec::new();
        }
        let mut wrong = Wrong::default();
        let now = picture(&site.desk.users()).unwrap();
        for (person, was) in &self.before {
            let is = now.get(person);
            let fine = is.is_some() && (is == Some(was) || is == self.truth.get(person));
            wrong.unless(fine, || format!("{person} is neither as before nor as it should be: {is:?}"));
        }
        wrong.unless(now.len() == self.before.len(), || "contacts were made".to_owned());
        let summary = &report.summary;
        let succeeded = summary.result == RunResult::Succeeded;
        wrong.unless(!succeeded || now == self.truth, || format!("success: {}", difference(&now, &self.truth)));
        wrong.unless((summary.result == RunResult::Failed) != summary.message.is_empty(), || "no message".to_owned());
        let told = format!("{} {}", summary.message, site.house.records());
        wrong.unless(!told.contains("@acme.example") && !told.contains("uid="), || format!("it is told: {told}"));
        for next in ["the next run", "the run after"] {
            site.desk.forget_log();
            let report = self.run(&site, PATIENT).await;
            let now = picture(&site.desk.users()).unwrap();
            wrong.unless(now == self.truth, || format!("{next} ends in {}", difference(&now, &self.truth)));
            wrong.unless(report.error.is_none(), || format!("{next}: {report:#?}"));
        }
        wrong.unless(site.desk.log().iter().all(|request| !request.writes()), || "the run after writes".to_owned());
        let said = |what| format!("{trouble:?} at search {at} ({:?} {}): {what}", summary.result, summary.message);
        wrong.0.into_iter().map(said).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_trouble_with_any_search_removes_nobody() {
    let ground = Ground::lay().await;
    let all = std::env::var_os("CONTACTSYNC_FAULTS").is_some_and(|how| how == "all");
    let one_of = if all { 1 } else { 13 };
    let mut wrong = Vec::new();
    for (n, trouble) in TROUBLES.into_iter().enumerate() {
        for at in (0..ground.searches).filter(|at| (n + 2 * at).is_multiple_of(one_of)) {
            wrong.extend(ground.try_out(at, trouble).await);
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
