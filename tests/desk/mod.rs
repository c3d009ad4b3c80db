//! The desk's client over the real wire, against a desk that misbehaves.

mod connecting;
mod listing;
mod patching;
mod writing;

use std::time::Duration;

use contactsync::contact::{ExternalId, Field, OwnershipKey, Value};
use contactsync::desk::{Change, ChangeKind, Contact, Desk, Error, Outcome, Settings, Tuning};
use contactsync::net::{Budget, Credentials, RetryPolicy, Secret};
use tokio::sync::mpsc;

use crate::support::misbehaving_desk::{MisbehavingDesk, Profile};

fn settings(desk: &MisbehavingDesk) -> Settings {
    Settings {
        endpoint: desk.url.clone(),
        auth: Credentials::BearerToken(Secret::new("token")),
        ca: None,
        requests_per_second: 1000,
        concurrency: 4,
        timeout: Duration::from_secs(20),
    }
}

fn tuning() -> Tuning {
    let retry = RetryPolicy {
        total: Duration::from_secs(3),
        first: Duration::from_millis(1),
        longest: Duration::from_millis(5),
        ..RetryPolicy::default()
    };
    Tuning { retry, max_answer: 1 << 20, ..Tuning::default() }
}

async fn connect(desk: &MisbehavingDesk) -> Desk {
    Desk::connect_with(settings(desk), Budget::new(1000, 4), tuning()).await.unwrap()
}

async fn start(profile: Profile) -> (MisbehavingDesk, Desk) {
    let server = MisbehavingDesk::start(profile).await;
    let client = connect(&server).await;
    (server, client)
}

fn owner() -> OwnershipKey {
    OwnershipKey::new("default/support/emea").unwrap()
}

fn id(person: &str) -> ExternalId {
    ExternalId::new(owner(), person)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn create(person: &str) -> ChangeKind {
    let email = format!("{person}@acme.example");
    let fields = vec![(Field::Name, text(person)), (Field::Email, text(&email))];
    ChangeKind::Create { external_id: id(person), active: true, fields, connection: "emea".into() }
}

fn update(contact: &Contact, fields: Vec<(Field, Option<Value>)>) -> ChangeKind {
    ChangeKind::Update { contact: contact.clone(), fields, external_id: None, active: None }
}

/// Writes changes; their outcomes by key, exactly one each.
async fn write(desk: &Desk, kinds: Vec<ChangeKind>) -> (Vec<Outcome>, Result<(), Error>) {
    let count = kinds.len();
    let (sender, changes) = mpsc::channel(1000);
    let (outcomes, mut received) = mpsc::channel(1000);
    for (key, kind) in (0..).zip(kinds) {
        sender.send(Change { key, kind }).await.unwrap();
    }
    drop(sender);
    let result = desk.write(changes, outcomes).await;
    let mut all = Vec::new();
    while let Some(outcome) = received.recv().await {
        all.push(outcome);
    }
    all.sort_by_key(|outcome| outcome.key);
    let keys: Vec<u64> = all.iter().map(|outcome| outcome.key).collect();
    assert_eq!(keys, (0..count as u64).collect::<Vec<_>>(), "L19: one outcome for each change");
    (all, result)
}

async fn fetch(desk: &Desk, email: &str) -> Contact {
    let mut found = desk.find_by_email(email).await.unwrap();
    assert_eq!(found.len(), 1);
    found.pop().unwrap()
}

async fn list(desk: &Desk, prefix: &str) -> (Vec<Contact>, Result<u64, Error>) {
    let mut all = Vec::new();
    let proof = desk.list(prefix, &mut |contact| all.extend(contact.to_contact())).await;
    (all, proof.map(|whole| whole.contacts()))
}
