//! People of an LDAP server into the bundled workspace, beside a raw dump, a raw load and a raw listing.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::child::Cost;
use crate::desk::Desk;
use crate::scene::{Scene, ldap, tidy_company};
use crate::support::company::{Company, SUFFIX};
use crate::support::slapd::Slapd;
use crate::{median, ratio, seconds, show};

const ROUNDS: usize = 3;
/// What the Standard preset reads of a person.
const ATTRIBUTES: &str = "entryUUID displayName cn givenName sn mail o title ou departmentNumber telephoneNumber mobile street l st postalCode c co";

pub async fn measure(people: usize) {
    let company = tidy_company(people);
    let slapd = Slapd::with(&company.to_ldif());
    let folder = tempfile::tempdir().unwrap();
    println!("{people} people of slapd over TLS, into the bundled workspace (median of {ROUNDS}):");
    let dump = median((0..ROUNDS).map(|_| dump(&slapd)).collect(), |time| *time);
    println!("{:<34} {:>9}", "raw dump: ldapsearch", seconds(dump));

    let source = ldap(&slapd, folder.path());
    let mut firsts = Vec::new();
    let mut loads = Vec::new();
    let mut kept = None;
    for round in 0..ROUNDS {
        let at = folder.path().join(round.to_string());
        let desk = Desk::start(&folder.path().join(format!("first{round}.db")));
        let scene = Scene::new(&at, &desk.base, &source);
        let first = run(&scene, &desk, "created", people);
        let bodies = desk.bodies().await;
        let raw = Desk::start(&folder.path().join(format!("raw{round}.db")));
        loads.push((raw.load(bodies).await, raw.cpu()));
        firsts.push(first);
        kept = Some((desk, scene));
    }
    let (desk, scene) = kept.unwrap();
    let (load, load_cpu) = median(loads, |(time, _)| *time);
    println!(
        "{:<34} {:>9}   ({:.0} contacts a second; the workspace's CPU {})",
        "raw load: ready-made Bulk bodies",
        seconds(load),
        people as f64 / load.as_secs_f64(),
        seconds(load_cpu)
    );
    let mut listings = Vec::new();
    for _ in 0..ROUNDS {
        listings.push(desk.pages(|_| {}).await);
    }
    let listing = median(listings, |time| *time);
    let speed = people as f64 / listing.as_secs_f64();
    println!("{:<34} {:>9}   ({speed:.0} contacts a second)", "raw listing: pages thrown away", seconds(listing));

    println!("{:<34} {:>9} {:>9} {:>12}", "", "time", "CPU", "peak memory");
    let (first, first_desk) = median(firsts, |(cost, _)| cost.wall);
    println!("{}", show("first run", people, &first));
    let (nothing, _) = median((0..ROUNDS).map(|_| run(&scene, &desk, "unchanged", people)).collect(), |(c, _)| c.wall);
    println!("{}", show("nothing to do", people, &nothing));
    let changed = change(&slapd, &company);
    let (one_percent, _) = run(&scene, &desk, "updated", changed);
    println!("{}", show("1% changed", people, &one_percent));

    println!("first run / slower of dump and load: {:.2} (target 1.30)", ratio(first.wall, dump.max(load)));
    println!("nothing to do / slower of dump and listing: {:.2} (target 1.50)", ratio(nothing.wall, dump.max(listing)));
    println!("the workspace's CPU in the first run: {}\n", seconds(first_desk));
}

/// One run; the workspace's CPU time with it.
fn run(scene: &Scene, desk: &Desk, count: &str, expected: usize) -> (Cost, Duration) {
    let before = desk.cpu();
    let (cost, outcome) = scene.run();
    let counted = outcome[0]["counts"][count].as_u64();
    assert_eq!(counted, Some(expected as u64), "{count}: {outcome:#}");
    (cost, desk.cpu().saturating_sub(before))
}

fn dump(slapd: &Slapd) -> Duration {
    let begin = Instant::now();
    let mut client = slapd.client("ldapsearch");
    client.args(["-LLL", "-E", "pr=1000/noprompt", "-b", SUFFIX, "(objectClass=inetOrgPerson)"]);
    client.args(ATTRIBUTES.split(' '));
    assert!(client.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap().success());
    begin.elapsed()
}

/// Gives one person in a hundred another title.
fn change(slapd: &Slapd, company: &Company) -> usize {
    let mut ldif = String::new();
    let some = company.people.iter().step_by(100);
    let count = some.len();
    for one in some {
        write!(ldif, "dn: {}\nchangetype: modify\nreplace: title\ntitle: Wizard\n\n", one.dn).unwrap();
    }
    slapd.modify(&ldif);
    count
}
