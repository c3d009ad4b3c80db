//! Filters (RFC 4515): those of manifests are checked before a server sees them, those of our own are put together here.

use super::wire::filter::encode;

/// Deeper nesting than anybody writes; the parser is recursive, so a limit keeps it on its stack.
const MAX_DEPTH: usize = 32;

/// Checks a filter that somebody wrote. Gives what is wrong with it and how to mend it.
pub(super) fn check(filter: &str) -> Result<&str, String> {
    let filter = filter.trim();
    if !filter.starts_with('(') {
        return Err("must be an RFC 4515 filter in parentheses, such as (department=Sales)".into());
    }
    if matches!(filter, "(&)" | "(|)") {
        return Err("is empty: it would match everybody or nobody".into());
    }
    if depth(filter) > MAX_DEPTH {
        return Err(format!("is nested deeper than {MAX_DEPTH} levels: write it flatter"));
    }
    match encode(filter) {
        Some(_) => Ok(filter),
        None => {
            Err("is no RFC 4515 filter: check the parentheses, and write * ( ) \\ inside values as \\2a \\28 \\29 \\5c"
                .into())
        }
    }
}

fn depth(filter: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    for byte in filter.bytes() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// What matches both.
pub(super) fn and(left: &str, right: &str) -> String {
    format!("(&{left}{right})")
}

/// What matches any of them.
pub(super) fn or(filters: impl IntoIterator<Item = String>) -> String {
    let mut any = String::from("(|");
    any.extend(filters);
    any.push(')');
    any
}

/// An attribute with a value given as text.
pub(super) fn equals(attribute: &str, value: &str) -> String {
    let mut filter = format!("({attribute}=");
    for character in value.chars() {
        match character {
            '\\' => filter.push_str("\\5c"),
            '*' => filter.push_str("\\2a"),
            '(' => filter.push_str("\\28"),
            ')' => filter.push_str("\\29"),
            '\0' => filter.push_str("\\00"),
            plain => filter.push(plain),
        }
    }
    filter.push(')');
    filter
}

/// An attribute with a value given as bytes.
pub(super) fn equals_bytes(attribute: &str, value: &[u8]) -> String {
    let mut filter = format!("({attribute}=");
    for byte in value {
        filter.push('\\');
        filter.push_str(&hex::encode([*byte]));
    }
    filter.push(')');
    filter
}

#[cfg(test)]
mod tests {
    use super::{check, equals, equals_bytes};

    #[test]
    fn accepts_filters_and_refuses_what_is_none() {
        assert_eq!(check(" (&(department=Sales)(!(title=Temp*))) ").unwrap(), "(&(department=Sales)(!(title=Temp*)))");
        for filter in ["", "mail=*", "(mail=*", "(mail=*))", "(&)", "(mail=a(b)c)", "everybody"] {
            assert!(check(filter).is_err(), "{filter}");
        }
        let deep = format!("{}(cn=a){}", "(!".repeat(900), ")".repeat(900));
        assert!(check(&deep).unwrap_err().contains("nested"));
    }

    #[test]
    fn values_cannot_leave_their_place() {
        assert_eq!(equals("cn", "a)(uid=*"), r"(cn=a\29\28uid=\2a)");
        assert_eq!(equals_bytes("objectGUID", &[0, 0xab]), r"(objectGUID=\00\ab)");
    }
}
