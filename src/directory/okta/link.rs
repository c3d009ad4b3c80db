//! The next page in `Link` headers (RFC 8288). Okta sends one header for each link; a proxy may make one of them.

use http::HeaderMap;
use http::header::LINK;

/// Where a link with `rel="next"` leads, as it stands there; `None`: this was the last page.
///
/// # Errors
/// A header that cannot be read: it may hold the link.
pub(super) fn next(headers: &HeaderMap) -> Result<Option<String>, Unreadable> {
    let mut next = None;
    for header in headers.get_all(LINK) {
        let mut rest = header.to_str().map_err(|_bytes| Unreadable)?;
        while let Some(link) = Link::take(&mut rest)? {
            if !link.is_next {
                continue;
            }
            if next.as_deref().is_some_and(|next| next != link.target) {
                return Err(Unreadable);
            }
            next = Some(link.target.to_owned());
        }
    }
    Ok(next)
}

/// It is not what RFC 8288 says, or says two things.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Unreadable;

struct Link<'a> {
    target: &'a str,
    is_next: bool,
}

impl<'a> Link<'a> {
    /// Takes the first link of a list (RFC 8288 appendix B.2).
    fn take(rest: &mut &'a str) -> Result<Option<Self>, Unreadable> {
        *rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Ok(None);
        }
        let (target, mut after) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')).ok_or(Unreadable)?;
        // Of several `rel` the first counts (section 3.3).
        let mut relations: Option<String> = None;
        loop {
            after = after.trim_start_matches([' ', '\t']);
            let Some(parameter) = after.strip_prefix(';') else { break };
            let (name, value, left) = parameter_of(parameter.trim_start_matches([' ', '\t']))?;
            if name.eq_ignore_ascii_case("rel") {
                relations.get_or_insert(value);
            }
            after = left;
        }
        if !after.is_empty() && !after.starts_with(',') {
            return Err(Unreadable);
        }
        *rest = after;
        let relations = relations.unwrap_or_default();
        let is_next = relations.split([' ', '\t']).any(|relation| relation.eq_ignore_ascii_case("next"));
        Ok(Some(Self { target, is_next }))
    }
}

/// Name and value of a parameter, and what follows it.
fn parameter_of(text: &str) -> Result<(&str, String, &str), Unreadable> {
    let end = text.find(['=', ';', ',', ' ', '\t']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).ok_or(Unreadable)?;
    let after = rest.trim_start_matches([' ', '\t']);
    let Some(value) = after.strip_prefix('=') else { return Ok((name, String::new(), rest)) };
    let value = value.trim_start_matches([' ', '\t']);
    if let Some(quoted) = value.strip_prefix('"') {
        return unquoted(quoted).map(|(value, rest)| (name, value, rest));
    }
    let end = value.find([';', ',', ' ', '\t']).unwrap_or(value.len());
    let (value, rest) = value.split_at_checked(end).ok_or(Unreadable)?;
    Ok((name, value.to_owned(), rest))
}

/// A quoted text up to its closing quote (RFC 9110 section 5.6.4), and what follows it.
fn unquoted(text: &str) -> Result<(String, &str), Unreadable> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Ok((value, characters.as_str())),
            '\\' => value.push(characters.next().ok_or(Unreadable)?),
            other => value.push(other),
        }
    }
    Err(Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_of(headers: &[&str]) -> Result<Option<String>, Unreadable> {
        let headers: HeaderMap = headers.iter().map(|header| (LINK, header.parse().unwrap())).collect();
        next(&headers)
    }

    #[test]
    fn the_next_link_is_found_among_several_headers_and_in_one() {
        let (this, then) = ("<https://acme.okta.com/api/v1/users?limit=2>", "<https://acme.okta.com/x?after=00u,1;y>");
        let found = Ok(Some("https://acme.okta.com/x?after=00u,1;y".to_owned()));
        for headers in [
            vec![format!("{this}; rel=\"self\""), format!("{then}; rel=\"next\"")],
            vec![format!("{this}; rel=\"self\", {then}; rel=\"next\"")],
            vec![format!("{this};rel=self,,{then} ; title=\"a \\\"b\\\", <c>; rel=\\\"x\" ; REL = NEXT")],
            vec![format!("{then}; rel=\"prefetch next\"; rel=\"self\"")],
            vec![format!("{then}; rel=next"), format!("{then}; rel=next")],
            vec![format!("{this}; crossorigin; rel=self"), format!("{then}; crossorigin; rel=\"next\"")],
        ] {
            let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
            assert_eq!(next_of(&headers), found, "{headers:?}");
        }
    }

    #[test]
    fn without_a_next_link_there_is_none() {
        for headers in [vec![], vec![""], vec!["<https://x.example>; rel=\"self\""], vec!["<https://x.example>"]] {
            assert_eq!(next_of(&headers), Ok(None), "{headers:?}");
        }
        assert_eq!(next_of(&["<https://x.example>; rel=self; rel=next"]), Ok(None), "the first rel counts");
        assert_eq!(next_of(&["<https://x.example>; rel=\"nextpage\"; title=\"rel=next\""]), Ok(None));
    }

    #[test]
    fn l02_what_cannot_be_read_is_not_the_last_page() {
        for headers in [
            vec!["https://x.example; rel=next"],
            vec!["<https://x.example; rel=next"],
            vec!["<https://x.example>; rel=\"next"],
            vec!["<https://x.example> rel=next"],
            vec!["<https://x.example>; rel=next", "<https://y.example>; rel=next"],
        ] {
            assert_eq!(next_of(&headers), Err(Unreadable), "{headers:?}");
        }
    }
}
