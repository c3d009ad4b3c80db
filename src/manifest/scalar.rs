//! What an unquoted word means. Manifests are read as `kubectl` reads them, which is YAML 1.1's way: `no` is false and
//! `0755` is octal. Whoever meant text is told to quote it.

use serde_json::{Number, Value};

/// The value of a plain (unquoted) scalar; `None` when it is text.
pub(super) fn resolve(word: &str) -> Option<Value> {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Value::Null),
        "true" | "True" | "TRUE" | "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Some(Value::Bool(true));
        }
        "false" | "False" | "FALSE" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Some(Value::Bool(false));
        }
        _ => {}
    }
    if !word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return None;
    }
    integer(word).or_else(|| float(word))
}

fn integer(word: &str) -> Option<Value> {
    let (negative, digits) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word.strip_prefix('+').unwrap_or(word)),
    };
    let (radix, digits) = if let Some(hex) = digits.strip_prefix("0x") {
        (16, hex)
    } else if let Some(octal) = digits.strip_prefix("0o") {
        (8, octal)
    } else if let Some(binary) = digits.strip_prefix("0b") {
        (2, binary)
    } else if digits.len() > 1 && digits.starts_with('0') && digits.chars().all(|c| c.is_digit(8)) {
        (8, digits)
    } else {
        (10, digits)
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let digits: String = digits.chars().filter(|c| *c != '_').collect();
    let value = i128::from_str_radix(&digits, radix).ok()?;
    let value = if negative { -value } else { value };
    if let Ok(value) = i64::try_from(value) {
        return Some(value.into());
    }
    u64::try_from(value).ok().map(Value::from)
}

fn float(word: &str) -> Option<Value> {
    let shaped = word.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
    if !shaped || !word.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value: f64 = word.parse().ok()?;
    // A whole number is one, however it is written: 10.0, 1e3.
    let whole = (value.fract() == 0.0 && value.abs() < 9e15).then(|| format!("{value:.0}").parse::<i64>().ok());
    match whole.flatten() {
        Some(whole) => Some(whole.into()),
        None => Number::from_f64(value).map(Value::Number),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_read_as_kubectl_reads_them() {
        for (word, value) in [
            ("NO", json!(false)),
            ("on", json!(true)),
            ("0755", json!(493)),
            ("0x1F", json!(31)),
            ("-5", json!(-5)),
            ("1e3", json!(1000)),
            ("1.5", json!(1.5)),
            ("1_000", json!(1000)),
            ("~", json!(null)),
        ] {
            assert_eq!(resolve(word), Some(value), "{word}");
        }
        for word in ["30m", "-", "1.2.3", "08:00", "2026-11-23", "nope", ".", "*/5", "0xZ", "089x", "+", "--1"] {
            assert_eq!(resolve(word), None, "{word}");
        }
    }
}
