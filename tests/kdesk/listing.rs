//! Listings: filters, sorting, paging by index and by cursor (RFC 9865), while others write.

use std::collections::HashSet;

use contactsync::scim;
use reqwest::Method;
use serde_json::{Value, json};

use super::support::{Server, post};

async fn house() -> Server {
    let server = Server::start().await;
    for body in [
        json!({"userName": "Bea@x.example", "externalId": "k/emea/1", "title": "Guide", "active": true,
            "emails": [{"type": "work", "value": "bea@x.example", "primary": true}, {"type": "home", "value": "Bea@home.example"}]}),
        json!({"userName": "al@x.example", "externalId": "k/emea/2", "active": false, "displayName": "al",
            scim::ENTERPRISE_USER: {"organization": "Acme"}}),
        json!({"userName": "cy@x.example", "externalId": "k/emeaX/3", "title": "chief", "displayName": "Cy"}),
        json!({"userName": "dan@x.example", "externalId": "K/emea/4", "active": true, "displayName": "Bo"}),
    ] {
        server.create(body).await;
    }
    server
}

#[tokio::test]
async fn finds_by_what_is_indexed_and_by_what_is_not() {
    let server = house().await;
    for (filter, names) in [
        (r#"userName eq "BEA@X.example""#, vec!["Bea"]),
        (r#"userName sw "b""#, vec!["Bea"]),
        (r#"userName co "@X""#, vec!["Bea", "al", "cy", "dan"]),
        (r#"externalId eq "k/emea/1""#, vec!["Bea"]),
        (r#"externalId sw "k/emea/""#, vec!["Bea", "al"]),
        (r#"externalId sw "k/emea/" and active eq true"#, vec!["Bea"]),
        (r#"externalId sw "k/emea/" and title pr"#, vec!["Bea"]),
        (r#"not (externalId sw "k/")"#, vec!["dan"]),
        (r#"emails.value eq "bea@HOME.example""#, vec!["Bea"]),
        (r#"emails eq "bea@x.example""#, vec!["Bea"]),
        (r#"emails.value eq "al@x.example""#, vec![]),
        (r#"emails[type eq "home" and value eq "bea@home.example"]"#, vec!["Bea"]),
        (r#"emails[type eq "work" and value eq "bea@home.example"]"#, vec![]),
        ("active eq false", vec!["al"]),
        ("active ne true", vec!["al", "cy"]),
        ("not (active eq true)", vec!["al", "cy"]),
        ("active pr", vec!["Bea", "al", "dan"]),
        (r#"title co "E""#, vec!["Bea", "cy"]),
        (r#"userName eq "al@x.example" or title eq "CHIEF""#, vec!["al", "cy"]),
        (r#"userName eq "al@x.example" or userName eq "cy@x.example" or id eq "no""#, vec!["al", "cy"]),
        (r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:organization eq "acme""#, vec!["al"]),
        (r#"meta.created gt "2020-01-01T00:00:00Z" and userName sw "al""#, vec!["al"]),
        (r#"meta.lastModified lt "2020-01-01T00:00:00Z""#, vec![]),
        (r#"meta.resourceType eq "User" and userName sw "al""#, vec!["al"]),
        (r#"shoeSize eq "44""#, vec![]),
    ] {
        let found = server.list(&[("filter", filter)]).await;
        let found_names: Vec<String> =
            found.names().iter().map(|name| name.split('@').next().unwrap().to_owned()).collect();
        assert_eq!(found_names, names, "{filter}");
        assert_eq!(found.body["totalResults"], names.len(), "{filter}");
        let paged = server.list(&[("filter", filter), ("cursor", ""), ("count", "1")]).await;
        assert_eq!(paged.body["totalResults"], names.len(), "{filter} by cursor");
    }
    for filter in ["userName", "userName eq", "active gt true", "userName eq \"a"] {
        assert_eq!(server.list(&[("filter", filter)]).await.refusal(), (400, "invalidFilter"), "{filter}");
    }
}

#[tokio::test]
async fn a_time_that_was_shown_finds_what_it_was_shown_for() {
    let server = house().await;
    let shown =
        server.list(&[("filter", "userName sw \"al\"")]).await.body["Resources"][0]["meta"]["lastModified"].clone();
    let find = async |op: &str| {
        let filter = format!("userName sw \"al\" and meta.lastModified {op} {shown}");
        server.list(&[("filter", &filter)]).await.body["totalResults"].clone()
    };
    assert_eq!(
        (find("eq").await, find("ge").await, find("gt").await, find("lt").await),
        (json!(1), json!(1), json!(0), json!(0))
    );
}

#[tokio::test]
async fn sorts_without_case_and_puts_what_has_no_value_last() {
    let server = house().await;
    let sorted = async |by: &str, order: &str| server.list(&[("sortBy", by), ("sortOrder", order)]).await.names();
    assert_eq!(
        sorted("userName", "ascending").await,
        ["al@x.example", "Bea@x.example", "cy@x.example", "dan@x.example"]
    );
    assert_eq!(
        sorted("userName", "descending").await,
        ["dan@x.example", "cy@x.example", "Bea@x.example", "al@x.example"]
    );
    assert_eq!(
        sorted("displayName", "ascending").await,
        ["al@x.example", "dan@x.example", "cy@x.example", "Bea@x.example"]
    );
    assert_eq!(
        sorted("displayName", "descending").await,
        ["Bea@x.example", "cy@x.example", "dan@x.example", "al@x.example"]
    );
    assert_eq!(server.list(&[("sortBy", "shoe")]).await.refusal(), (400, "invalidPath"));
    assert_eq!(server.list(&[("sortBy", "userName"), ("sortOrder", "up")]).await.refusal(), (400, "invalidValue"));
    for (by, order) in
        [("userName", "ascending"), ("displayName", "descending"), ("meta.created", "ascending"), ("id", "descending")]
    {
        let whole = sorted(by, order).await;
        let paged = by_cursor(&server, &[("sortBy", by), ("sortOrder", order)], "1").await;
        assert_eq!(paged, whole, "{by} {order}");
    }
}

#[tokio::test]
async fn pages_by_index() {
    let server = house().await;
    let page = server.list(&[("startIndex", "2"), ("count", "2")]).await;
    assert_eq!(page.names(), ["al@x.example", "cy@x.example"]);
    assert_eq!(
        (&page.body["totalResults"], &page.body["itemsPerPage"], &page.body["startIndex"]),
        (&json!(4), &json!(2), &json!(2))
    );
    assert!(page.body.get("nextCursor").is_none());
    let none = server.list(&[("count", "0")]).await;
    assert_eq!((none.names().len(), &none.body["totalResults"]), (0, &json!(4)));
    assert_eq!(server.list(&[("startIndex", "-3"), ("count", "1")]).await.names(), ["Bea@x.example"]);
    assert_eq!(server.list(&[("startIndex", "9")]).await.names().len(), 0);
    assert_eq!(server.list(&[("count", "-1")]).await.names().len(), 0);
    assert_eq!(server.list(&[("startIndex", "x")]).await.refusal(), (400, "invalidValue"));
    let prefix = [("filter", r#"externalId sw "k/emea""#), ("startIndex", "2"), ("count", "1")];
    assert_eq!(server.list(&prefix).await.body["totalResults"], 3);
}

#[tokio::test]
async fn searches_by_post() {
    let server = house().await;
    for path in ["/Users/.search", "/.search"] {
        let body = json!({"schemas": [scim::SEARCH_REQUEST], "filter": "title pr", "attributes": ["title"], "count": 1,
            "sortBy": "title", "startIndex": 2});
        let found = server.send(Method::POST, path, &body).await;
        assert_eq!(found.status, 200, "{}", found.body);
        assert_eq!(found.body["totalResults"], 2);
        assert_eq!(found.body["Resources"][0]["title"], "Guide");
        let cursor = json!({"schemas": [scim::SEARCH_REQUEST], "cursor": "", "count": 3});
        assert!(server.send(Method::POST, path, &cursor).await.body["nextCursor"].is_string());
    }
    assert_eq!(server.send(Method::POST, "/.search", &json!({})).await.refusal(), (400, "invalidSyntax"));
}

/// Follows cursors to the end; returns the userNames.
async fn by_cursor(server: &Server, query: &[(&str, &str)], count: &str) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut query = query.to_vec();
        query.extend([("cursor", cursor.as_str()), ("count", count)]);
        let page = server.list(&query).await;
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.get("startIndex").is_none());
        names.extend(page.names());
        match &page.body["nextCursor"] {
            Value::String(next) => cursor.clone_from(next),
            _ => return names,
        }
    }
}

#[tokio::test]
async fn l16_cursor_paging_ends_by_leaving_out_the_next_cursor() {
    let server = Server::start().await;
    server.fill("own/", "u", 250).await;
    server.fill("other/", "v", 10).await;
    for (filter, count, expected) in [
        (None, "100", 260),
        (None, "260", 260),
        (None, "259", 260),
        (Some(r#"externalId sw "own/""#), "50", 250),
        (Some("userName sw \"v\" and id pr"), "3", 10),
    ] {
        let query: Vec<_> = filter.map(|filter| ("filter", filter)).into_iter().collect();
        let names = by_cursor(&server, &query, count).await;
        assert_eq!(names.len(), expected, "{filter:?} by {count}");
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), expected);
    }
}

/// Others add, change and delete between the pages: who was there all the time comes exactly once.
#[tokio::test]
async fn l16_cursor_paging_shows_everyone_once_while_others_write() {
    let server = Server::start().await;
    server.fill("own/", "stay", 300).await;
    let (mut seen, mut cursor, mut round) = (Vec::new(), String::new(), 0);
    loop {
        let page = server.list(&[("filter", r#"externalId sw "own/""#), ("cursor", &cursor), ("count", "40")]).await;
        seen.extend(page.names());
        let Value::String(next) = &page.body["nextCursor"] else { break };
        cursor.clone_from(next);
        round += 1;
        // New ones before and behind in the alphabet, one changed so that its externalId moves, a new one deleted.
        let resources = page.body["Resources"].as_array().unwrap();
        let changed = resources[0]["id"].clone();
        let moved = json!([{"op": "replace", "path": "externalId", "value": format!("own/zzz{round}")}]);
        assert_eq!(server.patch(&changed, moved).await.status, 200);
        let operations = json!([
            post("a", json!({"userName": format!("aaa{round}"), "externalId": format!("own/!{round}")})),
            post("b", json!({"userName": format!("zzz{round}"), "externalId": format!("own/~{round}")})),
        ]);
        let made = server.bulk(operations).await;
        let id = made.body["Operations"][0]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        assert_eq!(server.delete(&json!(id)).await.status, 204);
    }
    let stayed: Vec<_> = seen.iter().filter(|name| name.starts_with("stay-")).collect();
    assert_eq!((stayed.len(), stayed.iter().collect::<HashSet<_>>().len()), (300, 300));
}

#[tokio::test]
async fn rejects_cursors_that_it_did_not_give_for_this_query() {
    let server = Server::start().await;
    server.fill("own/", "u", 5).await;
    let page = server.list(&[("cursor", ""), ("count", "2")]).await;
    let cursor = page.body["nextCursor"].as_str().unwrap();
    assert_eq!(server.list(&[("cursor", "nonsense")]).await.refusal(), (400, "invalidCursor"));
    assert_eq!(server.list(&[("cursor", cursor), ("filter", "title pr")]).await.refusal(), (400, "invalidCursor"));
    assert_eq!(server.list(&[("cursor", cursor), ("count", "x")]).await.refusal(), (400, "invalidCount"));
    assert_eq!(server.list(&[("cursor", ""), ("count", "-1")]).await.refusal(), (400, "invalidCount"));
    assert_eq!(server.list(&[("cursor", cursor), ("count", "100")]).await.names().len(), 3, "count may change");
    let other = Server::start().await;
    assert_eq!(other.list(&[("cursor", cursor)]).await.refusal(), (400, "invalidCursor"));
    let (cursor, server) = (cursor.to_owned(), server.restart().await);
    assert_eq!(server.list(&[("cursor", &cursor)]).await.names().len(), 3, "a restart keeps cursors");
}

#[tokio::test]
async fn a_hundred_ids_are_found_in_one_request() {
    let server = Server::start().await;
    server.fill("own/", "u", 150).await;
    let all = server.list(&[("count", "150")]).await;
    let ids: Vec<String> =
        all.body["Resources"].as_array().unwrap().iter().map(|user| format!("id eq {}", user["id"])).collect();
    let filter = ids[..120].join(" or ");
    let found = server.list(&[("filter", &filter), ("count", "200")]).await;
    assert_eq!((found.names().len(), &found.body["totalResults"]), (120, &json!(120)));
}

#[tokio::test]
async fn a_total_follows_each_write() {
    let server = Server::start().await;
    let total = async || {
        server.list(&[("filter", r#"externalId sw "own/""#), ("count", "1")]).await.body["totalResults"].clone()
    };
    server.fill("own/", "u", 3).await;
    assert_eq!((total().await, total().await), (json!(3), json!(3)));
    let made = server.create(json!({"userName": "v", "externalId": "own/v"})).await;
    assert_eq!(total().await, json!(4));
    assert_eq!(server.delete(&made["id"]).await.status, 204);
    assert_eq!(total().await, json!(3));
}
