//! How time and memory grow with the number of people, from a CSV file.

use crate::desk::Desk;
use crate::scene::{Scene, csv};
use crate::show;

pub fn measure(sizes: &[usize]) {
    println!("Growth, from a CSV file:");
    println!("{:<34} {:>9} {:>9} {:>12}", "", "time", "CPU", "peak memory");
    for &people in sizes {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::start(&folder.path().join("kdesk.db"));
        let source = csv(people, folder.path());
        let scene = Scene::new(folder.path(), &desk.base, &source);
        for (what, count) in [("first run", "created"), ("nothing to do", "unchanged")] {
            let (cost, outcome) = scene.run();
            assert_eq!(outcome[0]["counts"][count].as_u64(), Some(people as u64), "{outcome:#}");
            println!("{}", show(&format!("{what}, {people} people"), people, &cost));
        }
    }
}
