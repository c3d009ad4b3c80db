//! Intervals: where in them an object's ticks lie.

use jiff::SignedDuration;

use super::{at, duration, schedule};
use crate::api::Schedule;
use crate::schedule::{ScheduleError, Timetable};

fn every(interval: &str, seed: &str) -> Result<Timetable, ScheduleError> {
    Timetable::new(&Schedule { interval: Some(duration(interval)), ..schedule() }, seed)
}

#[test]
fn ticks_keep_their_place_and_their_distance() {
    let start = at("2026-01-01T00:00:00Z");
    let table = every("30m", "7f0c3a52-0000-4000-8000-000000000001").unwrap();
    let mut tick = table.next(start).unwrap();
    for _ in 0..1_000 {
        let next = table.next(tick).unwrap();
        assert_eq!(next.duration_since(tick), SignedDuration::from_mins(30));
        // However late the run of a tick starts, the next does not move.
        for late in [1, 60, 1799] {
            let now = tick + SignedDuration::from_secs(late);
            assert_eq!(table.due(start, now), Some(tick));
            assert_eq!(table.next(now), Some(next));
        }
        tick = next;
    }
    // A process that knows nothing of the first one comes to the same.
    let again = every("30m", "7f0c3a52-0000-4000-8000-000000000001").unwrap();
    assert_eq!(again.next(start), table.next(start));
    // This is written into clusters: another version must not move everybody's runs.
    assert_eq!(table.next(start).unwrap().to_string(), "2026-01-01T00:12:24Z");
}

#[test]
fn many_objects_spread_evenly() {
    let start = at("2026-01-01T00:00:00Z");
    let mut minutes = [0_u32; 30];
    for number in 0..3_000 {
        let tick = every("30m", &format!("uid-{number}")).unwrap().next(start).unwrap();
        let second = tick.duration_since(start).as_secs() - 1;
        minutes[usize::try_from(second / 60).unwrap()] += 1;
    }
    // 100 each by expectation; the deviation of such a count is 10.
    assert!(minutes.iter().all(|count| (60..140).contains(count)), "{minutes:?}");
}

#[test]
fn an_interval_has_bounds() {
    for wrong in ["0s", "59s", "1000000h"] {
        assert_eq!(every(wrong, "").unwrap_err(), ScheduleError::IntervalBounds);
    }
    // All that the schema lets through; a part of a second counts as a whole one.
    for right in ["1m", "59s999ms", "99999h99999h99999h99999h"] {
        assert!(every(right, "uid").unwrap().next(at("2026-01-01T00:00:00Z")).is_some(), "{right}");
    }
    assert_eq!(every("-5m", "").unwrap_err().field(), "interval");
}
