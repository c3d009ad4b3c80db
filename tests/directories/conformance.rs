//! What every directory promises, written once. A source implements [`Source`] and calls `directory_conformance!`, and
//! the macros of what it can do besides: `nested_groups!`, `many_values!`, `ambiguous_groups!`, `any_case!`.
#![allow(dead_code, reason = "the suite offers promises that only some sources can make")]

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use contactsync::api::{GroupRef, Membership};
use contactsync::directory::{Directory, Error, GroupQuery, ReadQuery, ResolvedGroup, Shown, Who, WholeRead};
use contactsync::net::api::Throttling;
use contactsync::person::{Person, PersonId};
use tokio::sync::mpsc;

/// A person to put into a directory.
#[derive(Clone, Debug, Default)]
pub struct TestPerson {
    /// What the directory's immutable id is, or is made from.
    pub id: String,
    /// Attributes by the names of inetOrgPerson: cn, displayName, mail, title, telephoneNumber, l.
    pub attributes: Vec<(&'static str, Vec<&'static str>)>,
    /// The unit that the person lies in: one step, or two parted by a slash.
    pub unit: &'static str,
    /// Whether the account is disabled.
    pub disabled: bool,
}

/// A group to put into a directory.
#[derive(Clone, Debug, Default)]
pub struct TestGroup {
    /// Distinct among the groups of a test; in a file it is the name.
    pub key: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Ids of people in it.
    pub people: Vec<&'static str>,
    /// Keys of groups in it.
    pub groups: Vec<&'static str>,
}

/// A kind of directory that can be filled.
#[async_trait]
pub trait Source: Sync {
    /// A directory that holds these people and groups, and nobody else.
    async fn open(&self, people: &[TestPerson], groups: &[TestGroup]) -> Box<dyn Directory>;

    /// How a query names a unit.
    fn segment(&self, unit: &str) -> String;

    /// The id that the directory gives a person.
    fn id(&self, id: &str) -> PersonId {
        PersonId::new(id).unwrap()
    }

    /// What the directory calls an attribute of inetOrgPerson.
    fn attribute(&self, name: &str) -> String {
        name.to_owned()
    }

    /// An attribute that nobody has; `None` where the directory refuses names that it does not know.
    fn unknown_attribute(&self) -> Option<&'static str> {
        Some("noSuchAttribute")
    }

    /// A query for attributes of inetOrgPerson.
    fn asking(&self, attributes: &[&str]) -> ReadQuery {
        asking(&attributes.iter().map(|name| self.attribute(name)).collect::<Vec<_>>())
    }

    /// The texts that a person has of an attribute of inetOrgPerson.
    fn texts(&self, person: &Person, attribute: &str) -> Vec<String> {
        texts(person, &self.attribute(attribute))
    }
}

/// A directory, and the server that lives as long as it does.
pub struct Kept<D, S> {
    pub directory: D,
    pub server: S,
}

#[async_trait]
impl<D: Directory, S: Send + Sync> Directory for Kept<D, S> {
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error> {
        self.directory.resolve_groups(groups).await
    }

    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error> {
        self.directory.read(query, pages).await
    }

    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error> {
        self.directory.read_again(query, ids).await
    }

    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error> {
        self.directory.show(who).await
    }

    fn throttling(&self) -> Throttling {
        self.directory.throttling()
    }
}

/// A person with name and mail.
pub fn person(id: &str, name: &'static str) -> TestPerson {
    let attributes = vec![("displayName", vec![name]), ("mail", vec!["somebody@acme.example"])];
    TestPerson { id: id.to_owned(), attributes, unit: "Staff", disabled: false }
}

/// A group of people.
pub fn group(name: &'static str, people: &[&'static str]) -> TestGroup {
    TestGroup { key: name, name, people: people.to_vec(), groups: Vec::new() }
}

/// A reference by name.
pub fn named(name: &str) -> GroupRef {
    GroupRef { name: Some(name.to_owned()), id: None }
}

/// A query for attributes.
pub fn asking<S: AsRef<str>>(attributes: &[S]) -> ReadQuery {
    ReadQuery { attributes: attributes.iter().map(|name| name.as_ref().to_owned()).collect(), ..ReadQuery::default() }
}

/// A query that also asks about groups, resolved first.
pub async fn about(directory: &dyn Directory, groups: &[(&str, Membership)]) -> ReadQuery {
    let refs = groups.iter().map(|(name, _)| named(name)).collect::<Vec<_>>();
    let resolved = directory.resolve_groups(&refs).await.unwrap();
    assert_eq!(resolved.len(), groups.len());
    let groups =
        resolved.into_iter().zip(groups).map(|(group, (_, membership))| GroupQuery { group, membership: *membership });
    ReadQuery { groups: groups.collect(), ..ReadQuery::default() }
}

/// Reads to the end.
pub async fn read(directory: &dyn Directory, query: &ReadQuery) -> Result<(Vec<Person>, WholeRead), Error> {
    let (sender, mut receiver) = mpsc::channel(2);
    let gather = async {
        let mut people = Vec::new();
        while let Some(page) = receiver.recv().await {
            people.extend(page);
        }
        people
    };
    let (whole, people) = tokio::join!(directory.read(query, sender), gather);
    Ok((people, whole?))
}

/// Reads to the end, by id; nobody comes twice.
pub async fn by_id(directory: &dyn Directory, query: &ReadQuery) -> BTreeMap<PersonId, Person> {
    let (people, whole) = read(directory, query).await.unwrap();
    let count = people.len();
    assert_eq!(whole.people(), u64::try_from(count).unwrap(), "the proof counts what was sent");
    let people = people.into_iter().map(|person| (person.id.clone(), person)).collect::<BTreeMap<_, _>>();
    assert_eq!(people.len(), count, "an id came twice");
    people
}

fn texts(person: &Person, attribute: &str) -> Vec<String> {
    person.attributes.get(attribute).into_iter().flatten().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// Who is in the group that was asked about at this place.
fn members(people: &BTreeMap<PersonId, Person>, place: usize) -> BTreeSet<String> {
    people.values().filter(|person| person.groups.contains(place)).map(|person| person.id.to_string()).collect()
}

fn ids(source: &impl Source, ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| source.id(id).to_string()).collect()
}

/// L7: the id does not follow name, mail or place.
pub async fn l07_ids_outlive_a_new_name(source: &impl Source) {
    let before = source.open(&[person("1001", "Ann Berg")], &[]).await;
    let mut renamed = person("1001", "Ann Lund");
    renamed.unit = "Sales";
    let after = source.open(&[renamed], &[]).await;
    let before = by_id(&*before, &source.asking(&["displayName"])).await;
    let after = by_id(&*after, &source.asking(&["displayName"])).await;
    assert_eq!(source.texts(&before[&source.id("1001")], "displayName"), ["Ann Berg"]);
    assert_eq!(source.texts(&after[&source.id("1001")], "displayName"), ["Ann Lund"]);
}

/// Attributes that were asked for come, and no other.
pub async fn only_the_attributes_asked_for_come(source: &impl Source) {
    let directory = source.open(&[person("1", "Ann")], &[]).await;
    let people = by_id(&*directory, &source.asking(&["mail"])).await;
    let keys = people[&source.id("1")].attributes.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(keys, [source.attribute("mail")]);
}

/// L15: what a person does not have is absent, not empty.
pub async fn l15_absent_attributes_are_absent(source: &impl Source) {
    let mut titled = person("2", "Bo");
    titled.attributes.push(("title", vec!["Engineer"]));
    let directory = source.open(&[person("1", "Ann"), titled], &[]).await;
    let mut query = source.asking(&["displayName", "title"]);
    query.attributes.extend(source.unknown_attribute().map(ToOwned::to_owned));
    let people = by_id(&*directory, &query).await;
    assert!(!people[&source.id("1")].attributes.contains_key(&*source.attribute("title")));
    assert!(!people[&source.id("1")].attributes.contains_key("noSuchAttribute"));
    assert_eq!(source.texts(&people[&source.id("2")], "title"), ["Engineer"]);
}

/// Text comes as it was written, in any script.
pub async fn text_comes_as_written(source: &impl Source) {
    let names = ["Åsa Öström", "李 小龍", "Zoë \"Zed\" O'Brien, Jr.", "Νίκος; Παππάς", "🙂 Smile", "a\\b,c=d+e"];
    let people = names.iter().enumerate().map(|(place, name)| person(&place.to_string(), name)).collect::<Vec<_>>();
    let directory = source.open(&people, &[]).await;
    let people = by_id(&*directory, &source.asking(&["displayName"])).await;
    for (place, name) in names.iter().enumerate() {
        assert_eq!(source.texts(&people[&source.id(&place.to_string())], "displayName"), [*name]);
    }
}

/// Members of a group are in it, and nobody else.
pub async fn groups_hold_their_members(source: &impl Source) {
    let people = [person("1", "Ann"), person("2", "Bo"), person("3", "Cy")];
    let groups = [group("Sales", &["1", "2"]), group("Portal Users", &["2"]), group("Others", &["3"])];
    let directory = source.open(&people, &groups).await;
    for membership in [Membership::Direct, Membership::Nested] {
        let query = about(&*directory, &[("Portal Users", membership), ("Sales", membership)]).await;
        let people = by_id(&*directory, &query).await;
        assert_eq!(people.len(), 3, "a question about groups narrows nothing");
        assert_eq!(members(&people, 0), ids(source, &["2"]));
        assert_eq!(members(&people, 1), ids(source, &["1", "2"]));
    }
}

/// Resolving twice gives the same immutable ids, in the order asked; an id finds its group.
pub async fn groups_resolve_in_the_order_asked(source: &impl Source) {
    let directory = source.open(&[person("1", "Ann")], &[group("A", &["1"]), group("B", &["1"])]).await;
    let forth = directory.resolve_groups(&[named("A"), named("B")]).await.unwrap();
    let back = directory.resolve_groups(&[named("B"), named("A")]).await.unwrap();
    assert_eq!((&forth[0].id, &forth[1].id), (&back[1].id, &back[0].id));
    assert_ne!(forth[0].id, forth[1].id);
    let by_id = GroupRef { name: None, id: Some(forth[1].id.clone()) };
    assert_eq!(directory.resolve_groups(&[by_id]).await.unwrap()[0].id, forth[1].id);
}

/// L2: a name in scope that resolves to nothing fails the run.
pub async fn l02_an_unknown_group_fails(source: &impl Source) {
    let directory = source.open(&[person("1", "Ann")], &[group("Sales", &["1"])]).await;
    let error = directory.resolve_groups(&[named("Sales"), named("Sails")]).await.unwrap_err();
    assert!(matches!(&error, Error::GroupNotFound { group, .. } if group == "Sails"), "{error}");
}

/// L2: the proof of a whole read counts everybody, over many pages, and nobody twice.
pub async fn l02_a_whole_read_gives_everybody(source: &impl Source) {
    let people = (0..2345).map(|id| person(&id.to_string(), "Somebody")).collect::<Vec<_>>();
    let directory = source.open(&people, &[]).await;
    let read = by_id(&*directory, &source.asking(&["mail"])).await;
    assert_eq!(read.len(), 2345);
    assert!(people.iter().all(|person| read.contains_key(&source.id(&person.id))));
}

/// L14: reading again, or after the directory was put in another order, gives the same.
pub async fn l14_reading_again_gives_the_same(source: &impl Source) {
    let mut people = (0..50).map(|id| person(&id.to_string(), "Somebody")).collect::<Vec<_>>();
    let groups = [group("Sales", &["7", "3", "5"])];
    let directory = source.open(&people, &groups).await;
    let query = about(&*directory, &[("Sales", Membership::Nested)]).await;
    let first = by_id(&*directory, &query).await;
    assert_eq!(first, by_id(&*directory, &query).await);
    people.reverse();
    let turned = source.open(&people, &groups).await;
    let query = about(&*turned, &[("Sales", Membership::Nested)]).await;
    assert_eq!(first, by_id(&*turned, &query).await);
}

/// Nobody waits for the answer: the read ends, without a proof.
pub async fn a_closed_receiver_cancels(source: &impl Source) {
    let people = (0..20).map(|id| person(&id.to_string(), "Somebody")).collect::<Vec<_>>();
    let directory = source.open(&people, &[]).await;
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let error = directory.read(&source.asking(&["mail"]), sender).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
}

/// Disabled accounts are read, and marked.
pub async fn disabled_accounts_are_marked(source: &impl Source) {
    let disabled = TestPerson { disabled: true, ..person("2", "Bo") };
    let directory = source.open(&[person("1", "Ann"), disabled], &[]).await;
    let people = by_id(&*directory, &source.asking(&["mail"])).await;
    assert!(!people[&source.id("1")].disabled);
    assert!(people[&source.id("2")].disabled);
}

/// A segment gives all who lie in it, at any depth, and nobody else.
pub async fn a_segment_narrows_and_loses_nobody(source: &impl Source) {
    let units = ["Sales", "Sales/Nordics", "Salesforce", "Support", "Support/Sales"];
    let people = units
        .iter()
        .map(|unit| TestPerson { unit, ..person(&units.iter().position(|u| u == unit).unwrap().to_string(), "Ann") });
    let directory = source.open(&people.collect::<Vec<_>>(), &[]).await;
    for unit in ["Sales", "SALES"] {
        let query = ReadQuery { segment: Some(source.segment(unit)), ..source.asking(&["mail"]) };
        let read = by_id(&*directory, &query).await;
        assert_eq!(read.keys().map(ToString::to_string).collect::<BTreeSet<_>>(), ids(source, &["0", "1"]), "{unit}");
        assert!(read.values().all(|person| person.location.is_some()));
    }
}

/// A bound by groups loses no member, and still tells who is in which.
pub async fn a_bound_by_groups_loses_no_member(source: &impl Source) {
    let people = [person("1", "Ann"), person("2", "Bo"), person("3", "Cy")];
    let groups = [group("Sales", &["1"]), group("Support", &["2"]), group("Contractors", &["2", "3"])];
    let directory = source.open(&people, &groups).await;
    let asked = ["Sales", "Support", "Contractors"].map(|name| (name, Membership::Nested));
    let query = ReadQuery { only_members_of: vec![0, 1], ..about(&*directory, &asked).await };
    let read = by_id(&*directory, &query).await;
    assert!(members(&read, 0).is_superset(&ids(source, &["1"])));
    assert!(members(&read, 1).is_superset(&ids(source, &["2"])));
    assert!(members(&read, 2).contains(source.id("2").as_str()));
}

/// L3: people are read again whatever their scope; who is gone is not there.
pub async fn l03_reading_again_finds_who_is_there(source: &impl Source) {
    let disabled = TestPerson { disabled: true, unit: "Elsewhere", ..person("2", "Bo") };
    let directory = source.open(&[person("1", "Ann"), disabled, person("3", "Cy")], &[]).await;
    let query = ReadQuery { segment: Some(source.segment("Staff")), ..source.asking(&["displayName"]) };
    let asked = [source.id("2"), source.id("999"), source.id("1")];
    let people = directory.read_again(&query, &asked).await.unwrap();
    let found = people.iter().map(|person| person.id.to_string()).collect::<BTreeSet<_>>();
    assert_eq!(found, ids(source, &["1", "2"]));
    assert!(people.iter().all(|person| person.disabled == (person.id == source.id("2"))));
    assert!(people.iter().all(|person| person.in_query == (person.id == source.id("1"))), "the segment is told");
}

/// Somebody is shown by id and by address, with attributes under the directory's own names.
pub async fn people_are_shown_by_id_and_by_address(source: &impl Source) {
    let mut bo = TestPerson { disabled: true, ..person("2", "Bo") };
    bo.attributes = vec![("displayName", vec!["Bo"]), ("mail", vec!["bo@acme.example"])];
    let directory = source.open(&[person("1", "Ann"), bo], &[]).await;
    let by_id = directory.show(&Who::Id(source.id("2").to_string())).await.unwrap();
    let by_email = directory.show(&Who::Email("Bo@acme.example".to_owned())).await.unwrap();
    assert_eq!(by_id, by_email);
    assert_eq!(by_id.len(), 1);
    assert_eq!((&by_id[0].id, by_id[0].disabled), (&source.id("2"), true));
    let text = serde_json::to_string(&by_id[0].attributes).unwrap();
    assert!(text.contains("bo@acme.example") && text.contains("Bo"), "{text}");
    for nobody in [Who::Id(source.id("999").to_string()), Who::Email("nobody@acme.example".to_owned())] {
        assert_eq!(directory.show(&nobody).await.unwrap(), []);
    }
}

/// Members of groups in a group are in it with Nested, and not with Direct; both may be asked at once.
pub async fn nested_groups_count_when_asked(source: &impl Source) {
    let people = [person("1", "Ann"), person("2", "Bo"), person("3", "Cy"), person("4", "Di")];
    let outer = TestGroup { groups: vec!["Inner"], ..group("Outer", &["1"]) };
    let inner = TestGroup { groups: vec!["Innermost"], ..group("Inner", &["2"]) };
    let directory = source.open(&people, &[group("Innermost", &["3"]), inner, outer]).await;
    let query = about(&*directory, &[("Outer", Membership::Nested), ("Outer", Membership::Direct)]).await;
    let people = by_id(&*directory, &query).await;
    assert_eq!(members(&people, 0), ids(source, &["1", "2", "3"]));
    assert_eq!(members(&people, 1), ids(source, &["1"]));
}

/// L2: cycles of groups are legal.
pub async fn l02_cycles_of_groups_end(source: &impl Source) {
    let people = [person("1", "Ann"), person("2", "Bo")];
    let one = TestGroup { groups: vec!["Two", "One"], ..group("One", &["1"]) };
    let two = TestGroup { groups: vec!["One"], ..group("Two", &["2"]) };
    let directory = source.open(&people, &[one, two]).await;
    let query = about(&*directory, &[("One", Membership::Nested), ("Two", Membership::Nested)]).await;
    let people = by_id(&*directory, &query).await;
    assert_eq!(members(&people, 0), ids(source, &["1", "2"]));
    assert_eq!(members(&people, 1), ids(source, &["1", "2"]));
}

/// Every value of an attribute comes.
pub async fn many_values_come(source: &impl Source) {
    let mut ann = person("1", "Ann");
    ann.attributes.push(("telephoneNumber", vec!["+46 8 465 004 10", "+46 8 465 004 11"]));
    let directory = source.open(&[ann], &[]).await;
    let people = by_id(&*directory, &source.asking(&["telephoneNumber"])).await;
    let numbers = source.texts(&people[&source.id("1")], "telephoneNumber").into_iter().collect::<BTreeSet<_>>();
    assert_eq!(numbers, BTreeSet::from(["+46 8 465 004 10".to_owned(), "+46 8 465 004 11".to_owned()]));
}

/// L2: a name that two groups have fails the run; their ids do not.
pub async fn l02_an_ambiguous_group_fails(source: &impl Source) {
    let one = TestGroup { key: "one", ..group("Sales", &["1"]) };
    let other = TestGroup { key: "other", ..group("Sales", &["1"]) };
    let directory = source.open(&[person("1", "Ann")], &[one, other]).await;
    let error = directory.resolve_groups(&[named("Sales")]).await.unwrap_err();
    assert!(matches!(error, Error::GroupAmbiguous { count: 2, .. }), "{error}");
}

/// A directory that ignores case gives attributes back as they were asked for.
pub async fn attributes_come_under_the_spelling_asked_for(source: &impl Source) {
    let directory = source.open(&[person("1", "Ann")], &[]).await;
    let people = by_id(&*directory, &asking(&["DISPLAYNAME", "Mail"])).await;
    let keys = people[&source.id("1")].attributes.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(keys, ["DISPLAYNAME", "Mail"]);
}

/// One test for each promise named.
macro_rules! promises {
    ($source:expr; $($promise:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $promise() {
            $crate::directories::conformance::$promise(&$source).await;
        })*
    };
}

/// What every directory promises.
macro_rules! directory_conformance {
    ($source:expr) => {
        promises! { $source;
            l07_ids_outlive_a_new_name,
            only_the_attributes_asked_for_come,
            l15_absent_attributes_are_absent,
            text_comes_as_written,
            groups_hold_their_members,
            groups_resolve_in_the_order_asked,
            l02_an_unknown_group_fails,
            l02_a_whole_read_gives_everybody,
            l14_reading_again_gives_the_same,
            a_closed_receiver_cancels,
            disabled_accounts_are_marked,
            a_segment_narrows_and_loses_nobody,
            a_bound_by_groups_loses_no_member,
            l03_reading_again_finds_who_is_there,
            people_are_shown_by_id_and_by_address,
        }
    };
}

/// What a directory with groups in groups promises.
macro_rules! nested_groups {
    ($source:expr) => {
        promises! { $source; nested_groups_count_when_asked, l02_cycles_of_groups_end }
    };
}

/// What a directory with several values in an attribute promises.
macro_rules! many_values {
    ($source:expr) => {
        promises! { $source; many_values_come }
    };
}

/// What a directory in which two groups can have one name promises.
macro_rules! ambiguous_groups {
    ($source:expr) => {
        promises! { $source; l02_an_ambiguous_group_fails }
    };
}

/// What a directory that ignores the case of attribute names promises.
macro_rules! any_case {
    ($source:expr) => {
        promises! { $source; attributes_come_under_the_spelling_asked_for }
    };
}
