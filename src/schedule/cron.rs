//! The five fields: what a Kubernetes `CronJob` takes, and 7 for Sunday.
//!
//! croner reads them. What it takes beyond that (L, W, #, names inside other words, empty places in a list) is refused
//! here first, and `5/15` and `*/1` are written out as robfig/cron, the `CronJob`'s parser, means them: `5-59/15`, `*`.

use croner::parser::{CronParser, Seconds, Year};

use super::ScheduleError;
use super::pattern::Pattern;

/// The words that stand for five fields.
pub(super) const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// What is peculiar to each field: its values, their names in order, and whether it takes `?`.
struct Field {
    first: u16,
    last: u16,
    names: &'static [&'static str],
    question: bool,
}

const FIELDS: [Field; 5] = [
    Field { first: 0, last: 59, names: &[], question: false },
    Field { first: 0, last: 23, names: &[], question: false },
    Field { first: 1, last: 31, names: &[], question: true },
    Field { first: 1, last: 12, names: &MONTHS, question: false },
    Field { first: 0, last: 6, names: &WEEKDAYS, question: true },
];

/// Reads a cron that has some day in it.
pub(super) fn read(text: &str) -> Result<Pattern, ScheduleError> {
    let trimmed = text.trim();
    let fields = if trimmed.starts_with('@') {
        let known = NICKNAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(trimmed));
        known.ok_or_else(|| ScheduleError::UnknownNickname(text.to_owned()))?.1
    } else {
        trimmed
    };
    let no_cron = || ScheduleError::NotCron(text.to_owned());
    let plain = written_out(fields).ok_or_else(no_cron)?;
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    #[expect(clippy::map_err_ignore, reason = "croner's texts name fields by no name; ours says what each may hold")]
    let cron = parser.parse(&plain).map_err(|_| no_cron())?;
    let pattern = Pattern::new(&cron);
    if pattern.comes() { Ok(pattern) } else { Err(ScheduleError::NeverComes(text.to_owned())) }
}

fn written_out(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    if words.len() != FIELDS.len() {
        return None;
    }
    let fields: Option<Vec<String>> = words.iter().zip(&FIELDS).map(|(word, field)| field.written_out(word)).collect();
    Some(fields?.join(" "))
}

impl Field {
    fn written_out(&self, word: &str) -> Option<String> {
        if word == "*" || (word == "?" && self.question) {
            return Some("*".to_owned());
        }
        let items: Option<Vec<String>> = word.split(',').map(|item| self.item(item)).collect();
        let items = items?;
        // Every value is in, and the star counts as one: it leaves the choice of days to the other field of days.
        if items.iter().any(|item| item == "*") {
            return Some("*".to_owned());
        }
        Some(items.join(","))
    }

    fn item(&self, item: &str) -> Option<String> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|step| *step > 0)?)),
            None => (item, None),
        };
        let range = match (range, range.split_once('-')) {
            ("*", _) if step == Some(1) => return Some("*".to_owned()),
            ("*", _) => "*".to_owned(),
            (_, Some((first, last))) => {
                let (first, last) = (self.value(first)?, self.value(last)?);
                // A week may be told to end on Sunday: FRI-SUN.
                let last = if self.is_weekday() && last == 0 && first > 0 { 7 } else { last };
                if first > last {
                    return None;
                }
                format!("{first}-{last}")
            }
            (one, None) if step.is_some() => format!("{}-{}", self.value(one)?, self.last),
            (one, None) => self.value(one)?.to_string(),
        };
        Some(step.map_or(range.clone(), |step| format!("{range}/{step}")))
    }

    fn value(&self, text: &str) -> Option<u16> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        if let Some(index) = named {
            return Some(u16::try_from(index).ok()? + self.first);
        }
        let sunday_too = if self.is_weekday() { 7 } else { self.last };
        number(text).filter(|number| (self.first..=sunday_too).contains(number))
    }

    fn is_weekday(&self) -> bool {
        self.last == 6
    }
}

/// Digits alone: no sign, as `str::parse` would take.
fn number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
