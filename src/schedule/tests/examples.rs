//! Days on which schedules go wrong, by name.

use jiff::{SignedDuration, Timestamp};

use super::{at, cron_in, duration, read, schedule, ticks};
use crate::api::Schedule;
use crate::schedule::Timetable;

#[test]
fn a_time_that_is_left_out_comes_once_when_the_clock_is_put_forward() {
    let day = "2026-03-28T12:00:00Z";
    assert_eq!(ticks("30 2 * * *", "Europe/Stockholm", day, 2), ["2026-03-29 03:00+02:00", "2026-03-30 02:30+02:00"]);
    // Several that are left out, one of them twice a day, and one that is there anyway, make one.
    assert_eq!(
        ticks("0,15,30 2,3,14 * * *", "Europe/Stockholm", "2026-03-29T00:00:00Z", 4),
        ["2026-03-29 03:00+02:00", "2026-03-29 03:15+02:00", "2026-03-29 03:30+02:00", "2026-03-29 14:00+02:00"]
    );
    // At midnight, by half an hour.
    assert_eq!(ticks("30 0 * * *", "Africa/Cairo", "2026-04-23T12:00:00Z", 1), ["2026-04-24 01:00+03:00"]);
    assert_eq!(ticks("10 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00:00Z", 1), ["2026-10-04 02:30+11:00"]);
}

#[test]
fn a_time_that_comes_twice_counts_once() {
    let day = "2026-10-24T12:00:00Z";
    assert_eq!(ticks("30 2 * * *", "Europe/Stockholm", day, 2), ["2026-10-25 02:30+02:00", "2026-10-26 02:30+01:00"]);
    assert_eq!(
        ticks("0,30 2,3 * * *", "Europe/Stockholm", day, 4),
        ["2026-10-25 02:00+02:00", "2026-10-25 02:30+02:00", "2026-10-25 03:00+01:00", "2026-10-25 03:30+01:00"]
    );
}

#[test]
fn a_schedule_of_all_hours_goes_on_through_both() {
    assert_eq!(
        ticks("*/30 * * * *", "Europe/Stockholm", "2026-03-29T00:00:00Z", 3),
        ["2026-03-29 01:30+01:00", "2026-03-29 03:00+02:00", "2026-03-29 03:30+02:00"]
    );
    assert_eq!(
        ticks("*/30 * * * *", "Europe/Stockholm", "2026-10-25T00:00:00Z", 4),
        ["2026-10-25 02:30+02:00", "2026-10-25 02:00+01:00", "2026-10-25 02:30+01:00", "2026-10-25 03:00+01:00"]
    );
    assert_eq!(
        ticks("17 * * * *", "Europe/Stockholm", "2026-03-29T00:00:00Z", 2),
        ["2026-03-29 01:17+01:00", "2026-03-29 03:17+02:00"]
    );
    assert_eq!(
        ticks("*/30 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", 4),
        ["2026-04-05 01:30+11:00", "2026-04-05 01:30+10:30", "2026-04-05 02:00+10:30", "2026-04-05 02:30+10:30"]
    );
}

#[test]
fn a_day_that_is_left_out_comes_at_the_start_of_the_next() {
    // Samoa went over the date line: there was no 30 December 2011.
    assert_eq!(
        ticks("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", 3),
        ["2011-12-29 09:00-10:00", "2011-12-31 00:00+14:00", "2011-12-31 09:00+14:00"]
    );
    assert_eq!(ticks("0 9 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 1), ["2011-12-31 00:00+14:00"]);
    assert_eq!(
        ticks("0 * * * *", "Pacific/Apia", "2011-12-30T08:30:00Z", 3),
        ["2011-12-29 23:00-10:00", "2011-12-31 00:00+14:00", "2011-12-31 01:00+14:00"]
    );
}

#[test]
fn leap_days_and_the_31st_wait_for_their_day() {
    let utc = |cron, after, count| ticks(cron, "UTC", after, count);
    assert_eq!(utc("0 6 29 2 *", "2026-01-01T00:00:00Z", 2), ["2028-02-29 06:00+00:00", "2032-02-29 06:00+00:00"]);
    // 2100 is no leap year: the longest wait that there is.
    assert_eq!(utc("0 6 29 2 *", "2096-03-01T00:00:00Z", 1), ["2104-02-29 06:00+00:00"]);
    assert_eq!(
        cron_in("0 6 29 2 *", "Europe/Stockholm").due(at("2096-01-01T00:00:00Z"), at("2104-02-28T00:00:00Z")),
        Some(at("2096-02-29T05:00:00Z"))
    );
    assert_eq!(
        utc("0 0 31 * *", "2026-01-31T00:00:00Z", 3),
        ["2026-03-31 00:00+00:00", "2026-05-31 00:00+00:00", "2026-07-31 00:00+00:00"]
    );
}

#[test]
fn a_day_of_the_month_and_a_weekday_are_one_or_the_other() {
    assert_eq!(
        ticks("0 0 13 * FRI", "UTC", "2026-02-01T00:00:00Z", 4),
        ["2026-02-06 00:00+00:00", "2026-02-13 00:00+00:00", "2026-02-20 00:00+00:00", "2026-02-27 00:00+00:00"]
    );
    // A star, however written, leaves the choice to the other.
    for cron in ["0 0 * * MON", "0 0 */1 * MON", "0 0 ? * 1", "0 0 5,* * 1", "0 0 5,*/1 * Mon"] {
        assert_eq!(ticks(cron, "UTC", "2026-02-01T00:00:00Z", 2), ["2026-02-02 00:00+00:00", "2026-02-09 00:00+00:00"]);
    }
}

#[test]
fn a_zone_that_changes_for_good_is_followed() {
    // Pyongyang went back to UTC+9 at 23:30 on 4 May 2018.
    assert_eq!(
        ticks("45 23 * * *", "Asia/Pyongyang", "2018-05-03T00:00:00Z", 3),
        ["2018-05-03 23:45+08:30", "2018-05-05 00:00+09:00", "2018-05-05 23:45+09:00"]
    );
    // Caracas put its clock back by half an hour at 03:00 on 9 December 2007.
    assert_eq!(
        ticks("45 2 * * *", "America/Caracas", "2007-12-09T00:00:00Z", 2),
        ["2007-12-09 02:45-04:00", "2007-12-10 02:45-04:30"]
    );
}

#[test]
fn only_the_most_recent_missed_tick_is_due() {
    let table = read("0 6 * * *").unwrap();
    let (after, now) = (at("2026-01-01T06:00:00Z"), at("2026-01-11T05:59:59.999Z"));
    assert_eq!(table.due(after, now), Some(at("2026-01-10T06:00:00Z")));
    assert_eq!(table.due(at("2026-01-10T06:00:00Z"), now), None);
    assert_eq!(table.due(after, at("2026-01-02T06:00:00Z")), Some(at("2026-01-02T06:00:00Z")));
    assert_eq!(table.due(after, at("2026-01-02T05:59:59Z")), None);
}

#[test]
fn a_tick_later_than_the_starting_deadline_is_forgotten() {
    let spec = Schedule { cron: Some("0 6 * * *".into()), starting_deadline: Some(duration("10m")), ..schedule() };
    let table = Timetable::new(&spec, "").unwrap();
    let after = at("2026-01-01T00:00:00Z");
    assert_eq!(table.due(after, at("2026-01-05T06:10:00Z")), Some(at("2026-01-05T06:00:00Z")));
    assert_eq!(table.due(after, at("2026-01-05T06:10:00.001Z")), None);
    let every = Schedule { interval: Some(duration("1h")), starting_deadline: Some(duration("10m")), ..schedule() };
    let table = Timetable::new(&every, "uid").unwrap();
    let tick = table.next(after).unwrap();
    assert_eq!(table.due(after, tick + SignedDuration::from_mins(10)), Some(tick));
    assert_eq!(table.due(after, tick + SignedDuration::from_mins(11)), None);
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_due() {
    let table = read("* * * * *").unwrap();
    let after = at("2026-01-01T00:00:00Z");
    for back in [0, 1, 3600, 10_000_000] {
        assert_eq!(table.due(after, after - SignedDuration::from_secs(back)), None);
    }
}

#[test]
fn a_year_of_downtime_costs_no_more_than_a_minute() {
    let years = [at("1970-01-01T00:00:00Z"), at("2026-10-25T01:30:30Z")];
    let begun = std::time::Instant::now();
    for cron in ["* * * * *", "*/30 * * * *", "0 6 29 2 *"] {
        let table = cron_in(cron, "Europe/Stockholm");
        for _ in 0..100 {
            assert!(table.due(years[0], years[1]).is_some());
        }
    }
    // Tick by tick this would be billions of steps.
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn the_ends_of_time_end_no_process() {
    let edges = [
        Timestamp::MIN,
        Timestamp::MAX,
        Timestamp::UNIX_EPOCH,
        at("-000001-12-31T23:59:59Z"),
        at("5000-12-31T23:59:00Z"),
    ];
    let every = Schedule { interval: Some(duration("90m")), starting_deadline: Some(duration("1h")), ..schedule() };
    let mut tables = vec![Timetable::new(&every, "uid").unwrap()];
    for zone in ["UTC", "Europe/Stockholm", "Pacific/Apia", "Africa/Casablanca"] {
        tables.extend(["* * * * *", "30 2 * * *", "0 0 29 2 *"].map(|cron| cron_in(cron, zone)));
    }
    for table in &tables {
        for a in edges {
            assert!(table.next(a).is_none_or(|next| next > a));
            for b in edges {
                assert!(table.due(a, b).is_none_or(|tick| tick > a && tick <= b));
            }
        }
    }
}
