//! Schedules drawn by lot, against the reference.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::select;

use super::reference::{Cron, Field};
use super::{at, cron_in};

/// Changes of an hour and of half an hour, at midnight and at two, backwards in spring, for Ramadan, by a whole day.
const ZONES: [&str; 14] = [
    "Europe/Stockholm",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Europe/Dublin",
    "America/Havana",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Pyongyang",
    "America/Caracas",
    "Antarctica/Troll",
    "UTC",
];

fn field(first: i8, last: i8, names: &'static [&'static str]) -> BoxedStrategy<Field> {
    let spelt = move |value: i8| match names.get(usize::try_from(value - first).unwrap()) {
        Some(name) if value % 2 == 0 => (*name).to_owned(),
        _ => value.to_string(),
    };
    let star = (first..=last).collect::<BTreeSet<i8>>();
    let all = Just(Field { text: "*".into(), values: star.clone(), star: true });
    let each = Just(Field { text: "*/1".into(), values: star, star: true });
    let steps = (2..=last).prop_map(move |step| {
        let values = (first..=last).step_by(step.unsigned_abs().into()).collect();
        Field { text: format!("*/{step}"), values, star: false }
    });
    let range = (first..=last, first..=last, prop::option::of(1..=9_i8)).prop_map(move |(a, b, step)| {
        let (from, to) = (a.min(b), a.max(b));
        let values = (from..=to).step_by(step.unwrap_or(1).unsigned_abs().into()).collect();
        let text = format!("{}-{}", spelt(from), spelt(to));
        Field { text: step.map_or(text.clone(), |step| format!("{text}/{step}")), values, star: false }
    });
    let onwards = (first..=last, 2..=9_i8).prop_map(move |(from, step)| {
        let values = (from..=last).step_by(step.unsigned_abs().into()).collect();
        Field { text: format!("{from}/{step}"), values, star: false }
    });
    let several = prop::collection::vec(first..=last, 1..4).prop_map(move |values| {
        let text = values.iter().map(|value| spelt(*value)).collect::<Vec<_>>().join(",");
        Field { text, values: values.into_iter().collect(), star: false }
    });
    prop_oneof![4 => all, 1 => each, 2 => steps, 2 => range, 1 => onwards, 5 => several].boxed()
}

fn night() -> impl Strategy<Value = Field> {
    prop::collection::vec(0..4_i8, 1..3).prop_map(|values| {
        let text = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        Field { text, values: values.into_iter().collect(), star: false }
    })
}

fn cron(days: bool) -> impl Strategy<Value = Cron> {
    let months = &["JAN", "FEB", "mar", "APR", "MAY", "Jun", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let hour = prop_oneof![field(0, 23, &[]), night()];
    let every = || Just(Field { text: "*".into(), values: (0..=31).collect(), star: true });
    let rarely =
        move |some: BoxedStrategy<Field>| if days { some } else { prop_oneof![5 => every(), 1 => some].boxed() };
    let weekday = field(0, 6, &["SUN", "MON", "TUE", "wed", "THU", "FRI", "SAT"]);
    (field(0, 59, &[]), hour, rarely(field(1, 31, &[])), rarely(field(1, 12, months)), rarely(weekday))
        .prop_map(|(minute, hour, day, month, weekday)| Cron { minute, hour, day, month, weekday })
        .prop_filter("comes", |cron| {
            // As the reference sees it: some day of a leap year.
            let year = at("2024-01-01T00:00:00Z");
            (0..366).any(|day| cron.names_day(year + SignedDuration::from_hours(24 * day)))
        })
}

/// A minute within a day and a half of a change of the zone's clock where there is one, anywhere in the years else.
fn start(zone: &'static str) -> impl Strategy<Value = Timestamp> {
    let years = at("1990-01-01T00:00:00Z").as_second() / 60..at("2037-01-01T00:00:00Z").as_second() / 60;
    (years, -2160..2160_i64, any::<bool>()).prop_map(move |(minute, beside, anywhere)| {
        let time = Timestamp::from_second(minute * 60).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let change = zone.following(time).next().or_else(|| zone.preceding(time).next());
        match change {
            // Whole minutes: some databases end in 2038 with a change of nothing at 03:14:07.
            Some(change) if !anywhere => {
                let minute = change.timestamp().as_second() / 60 + beside;
                Timestamp::from_second(minute * 60).unwrap()
            }
            _ => time,
        }
    })
}

fn agree(cron: &Cron, zone: &str, start: Timestamp, end: Timestamp, looks: &[(i64, i64)]) -> Result<(), TestCaseError> {
    let place = TimeZone::get(zone).unwrap();
    let table = cron_in(&cron.text(), zone);
    let ticks = cron.ticks(&place, start, end);
    let told = format!("{:?} in {zone} from {start}", cron.text());
    let mut from = start - SignedDuration::from_nanos(1);
    for tick in &ticks {
        prop_assert_eq!(table.next(from), Some(*tick), "next after {} of {}", from, told);
        from = *tick;
    }
    prop_assert!(table.next(from).is_none_or(|next| next > end), "one too many after {} of {}", from, told);
    for (a, b) in looks {
        let length = end.duration_since(start).as_secs();
        let spot = |by: &i64| start + SignedDuration::from_secs(by.rem_euclid(length));
        let (after, now) = (spot(a), spot(b));
        let expected = ticks.iter().rfind(|tick| **tick > after && **tick <= now).copied();
        prop_assert_eq!(table.due(after, now), expected, "due in ({}, {}] of {}", after, now, told);
        let expected = ticks.iter().find(|tick| **tick > now).copied();
        if expected.is_some() {
            prop_assert_eq!(table.next(now), expected, "next after {} of {}", now, told);
        }
    }
    Ok(())
}

fn looks() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec((any::<i64>(), any::<i64>()), 20)
}

/// Cases by the hundred of proptest's own, so that `PROPTEST_CASES` asks for more of all.
fn config(percent: u32) -> ProptestConfig {
    let own = ProptestConfig::default();
    ProptestConfig { cases: (own.cases * percent).div_ceil(100), failure_persistence: None, ..own }
}

proptest! {
    #![proptest_config(config(800))]
    #[test]
    fn ticks_near_changes_of_the_clock_are_the_references(
        cron in cron(false),
        (zone, start) in select(&ZONES[..]).prop_flat_map(|zone| (Just(zone), start(zone))),
        looks in looks(),
    ) {
        agree(&cron, zone, start, start + SignedDuration::from_hours(30), &looks)?;
    }
}

proptest! {
    #![proptest_config(config(4))]
    #[test]
    fn days_of_a_year_are_the_references(cron in cron(true), zone in select(&ZONES[..]), year in 1990..2037_i64) {
        let start = at(&format!("{year}-01-01T00:00:00Z"));
        agree(&cron, zone, start, start + SignedDuration::from_hours(370 * 24), &[])?;
    }
}
