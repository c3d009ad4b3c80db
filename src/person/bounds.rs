//! Bounds that keep one manifest from using up a machine.

use regex::{Regex, RegexBuilder};

/// Largest compiled regular expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

/// Compiles a regular expression within bounds; it runs in linear time. The error says what is wrong with it.
#[expect(clippy::wildcard_enum_match_arm, reason = "a kind of error that comes later is told like the others")]
pub(super) fn regex(pattern: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern).size_limit(MAX_REGEX).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "this regular expression is too large: shorten its repetitions".to_owned(),
        error => format!("this is no regular expression (RE2 syntax): {error}"),
    })
}
