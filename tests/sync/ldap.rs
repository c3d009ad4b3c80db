//! Leavers of an LDAP server, which is asked again before anybody goes.

use contactsync::api::RunResult;
use contactsync::runlog::Summary;
use contactsync::sync::{ConnectionSettings, Mode, Silent};
use serde_json::Value;

use crate::support::company::{ALL_HANDS, Company, company, group_dn};
use crate::support::house::{House, connection};
use crate::support::slapd::Slapd;

struct Scene {
    house: House,
    slapd: Slapd,
    company: Company,
    everybody: ConnectionSettings,
}

impl Scene {
    async fn run(&self) -> Summary {
        let directory = async { Ok(Box::new(self.slapd.directory(|_| {})) as Box<_>) };
        self.house.run(&self.everybody, Mode::Sync, &Silent, directory).await.summary
    }

    async fn contact(&self, n: usize) -> Value {
        self.house.contact(self.company.people[n].mail.as_deref().unwrap()).await
    }
}

/// 120 people of All Hands, synced.
async fn settled() -> Scene {
    let company = company(7, 120);
    let slapd = Slapd::with(&company.to_ldif());
    let source = serde_json::to_string(&slapd.source()).unwrap();
    let scope = format!("{{mode: List, list: {{groups: [{{name: {ALL_HANDS}}}]}}}}");
    let everybody = connection("everybody", &format!("source: {{type: LDAP, ldap: {source}}}\nscope: {scope}"));
    let scene = Scene { house: House::open().await, slapd, company, everybody };
    assert_eq!(scene.run().await.counts.created, scene.house.contacts().await.len() as u64);
    scene
}

#[tokio::test(flavor = "multi_thread")]
async fn l08_who_left_the_group_is_marked_and_who_left_the_company_goes() {
    let scene = settled().await;
    let (moved, gone) = (3, 4);
    let dn = |n: usize| scene.company.people[n].dn.as_str();
    scene.slapd.modify(&format!(
        "dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n\ndn: {}\nchangetype: delete\n",
        group_dn(ALL_HANDS),
        dn(moved),
        dn(gone)
    ));
    let counts = scene.run().await.counts;
    assert_eq!((counts.left, counts.deactivated, counts.updated, counts.held), (1, 1, 0, 0));
    let (left, off) = (scene.contact(moved).await, scene.contact(gone).await);
    assert_eq!((left["active"].as_bool(), off["active"].as_bool()), (Some(true), Some(false)));
    assert!(left["externalId"].as_str().unwrap().contains("!left="), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_server_that_is_away_removes_nobody() {
    let mut scene = settled().await;
    let before = scene.house.versions().await;
    scene.slapd.kill();
    let summary = scene.run().await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Failed, 0));
    assert_eq!(scene.house.versions().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn l02_a_group_that_was_renamed_removes_nobody() {
    let scene = settled().await;
    let before = scene.house.versions().await;
    scene
        .slapd
        .modify(&format!("dn: {}\nchangetype: modrdn\nnewrdn: cn=Everybody\ndeleteoldrdn: 1\n", group_dn(ALL_HANDS)));
    let summary = scene.run().await;
    assert_eq!(summary.result, RunResult::Failed, "{summary:#?}");
    assert!(summary.message.contains("scope.list.groups"), "{}", summary.message);
    assert_eq!(scene.house.versions().await, before);
}
