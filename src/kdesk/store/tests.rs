//! What SQL finds is what the filter means: random filters, by plan and by plain evaluation of every document.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{NewUser, Page, Store, create, list};
use crate::kdesk::clock;
use crate::kdesk::document::from_client;
use crate::kdesk::filter::{matches, parse};
use crate::scim;

/// Contacts that differ in what has a column and in what has none, some without it.
fn contacts() -> Vec<Map<String, Value>> {
    let letters = ["a", "B", "ab", "É", "a/b", "zz"];
    let contact = |n: usize| {
        let letter = letters[n % letters.len()];
        let mut body = json!({"schemas": [scim::USER], "userName": format!("{letter}{n}@x")});
        if !n.is_multiple_of(3) {
            body["externalId"] = json!(format!("{letter}/{}", n % 4));
        }
        if !n.is_multiple_of(4) {
            body["active"] = json!(n.is_multiple_of(2));
        }
        if n.is_multiple_of(2) {
            body["emails"] = json!([{"type": "work", "value": format!("{letter}{}@x", n % 10)}, {"type": "home", "value": "Home@x"}]);
        }
        if n.is_multiple_of(5) {
            body["title"] = json!(letter);
        }
        match body {
            Value::Object(body) => from_client(body).unwrap(),
            _ => unreachable!(),
        }
    };
    (0..36).map(contact).collect()
}

fn term() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec!["a", "A", "b", "ab", "é", "a/", "a/b/1", "a0@x", "home@x", "zz", "", "zz/1"]);
    let attribute =
        prop::sample::select(vec!["userName", "externalId", "emails", "emails.value", "title", "id", "nickName"]);
    let op = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "le"]);
    prop_oneof![
        6 => (attribute.clone(), op, text.clone()).prop_map(|(attribute, op, text)| format!("{attribute} {op} \"{text}\"")),
        1 => attribute.prop_map(|attribute| format!("{attribute} pr")),
        1 => any::<bool>().prop_map(|active| format!("active eq {active}")),
        1 => any::<bool>().prop_map(|active| format!("active ne {active}")),
        1 => text.prop_map(|text| format!("emails[type eq \"work\" and value eq \"{text}\"]")),
        1 => prop::sample::select(vec!["externalId eq null", "externalId ne null", "meta.created gt \"2020-01-01T00:00:00Z\""])
            .prop_map(str::to_owned),
    ]
}

fn filter() -> impl Strategy<Value = String> {
    term().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|terms| format!("({})", terms.join(" and "))),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|terms| format!("({})", terms.join(" or "))),
            inner.prop_map(|term| format!("not ({term})")),
        ]
    })
}

#[test]
fn sql_finds_exactly_what_the_filter_means() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("t.db")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = clock::now().as_millisecond();
    let mut documents = contacts();
    for (n, document) in documents.iter_mut().enumerate() {
        let user = NewUser::new(format!("id-{n}"), document.clone()).unwrap();
        runtime.block_on(store.writer.submit(move |connection| create(connection, user, now))).unwrap();
        document.insert("id".to_owned(), format!("id-{n}").into());
        document.insert("meta".to_owned(), json!({"created": clock::text(now)}));
    }
    proptest!(ProptestConfig::with_cases(400), |(text in filter())| {
        let parsed = Arc::new(parse(&text).unwrap());
        let mut expected: Vec<String> = Vec::new();
        for document in &documents {
            if matches(&parsed, document) {
                expected.push(document["id"].as_str().unwrap().to_owned());
            }
        }
        for page in [Page::Index { offset: 0, count: 100 }, Page::Cursor { after: None, count: 100 }] {
            let filter = Some(Arc::clone(&parsed));
            let listing = runtime.block_on(store.readers.run(move |reader| list(reader, filter, None, page))).unwrap();
            let mut found: Vec<String> = listing.records.into_iter().map(|record| record.id).collect();
            found.sort_by_key(|id| id.trim_start_matches("id-").parse::<u32>().unwrap());
            prop_assert_eq!(&found, &expected, "{}", text);
            prop_assert_eq!(usize::try_from(listing.total).unwrap(), expected.len(), "{}", text);
        }
    });
}
