//! What `scope.pattern.segment` means in files and clouds: a path prefix, or the suffix of a distinguished name.

use crate::directory::{Error, dn};

/// A part of the directory that people may lie in.
pub(super) enum Segment {
    /// `EMEA/Sales`: whole steps from the front, without regard to case.
    Path(Vec<String>),
    /// `OU=Sales,DC=acme,DC=example`: in canonical form.
    Name(String),
}

impl Segment {
    /// Reads a segment. It is a distinguished name when it holds a `=`, and always where `names` says so (LDIF).
    pub(super) fn new(segment: &str, names: bool) -> Result<Self, Error> {
        if names || segment.contains('=') {
            let name = dn::normalize(segment).map_err(|error| settings(error.to_string()))?;
            return Ok(Self::Name(name));
        }
        Self::path(segment)
    }

    /// Reads a segment that is a path whatever it holds.
    pub(super) fn path(segment: &str) -> Result<Self, Error> {
        let steps = steps(segment).collect::<Vec<_>>();
        if steps.is_empty() {
            return Err(settings(
                "an empty path would take in everybody: leave segment out, or name a part".to_owned(),
            ));
        }
        Ok(Self::Path(steps))
    }

    /// Whether a location lies in it; an error when that cannot be told.
    pub(super) fn contains(&self, location: &str) -> Result<bool, String> {
        match self {
            Self::Path(wanted) => {
                let mut have = steps(location);
                Ok(wanted.iter().all(|step| have.next().as_ref() == Some(step)))
            }
            Self::Name(base) => {
                let name = dn::normalize(location).map_err(|error| error.to_string())?;
                Ok(dn::is_under(&name, base))
            }
        }
    }
}

fn settings(reason: String) -> Error {
    Error::Settings { field: "scope.pattern.segment".to_owned(), reason }
}

fn steps(path: &str) -> impl Iterator<Item = String> {
    path.split('/').map(|step| step.trim().to_lowercase()).filter(|step| !step.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(segment: &str, location: &str) -> bool {
        Segment::new(segment, false).unwrap().contains(location).unwrap()
    }

    #[test]
    fn a_path_contains_itself_and_what_lies_under_it() {
        assert!(contains("EMEA/Sales", "emea/sales"));
        assert!(contains("/EMEA/", "EMEA/Sales/Nordics"));
        assert!(!contains("EMEA/Sales", "EMEA/Salesforce"));
        assert!(!contains("EMEA/Sales", "EMEA"));
        assert!(!contains("Sales", "EMEA/Sales"));
    }

    #[test]
    fn a_name_contains_itself_and_what_lies_under_it() {
        assert!(contains("OU=Sales, DC=acme", "cn=Ann,ou=sales,dc=ACME"));
        assert!(!contains("OU=Sales,DC=acme", "cn=Ann,ou=presales,dc=acme"));
        assert!(Segment::new("OU=Sales", false).unwrap().contains("Sales").is_err());
    }

    #[test]
    fn rejects_segments_that_take_in_everybody_or_nobody() {
        assert!(Segment::new("/", false).is_err());
        assert!(Segment::new("ou=", true).is_ok());
        assert!(Segment::new("ou=a,", false).is_err());
    }
}
