//! Globs over a whole value, without regard to case: `*` any characters, `?` one, `[a-z]` a class, `{a,b}` a choice.
//!
//! Our own translation to a regular expression: path globs work on bytes, so that `?` would not match `å` and `Ö` would
//! not match `ö`. No character is special between folders: `/` is matched like any other.

use std::iter::Peekable;
use std::str::Chars;

/// The regular expression that a glob means; the error says what is wrong with the glob.
pub(super) fn to_regex(glob: &str) -> Result<String, String> {
    let mut regex = String::from("(?is)");
    let mut rest = glob.chars().peekable();
    let mut choices = 0_usize;
    while let Some(c) = rest.next() {
        match c {
            '*' => regex.push_str(".*"),
            '?' => regex.push('.'),
            '[' => regex.push_str(&class(&mut rest)?),
            '{' => {
                choices += 1;
                regex.push_str("(?:");
            }
            '}' if choices > 0 => {
                choices -= 1;
                regex.push(')');
            }
            '}' => return Err("this glob closes a choice that it did not open: write \\} for the character".to_owned()),
            ',' if choices > 0 => regex.push('|'),
            '\\' => {
                let escaped = rest.next().ok_or("this glob ends in a backslash: write \\\\ for the character")?;
                push_literal(&mut regex, escaped);
            }
            other => push_literal(&mut regex, other),
        }
    }
    if choices > 0 {
        return Err("this glob leaves a choice open: add }, or write \\{ for the character".to_owned());
    }
    Ok(regex)
}

fn class(rest: &mut Peekable<Chars<'_>>) -> Result<String, String> {
    let mut class = String::from("[");
    if rest.next_if(|c| matches!(c, '!' | '^')).is_some() {
        class.push('^');
    }
    // A character that a range may begin with.
    let mut from = None;
    let mut members = 0_usize;
    loop {
        let c = rest.next().ok_or("this glob leaves a class open: add ], or write \\[ for the character")?;
        match (c, from) {
            (']', _) if members > 0 => break,
            ('-', Some(first)) if rest.peek().is_some_and(|c| *c != ']') => {
                let last = escaped(rest)?;
                if last < first {
                    return Err("this glob has a class with a range that runs backwards: write the smaller character first, as in [a-z], or \\- for the character".to_owned());
                }
                class.push('-');
                push_literal(&mut class, last);
                from = None;
            }
            ('\\', _) => {
                let c = rest.next().ok_or("this glob ends in a backslash")?;
                push_literal(&mut class, c);
                from = Some(c);
            }
            (c, _) => {
                push_literal(&mut class, c);
                from = Some(c);
            }
        }
        members += 1;
    }
    class.push(']');
    Ok(class)
}

/// The next character of a class, taken for itself behind a backslash.
fn escaped(rest: &mut Peekable<Chars<'_>>) -> Result<char, String> {
    let c = rest.next().filter(|c| *c != '\\').or_else(|| rest.next());
    c.ok_or_else(|| "this glob ends in a backslash".to_owned())
}

fn push_literal(regex: &mut String, c: char) {
    // escape() leaves & and ~ alone in some places where a class gives them meaning.
    if matches!(c, '&' | '~' | '-') {
        regex.push('\\');
        regex.push(c);
    } else {
        regex.push_str(&regex::escape(c.encode_utf8(&mut [0; 4])));
    }
}
