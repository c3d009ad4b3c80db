//! Text that is no YAML: the mistakes that people make most, in words.

use saphyr_parser::ScanError;

use super::yaml::{YamlError, too_deep};

/// Says what is wrong where the parser stopped.
pub(super) fn explain(text: &str, error: &ScanError) -> YamlError {
    // The parser counts one line more than there are where the last has no end.
    let line = error.marker().line().min(text.lines().count()).max(1);
    if is_template(text, line) {
        return template(line);
    }
    if error.info().contains("recursion limit") {
        return too_deep(line);
    }
    let near = |back: usize| text.lines().nth(line.saturating_sub(1 + back)).unwrap_or_default();
    if let Some(back) = (0..2).find(|back| near(*back).trim_start_matches(' ').starts_with('\t')) {
        return YamlError::new(line - back, "a tab stands where YAML wants spaces", "indent with spaces");
    }
    let (problem, mend) = quoting(near(0), error.info()).unwrap_or_else(|| {
        let problem = format!("this is not YAML ({})", error.info());
        (problem, "check indentation, colons and quotes in this line and the one before")
    });
    YamlError::new(line, problem, mend)
}

/// A value that needs quotes, or has them in the wrong place.
fn quoting(line: &str, info: &str) -> Option<(String, &'static str)> {
    let (_, value) = line.split_once(": ").or_else(|| line.split_once("- "))?;
    let value = value.trim_start();
    let first = value.chars().next()?;
    if matches!(first, '*' | '&' | '@' | '%' | '`') {
        return Some((format!("a value that begins with {first} needs quotes"), "put the whole value in \" \""));
    }
    if matches!(first, '"' | '\'') && info.contains("escape") {
        return Some(("\\ in double quotes begins an escape".into(), "put the value in ' ' instead, or write \\\\"));
    }
    if matches!(first, '"' | '\'') && info.contains("trailing content") {
        return Some((
            "the value goes on after its closing quote".into(),
            "put the whole value in the other kind of quotes, such as \"person.a == 'b'\"",
        ));
    }
    if info.contains("mapping values are not allowed") {
        return Some((
            "a colon stands where none can".into(),
            "put a value with ': ' in it in quotes, and check the indentation of this line and the one before",
        ));
    }
    None
}

/// Whether a line, or the one before, is that of a template.
pub(super) fn is_template(text: &str, line: usize) -> bool {
    text.lines().skip(line.saturating_sub(2)).take(2).any(|near| near.contains("{{"))
}

/// A template is rendered before it is a manifest.
pub(super) fn template(line: usize) -> YamlError {
    let mend = "render it first (helm template), or leave the chart's folder out";
    YamlError::new(line, "this is a template, not a manifest", mend)
}
