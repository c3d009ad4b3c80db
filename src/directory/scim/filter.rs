//! Filters (RFC 7644 section 3.4.2.2): what can be told of the manifest's without knowing the server's schema, and
//! whether the server's answers to it can be believed (L16).
//!
//! No parser refuses a filter here: `scim_v2`'s knows neither `not(` nor `$ref`, and a server may filter on more than the
//! RFC says. Refusing is the server's; only what would change its meaning inside another filter is refused.

use super::server::{FILTER, Kind, Server, id_of, is_refusal};
use crate::directory::Error;
use crate::directory::web::wrong;
use crate::scim::json::{self, Object};
use crate::scim::page::Page;

/// A filter of a manifest, if it stays what it is between parentheses.
pub(super) fn check(filter: &str) -> Result<&str, Error> {
    let (mut open, mut quoted, mut escaped) = (Vec::new(), false, false);
    for c in filter.chars() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => quoted = true,
            '(' => open.push(')'),
            '[' => open.push(']'),
            ')' | ']' if open.pop() != Some(c) => return Err(wrong(FILTER, format!("has a {c} too many"))),
            _ => {}
        }
    }
    if quoted {
        return Err(wrong(FILTER, "has a text without its closing quotation mark"));
    }
    if let Some(missing) = open.pop() {
        return Err(wrong(FILTER, format!("it lacks a closing {missing}")));
    }
    if filter.trim().is_empty() {
        return Err(wrong(FILTER, "an empty filter would take in everybody: leave filter out, or write one"));
    }
    Ok(filter)
}

/// What a listing begins with.
struct Glance {
    total: Option<u64>,
    any: bool,
}

/// Refuses a server that takes a filter and answers as if there were none: strangers would be let in.
pub(super) async fn is_heeded(server: &Server, filter: &str) -> Result<(), Error> {
    let reason = "its ServiceProviderConfig says that it does not filter: use scope.pattern.expression";
    if server.lists().await?.filter == Some(false) {
        return Err(wrong(FILTER, format!("{}: {reason}", server.web.host())));
    }
    // Refused, it is told where people are listed.
    let Some(found) = glance(server, Some(filter)).await? else { return Ok(()) };
    let Some(all) = glance(server, None).await? else { return Ok(()) };
    if !found.any || (found.total.is_some() && found.total != all.total) {
        return Ok(());
    }
    // What a filter takes in, its opposite leaves out. A filter of our own proves less: many servers understand what
    // provisioning needs, a comparison of userName, and ignore the rest. It is asked where the opposite is refused.
    let mut contrary = glance(server, Some(&format!("not ({filter})"))).await?;
    if contrary.is_none() {
        let nobody = format!("userName eq {}", json::quoted(&format!("nobody-{}", uuid::Uuid::new_v4())));
        contrary = glance(server, Some(&nobody)).await?;
    }
    match contrary {
        Some(Glance { any: true, .. }) => {
            let reason = "finds everybody, whatever a filter says: use scope.pattern.expression";
            Err(wrong(FILTER, format!("{} {reason}", server.web.host())))
        }
        _ => Ok(()),
    }
}

/// A filter that finds nobody may be one that the server does not understand. It is believed where there is nobody at
/// all, and where its opposite finds as many as there are.
pub(super) async fn believe_nobody(server: &Server, filter: &str) -> Result<(), Error> {
    let Some(all) = glance(server, None).await? else { return Ok(()) };
    if !all.any && all.total.unwrap_or_default() == 0 {
        return Ok(());
    }
    let opposite = glance(server, Some(&format!("not ({filter})"))).await?;
    if all.total.is_some() && opposite.is_some_and(|opposite| opposite.total == all.total) {
        return Ok(());
    }
    Err(server.web.incomplete(format!(
        "it finds nobody by {FILTER}, and nothing shows that it understands the filter: try it on the server, or use scope.pattern.expression"
    )))
}

/// Somebody whom a filter takes in.
pub(super) async fn somebody(server: &Server, filter: &str) -> Result<Option<String>, Error> {
    let answer = server.get(&[Kind::Users.path()], &[("count", "1"), ("filter", filter)]).await?;
    match answer.status {
        200 => Ok(server.web.parse::<Page<Object>>(&answer)?.resources.iter().find_map(id_of)),
        _ if is_refusal(&answer) => Err(server.refused_filter(&answer)),
        _ => Err(server.refused(&answer, Kind::Users)),
    }
}

/// How many there are; `None` where the server does not take the filter.
async fn glance(server: &Server, filter: Option<&str>) -> Result<Option<Glance>, Error> {
    let mut query = vec![("count", "1")];
    query.extend(filter.map(|filter| ("filter", filter)));
    let answer = server.get(&[Kind::Users.path()], &query).await?;
    match answer.status {
        200 => {
            let page: Page<Object> = server.web.parse(&answer)?;
            let any = !page.resources.is_empty() || page.total.unwrap_or_default() > 0;
            Ok(Some(Glance { total: page.total, any }))
        }
        _ if is_refusal(&answer) => Ok(None),
        _ => Err(server.refused(&answer, Kind::Users)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_would_mean_something_else_inside_another_is_refused() {
        for fine in [
            r#"title eq "x""#,
            r#"title eq "a) \" (b" and not(emails[type eq "work"])"#,
            r#"(a pr) or urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department sw "E\\""#,
        ] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for broken in
            ["", "  ", r#"a eq "1") or (b eq "2""#, "(a pr", "emails[type pr)", r#"a eq "x"#, r#"a eq "x\""#, "a pr]"]
        {
            let error = check(broken).unwrap_err();
            assert!(matches!(&error, Error::Settings { field, .. } if field == FILTER), "{broken}: {error}");
        }
    }
}
