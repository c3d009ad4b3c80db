//! What is read as a schedule, and what is said of what is not.

use super::{at, read, schedule};
use crate::api::Schedule;
use crate::schedule::{ScheduleError, Timetable, faults};

#[test]
fn the_words_of_a_cronjob_are_known() {
    let from = at("2026-06-10T12:34:56Z");
    for (word, next) in [
        ("@hourly", "2026-06-10T13:00:00Z"),
        ("@daily", "2026-06-11T00:00:00Z"),
        ("@midnight", "2026-06-11T00:00:00Z"),
        ("@Weekly", "2026-06-14T00:00:00Z"),
        ("@monthly", "2026-07-01T00:00:00Z"),
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@annually", "2027-01-01T00:00:00Z"),
        ("0 0 * * 7", "2026-06-14T00:00:00Z"),
        ("0 0 * * fri-sun", "2026-06-12T00:00:00Z"),
        ("0 0 1 FEB-MAR *", "2027-02-01T00:00:00Z"),
        ("  5/20   12-13  ?  *  ? ", "2026-06-10T12:45:00Z"),
        ("*/100 * * * *", "2026-06-10T13:00:00Z"),
    ] {
        assert_eq!(read(word).unwrap().next(from), Some(at(next)), "{word}");
    }
}

#[test]
fn what_a_cronjob_refuses_is_refused() {
    for word in [
        "",
        " ",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * 0 *",
        "* * * * 8",
        "5-1 * * * *",
        "*/0 * * * *",
        ", * * * *",
        "1,,2 * * * *",
        "1, * * * *",
        "-1 * * * *",
        "+1 * * * *",
        "1- * * * *",
        "/5 * * * *",
        "1-2-3 * * * *",
        "1/2/3 * * * *",
        "JAN * * * *",
        "* * * MON *",
        "* * * 1JAN *",
        "* * L * *",
        "* * 15W * *",
        "* * * * 5#2",
        "* * * * 5L",
        "* * * * +1",
        "? * * * *",
        "0 0 99,*/1 * *",
        "0 0 5-1,* * *",
        "*/0,* * * * *",
        "* * * ? *",
        "a * * * *",
        "٣ * * * *",
        "99999999999999999999 * * * *",
        "*/99999999999 * * * *",
        "TZ=Europe/Oslo * * * *",
        "CRON_TZ=UTC * * * * *",
    ] {
        let error = read(word).map(|_| ()).unwrap_err();
        assert!(matches!(&error, ScheduleError::NotCron(text) if text == word), "{word:?}: {error:?}");
        assert!(error.to_string().contains("minute (0-59)"), "{error}");
    }
    for word in ["@houly", "@every 5m", "@reboot", "@", "@daily now"] {
        assert_eq!(read(word).map(|_| ()).unwrap_err(), ScheduleError::UnknownNickname(word.to_owned()));
    }
    for word in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 31 4 */1"] {
        assert_eq!(read(word).map(|_| ()).unwrap_err(), ScheduleError::NeverComes(word.to_owned()));
    }
    // As the fields of days are one or the other, this one comes on Mondays.
    assert!(read("0 0 30 2 1").is_ok());
}

#[test]
fn every_fault_names_its_field_and_how_to_mend_it() {
    let both = Schedule { time_zone: Some("Europe/Stokholm".into()), cron: Some("x".into()), ..schedule() };
    let fields: Vec<&str> = faults(&both).iter().map(ScheduleError::field).collect();
    assert_eq!(fields, ["timeZone", "cron"]);
    assert_eq!(faults(&schedule()), [ScheduleError::NotOne]);
    let deadline =
        Schedule { cron: Some("@daily".into()), starting_deadline: Some("-1m".parse().unwrap()), ..schedule() };
    assert_eq!(Timetable::new(&deadline, "").map(|_| ()).unwrap_err().field(), "startingDeadline");
    assert!(faults(&Schedule { cron: Some("@daily".into()), ..schedule() }).is_empty());
}
