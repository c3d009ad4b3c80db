//! Whole runs over a SCIM source, from the manifest to the desk.

use async_trait::async_trait;
use contactsync::api::{KeyRef, RunCounts, RunResult};
use contactsync::keys::{KeyError, Keys};
use contactsync::net::{Reach, Secret};
use contactsync::runlog::Summary;
use contactsync::sync::{ConnectionSettings, Mode, Place, Silent, open_directory};
use serde_json::json;

use super::conformance::{TestPerson, group, person};
use super::scim::idp;
use crate::support::house::{House, connection};
use crate::support::scim_idp::{BASE, Habits, ScimIdp, TOKEN};
use crate::support::service::Server;

const IDS: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// One Secret, as a manifest names it.
struct OneKey;

#[async_trait]
impl Keys for OneKey {
    async fn secret(&self, namespace: &str, key: &KeyRef) -> Result<Secret, KeyError> {
        assert_eq!((namespace, key.name.as_str(), key.key.as_str()), ("support", "idp", "token"));
        Ok(Secret::new(TOKEN.to_owned()))
    }

    async fn config_map(&self, _namespace: &str, key: &KeyRef) -> Result<bytes::Bytes, KeyError> {
        Err(KeyError::NotFound { object: key.name.clone(), looked: "nowhere".into() })
    }
}

fn staff_of(server: &Server<ScimIdp>) -> ConnectionSettings {
    let endpoint = server.url.join(BASE).unwrap();
    let source = format!(
        "source: {{type: SCIM, scim: {{endpoint: '{endpoint}', auth: {{type: BearerToken, bearerToken: {{secretRef: {{name: idp, key: token}}}}}}}}}}"
    );
    connection("staff", &source)
}

async fn sync(house: &House, settings: &ConnectionSettings) -> Summary {
    let place = Place {
        keys: &OneKey,
        file_root: house.folder().to_path_buf(),
        reach: Reach::default(),
        patience: Place::PATIENCE,
    };
    house.run(settings, Mode::Sync, &Silent, open_directory(settings, &place)).await.summary
}

fn provider() -> ScimIdp {
    tenant(&IDS)
}

/// One whose people have these ids, and the same addresses whatever their ids.
fn tenant(ids: &[&'static str]) -> ScimIdp {
    let staff = ids.iter().enumerate().map(|(n, id)| {
        let mail: &'static str = format!("p{n}@acme.example").leak();
        TestPerson { attributes: vec![("displayName", vec!["Somebody"]), ("mail", vec![mail])], ..person(id, "") }
    });
    let staff: Vec<TestPerson> = staff.collect();
    idp(&staff, &[group("Staff", ids)]).with(Habits { most: Some(3), ..Habits::default() })
}

fn counts(summary: &Summary) -> RunCounts {
    RunCounts { read: 0, in_scope: 0, ..summary.counts }
}

#[tokio::test]
async fn l02_a_run_removes_who_left_and_nobody_else() {
    let (house, server) = (House::open().await, Server::start(provider()).await);
    let staff = staff_of(&server);
    let summary = sync(&house, &staff).await;
    assert_eq!(summary.result, RunResult::Succeeded, "{summary:#?}");
    assert_eq!(counts(&summary), RunCounts { created: 8, ..RunCounts::default() });
    let summary = sync(&house, &staff).await;
    assert_eq!(counts(&summary), RunCounts { unchanged: 8, ..RunCounts::default() });
    // The list of members is cut: nobody is removed.
    server.change(|idp| idp.habits.most_members = Some(5));
    let summary = sync(&house, &staff).await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Failed, 0), "{summary:#?}");
    server.change(|idp| idp.habits.most_members = None);
    // One goes, one is disabled, one leaves the group: that is the handover's business.
    server.change(|idp| {
        let crate::support::scim_idp::Users::Listed(users) = &mut idp.users else { panic!("nobody is listed") };
        users.retain(|user| user["id"] != "7");
        users[6]["active"] = json!(false);
        idp.groups[0].people.retain(|id| id != "5" && id != "7");
    });
    let summary = sync(&house, &staff).await;
    assert_eq!((summary.result, summary.counts.deactivated), (RunResult::Succeeded, 2), "{summary:#?}");
    assert_eq!(house.contacts().await["p5@acme.example"]["active"], true);
}

/// The source leads to another tenant, or to another vendor: it knows nobody by the ids that contacts are owned under, and
/// all of them look gone, however few they are.
#[tokio::test]
async fn l04_a_directory_that_knows_none_of_the_owned_is_another_one() {
    let house = House::open().await;
    let (first, second) =
        (Server::start(tenant(&["a", "b", "c"])).await, Server::start(tenant(&["x", "y", "z", "new"])).await);
    let summary = sync(&house, &staff_of(&first)).await;
    assert_eq!(counts(&summary), RunCounts { created: 3, ..RunCounts::default() });
    let versions = house.versions().await;
    let mut plan = None;
    // Not in the next run either, when there would be somebody of the other directory's.
    for _ in 0..2 {
        let summary = sync(&house, &staff_of(&second)).await;
        assert_eq!((summary.counts.deactivated, summary.counts.created), (0, 0), "{summary:#?}");
        assert_eq!((summary.result, summary.counts.held), (RunResult::Partial, 7), "{summary:#?}");
        assert_eq!(house.versions().await, versions, "nobody is removed, changed or doubled");
        plan = summary.plan;
    }
    // It is meant: who was approved goes, and the others come.
    let mut meant = staff_of(&second);
    meant.spec.leavers.approved_plan = plan;
    let summary = sync(&house, &meant).await;
    assert_eq!((summary.counts.deactivated, summary.counts.created), (3, 1), "{summary:#?}");
}
