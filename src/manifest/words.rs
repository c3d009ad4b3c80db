//! Words for diagnostics: the nearest name, lists of names, and what a pattern wants.

/// The candidate that a misspelt word most likely meant, if any is near.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let meant = plain(word);
    let limit = 1 + meant.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&meant, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| {
            let close = *distance <= limit && *distance < plain(candidate).chars().count();
            close || (meant.len() > 3 && plain(candidate).starts_with(&meant))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn any_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words, " or ")
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn all_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    joined(words, " and ")
}

fn joined<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let mut words: Vec<&str> = words.into_iter().collect();
    match words.pop() {
        None => String::new(),
        Some(only) if words.is_empty() => only.to_owned(),
        Some(end) => format!("{}{last}{end}", words.join(", ")),
    }
}

/// A value as diagnostics show it: quoted, and cut when long. Values of manifests are written by those who read the
/// diagnostic; values of Secrets never come here.
pub(super) fn shown(text: &str) -> String {
    if text.chars().count() <= 60 {
        return format!("{text:?}");
    }
    let start: String = text.chars().take(57).collect();
    format!("{:?}", start + "...")
}

/// What a pattern of the schema wants, in words.
pub(super) fn wanted(pattern: &str) -> Option<&'static str> {
    Some(match pattern {
        r"^([0-9]{1,5}(h|m|s|ms)){1,4}$" => {
            "write a time in hours, minutes and seconds, such as 24h or 1h30m (a day is 24h)"
        }
        r"^[a-z0-9]([a-z0-9./-]*[a-z0-9])?$" => {
            "use lower-case letters, digits, '.', '/' and '-', the first and the last a letter or digit"
        }
        r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$" => {
            "use lower-case letters, digits, '.' and '-', the first and the last a letter or digit"
        }
        r"^[A-Za-z0-9._-]+$" => "use letters, digits, '.', '_' and '-'",
        r"^sha256:[0-9a-f]{64}$" => {
            "copy the plan's hash as status or the run log show it: sha256: and 64 hexadecimal digits"
        }
        r"^[a-z][a-z0-9-]*$" => {
            "use lower-case letters, digits and '-', beginning with a letter, such as work or mobile"
        }
        r"^[A-Z][A-Za-z0-9]*$" => "use letters and digits, beginning with a capital, such as TicketUpdates",
        r"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}$" => "name an IANA time zone, such as Europe/Stockholm",
        text if text.contains("{0,61}") => "write a domain such as acme.example, without @ and without https://",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        let fields = ["scope", "source", "schedule", "state", "mapping", "baseDN", "emailDomains"];
        assert_eq!(nearest("scop", fields), Some("scope"));
        assert_eq!(nearest("baseDn", fields), Some("baseDN"));
        assert_eq!(nearest("email_domains", fields), Some("emailDomains"));
        assert_eq!(nearest("shcedule", fields), Some("schedule"));
        assert_eq!(nearest("colour", fields), None);
        assert_eq!(nearest("", fields), None);
    }
}
