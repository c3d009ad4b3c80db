//! Two processes of one connection at the same time.

use std::collections::HashMap;

use super::base::{Base, Sort};
use crate::support::ledger::assert_sound;
use crate::support::processes::Ended;
use crate::support::upheaval::{Leavers, lay_out, put_file, staff};

/// In one folder, and in two with run records of their own.
#[tokio::test(flavor = "multi_thread")]
async fn l12_two_first_runs_at_once_make_nobody_twice() {
    let base = Base::make(Sort::First, 700).await;
    for same_folder in [true, false] {
        let stage = base.stage().await;
        let folder = tempfile::tempdir().unwrap();
        let other = if same_folder {
            stage.place.clone()
        } else {
            let place = lay_out(folder.path(), &stage.desk.base(), &staff(Leavers::Deactivate));
            put_file(&place, "people.csv", &base.file());
            place
        };
        let (one, two) = (stage.place.start(&[]), other.start(&[]));
        let (one, two) = (one.end().await, two.end().await);
        // One that was asked to list contacts just before the other made them may see that what it was shown is not so
        // any more; then it stops.
        let outdated = |ran: &Ended| ran.code() == 2 && ran.said().contains("were not listed whole");
        assert!(one.code() == 0 || two.code() == 0, "{}{}", one.said(), two.said());
        assert!([&one, &two].iter().all(|ran| ran.code() == 0 || outdated(ran)), "{}{}", one.said(), two.said());
        let after = stage.ledger();
        assert_eq!(base.after.differences(&after, &base.before), Vec::<String>::new());
        assert_eq!(after.doubled(), Vec::<String>::new());
        stage.between.count_anew();
        let next = stage.place.run(&[]).await;
        assert_eq!((next.code(), stage.between.writes()), (0, 0), "{}", next.said());
        assert_sound(&stage.desk.database, &HashMap::new());
    }
}
