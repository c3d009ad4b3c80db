//! What every directory over HTTP promises when its server misbehaves. A source implements [`Served`] and calls
//! `fault_conformance!`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use contactsync::api::Membership;
use contactsync::directory::{Directory, Error, ReadQuery, Wiring};
use contactsync::net::{Reach, RetryPolicy, Watch};
use contactsync::person::{Person, PersonId};

use super::conformance::{Source, TestGroup, TestPerson, about, by_id, group, person, read};
use crate::support::service::{Fault, Misbehaving};

/// A vendor's server that holds people and groups.
pub trait Fake: Misbehaving {
    /// Somebody deletes a group, by its key.
    fn remove_group(&self, key: &str);
    /// Takes back every credential.
    fn revoke(&self);
}

/// A source over such a server.
#[async_trait]
pub trait Served: Source {
    /// A directory over a server that holds these, read in pages of three. It retries as [`patience`] says.
    async fn serve(&self, people: &[TestPerson], groups: &[TestGroup]) -> (Box<dyn Directory>, Box<dyn Fake>);

    /// Whether the API gives no means to tell this fault, when it meets a page in the middle, from a directory that is like
    /// that. Then reading again must find whom the read lost.
    fn hides(&self, fault: &Fault) -> bool;
}

/// How long tests try again.
pub fn patience() -> RetryPolicy {
    RetryPolicy {
        total: Duration::from_secs(3),
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        ..RetryPolicy::default()
    }
}

/// What tests read with: little patience, and no limit of their own on the rate.
pub fn wiring() -> Wiring {
    let wiring = Wiring::new(None, Reach::default(), Watch::default());
    Wiring { retry: patience(), requests_per_second: 10_000, ..wiring }
}

/// Faults of one answer.
fn faults() -> Vec<Fault> {
    let mut faults: Vec<Fault> =
        [400, 401, 403, 404, 409, 410, 412, 429, 500, 501, 502, 503, 504].into_iter().map(Fault::status).collect();
    faults.extend([
        Fault::Throttled(429, 0),
        Fault::Cut,
        Fault::CutInside,
        Fault::HalfJson,
        Fault::Late(Duration::from_millis(20)),
        Fault::WrongType,
        Fault::WebPage(200),
        Fault::WebPage(503),
        Fault::OtherJson,
        Fault::EmptyPage,
        Fault::LostLink,
        Fault::ShortPage,
        Fault::Redirect,
    ]);
    faults
}

async fn scene(source: &impl Served) -> (Box<dyn Directory>, Box<dyn Fake>) {
    let people: Vec<_> = (0..8).map(|id| person(&id.to_string(), "Somebody")).collect();
    let inner = group("Inner", &["3", "4"]);
    let sales = TestGroup { groups: vec!["Inner"], ..group("Sales", &["0", "1", "2", "5", "6"]) };
    source.serve(&people, &[sales, inner]).await
}

/// L20: an error tells no data and no credential.
fn assert_silent(error: &Error) {
    let text = format!("{error} {error:?}");
    for word in ["ann@", "somebody@", "token-", "hunter2", "PRIVATE KEY"] {
        assert!(!text.contains(word), "{text}");
    }
}

type Read = BTreeMap<PersonId, Person>;

/// Reads with each fault at each request; gives what is wrong.
async fn sweep(source: &impl Served, directory: &dyn Directory, server: &dyn Fake, query: &ReadQuery) -> Vec<String> {
    server.behave();
    server.forget();
    let whole: Read = by_id(directory, query).await;
    let requests = server.log().len();
    assert!(requests >= 3, "a read of several pages: {requests}");
    let mut wrong = Vec::new();
    for fault in faults() {
        for skip in 0..requests {
            server.behave();
            server.rule("", skip, 1, fault.clone());
            let outcome = read(directory, query).await;
            let met = server.behave();
            match outcome {
                Err(error) => assert_silent(&error),
                Ok((people, _proof)) => {
                    let people: Read = people.into_iter().map(|person| (person.id.clone(), person)).collect();
                    if people == whole {
                        continue;
                    }
                    let lost: Vec<PersonId> = whole.keys().filter(|id| !people.contains_key(id)).cloned().collect();
                    let again = directory.read_again(query, &lost).await.unwrap();
                    let found: BTreeSet<_> = again.iter().map(|person| person.id.clone()).collect();
                    if !source.hides(&fault) || lost.iter().any(|id| !found.contains(id)) {
                        wrong.push(format!("{fault:?} at request {skip} (met {met}): lost {lost:?}, changed others"));
                    }
                }
            }
        }
    }
    assert_eq!(by_id(directory, query).await, whole, "and all is well again");
    wrong
}

/// L2: whatever happens to one answer, a read gives everybody, or an error.
pub async fn l02_no_fault_shortens_a_read(source: &impl Served) {
    let (directory, server) = scene(source).await;
    let wrong = sweep(source, &*directory, &*server, &source.asking(&["mail"])).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// L2: the same for who is in which group.
pub async fn l02_no_fault_loses_a_member(source: &impl Served) {
    let (directory, server) = scene(source).await;
    for bound in [vec![], vec![0]] {
        let groups = about(&*directory, &[("Sales", Membership::Nested)]).await;
        let query = ReadQuery { only_members_of: bound, attributes: source.asking(&["mail"]).attributes, ..groups };
        let wrong = sweep(source, &*directory, &*server, &query).await;
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// L3: whatever happens to one answer, nobody who is there is said to be gone.
pub async fn l03_no_fault_makes_anybody_gone(source: &impl Served) {
    let (directory, server) = scene(source).await;
    let groups = about(&*directory, &[("Sales", Membership::Nested)]).await;
    let query = ReadQuery { attributes: source.asking(&["mail"]).attributes, ..groups };
    let asked: Vec<PersonId> = (0..8).map(|id| source.id(&id.to_string())).collect();
    server.forget();
    let whole = directory.read_again(&query, &asked).await.unwrap();
    assert_eq!(whole.len(), 8);
    let requests = server.log().len();
    // That somebody is not found is what 404 and 410 say.
    let lies = |fault: &Fault| matches!(fault, Fault::Answer(404 | 410, ..));
    for fault in faults().into_iter().filter(|fault| !lies(fault)) {
        for skip in 0..requests {
            server.behave();
            server.rule("", skip, 1, fault.clone());
            match directory.read_again(&query, &asked).await {
                Err(error) => assert_silent(&error),
                Ok(people) => {
                    let found: BTreeSet<_> = people.iter().map(|person| person.id.clone()).collect();
                    assert_eq!(found.len(), 8, "{fault:?} at request {skip}: only {found:?}");
                    let members = |people: &[Person]| people.iter().filter(|p| p.groups.contains(0)).count();
                    let same = members(&people) == members(&whole);
                    assert!(same || source.hides(&fault), "{fault:?} at request {skip}: members are lost");
                }
            }
        }
    }
}

/// Asked less when it asks for it, and never sooner than it says; the read is whole.
pub async fn a_server_that_throttles_is_asked_less(source: &impl Served) {
    let people: Vec<_> = (0..60).map(|id| person(&id.to_string(), "Somebody")).collect();
    let (directory, server) = source.serve(&people, &[]).await;
    let again = || vec![("retry-after", "0".to_owned())];
    let asking = |status| Fault::Answer(status, again(), String::new());
    server.at_random(7, 20, vec![Fault::status(429), asking(503), asking(429)]);
    assert_eq!(by_id(&*directory, &source.asking(&["mail"])).await.len(), 60);
    let met = server.behave();
    assert!(met > 0, "the lot hit nobody");
    assert_eq!(directory.throttling().times, met as u64);
    server.rule("", 2, 1, Fault::status(503));
    by_id(&*directory, &source.asking(&["mail"])).await;
    assert_eq!((server.behave(), directory.throttling().times), (1, met as u64), "a fault is no request for patience");
    server.rule("", 3, 1, Fault::Throttled(429, 1));
    server.rule("", 9, 1, Fault::Throttled(503, 1));
    assert_eq!(by_id(&*directory, &source.asking(&["mail"])).await.len(), 60);
    assert_eq!(server.hasty(), 0, "asked before the pause was over");
    assert!(directory.throttling().waited >= Duration::from_secs(2), "{:?}", directory.throttling());
}

/// Credentials that were taken back are refused, and told without saying them.
pub async fn revoked_credentials_are_denied(source: &impl Served) {
    let (directory, server) = scene(source).await;
    by_id(&*directory, &source.asking(&["mail"])).await;
    server.revoke();
    let error = read(&*directory, &source.asking(&["mail"])).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error}");
    assert_silent(&error);
}

/// L2: a group that is deleted after it was resolved fails the read; nobody loses a membership by it.
pub async fn l02_a_group_deleted_during_the_run_fails_the_read(source: &impl Served) {
    let (directory, server) = scene(source).await;
    let query = about(&*directory, &[("Sales", Membership::Nested)]).await;
    server.remove_group("Sales");
    let error = read(&*directory, &query).await.unwrap_err();
    assert!(!matches!(error, Error::Cancelled), "{error}");
    let error = directory.read_again(&query, &[source.id("1")]).await.unwrap_err();
    assert!(!matches!(error, Error::Cancelled), "{error}");
}

/// What every directory over HTTP promises.
macro_rules! fault_conformance {
    ($source:expr) => {
        mod faults {
            use super::*;

            macro_rules! held {
                ($name:ident) => {
                    #[tokio::test]
                    async fn $name() {
                        $crate::directories::faults::$name(&$source).await;
                    }
                };
            }
            held!(l02_no_fault_shortens_a_read);
            held!(l02_no_fault_loses_a_member);
            held!(l03_no_fault_makes_anybody_gone);
            held!(a_server_that_throttles_is_asked_less);
            held!(revoked_credentials_are_denied);
            held!(l02_a_group_deleted_during_the_run_fails_the_read);
        }
    };
}
