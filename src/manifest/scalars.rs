//! The schema's bounds of text and numbers.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use regex::Regex;
use serde_json::Number;

use super::schema::enumerated;
use super::words::{shown, wanted};

/// A problem and what to do about it.
type Fault = (String, String);

/// What is wrong with a text.
pub(super) fn text(text: &str, schema: &JSONSchemaProps) -> Vec<Fault> {
    if let Some(fault) = enumerated(text, schema) {
        return vec![fault];
    }
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(min) = schema.min_length.filter(|min| length < *min) {
        let problem = if length == 0 { "is an empty text".into() } else { format!("is shorter than {min} characters") };
        return vec![(problem, "give a value, or leave the field out".into())];
    }
    if let Some(max) = schema.max_length.filter(|max| length > *max) {
        let fit = if max == 1 { "character fits" } else { "characters fit" };
        return vec![(format!("has {length} characters"), format!("at most {max} {fit} here"))];
    }
    let mut faults = Vec::new();
    if let Some(pattern) = &schema.pattern
        && Regex::new(pattern).is_ok_and(|regex| !regex.is_match(text))
    {
        let mend = wanted(pattern).map_or_else(|| format!("it must match {pattern}"), str::to_owned);
        faults.push((format!("{} does not fit", shown(text)), mend));
    }
    if schema.format.as_deref() == Some("date-time") && text.parse::<jiff::Timestamp>().is_err() {
        faults.push((format!("{} is no time", shown(text)), "write it as 2026-11-23T10:00:00Z".into()));
    }
    faults
}

/// What is wrong with a number.
pub(super) fn number(number: &Number, schema: &JSONSchemaProps) -> Vec<Fault> {
    let value = number.as_f64().unwrap_or(f64::NAN);
    if schema.type_.as_deref() == Some("integer") && value.fract() != 0.0 {
        return vec![(format!("{number} is no whole number"), "leave the fraction out".into())];
    }
    let limits = match schema.format.as_deref() {
        Some("int32") => (f64::from(i32::MIN), f64::from(i32::MAX)),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let min = schema.minimum.unwrap_or(limits.0);
    let max = schema.maximum.unwrap_or(limits.1);
    if (min..=max).contains(&value) {
        return Vec::new();
    }
    let mend = match (min.is_finite(), max.is_finite()) {
        (true, true) => format!("use a number from {min} to {max}"),
        (true, false) => format!("use {min} or more"),
        _ => format!("use {max} or less"),
    };
    let problem = if value < min { format!("{number} is too small") } else { format!("{number} is too large") };
    vec![(problem, mend)]
}
