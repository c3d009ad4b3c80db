//! What the program tells of people: ids and names of fields, and nothing else unless it is asked to.

use super::Checkout;

/// Every name, address and phone number of the file.
fn personal(checkout: &Checkout) -> Vec<String> {
    let mut rows = csv::Reader::from_path(checkout.path("quickstart/people.csv")).unwrap();
    let header = rows.headers().unwrap().clone();
    let places: Vec<usize> = ["displayName", "mail", "telephoneNumber", "mobile", "street"]
        .iter()
        .map(|name| header.iter().position(|found| found == *name).unwrap())
        .collect();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    let values = rows.iter().flat_map(|row| places.iter().map(|place| row[*place].to_owned()));
    let mut values: Vec<String> = values.filter(|value| value.len() > 5).collect();
    values.extend(["changed.name@acme.example", "Changed Name", "no address at all"].map(str::to_owned));
    values
}

#[test]
fn l20_nothing_that_is_printed_or_kept_holds_a_name_or_an_address() {
    let checkout = Checkout::of("quickstart");
    let personal = personal(&checkout);
    let (debug, desk) = ([("CONTACTSYNC_LOG", "debug")], ["--kdesk", "kdesk.db"]);
    let mut told = String::new();
    let mut tell = |args: &[&str]| {
        let ran = checkout.run_with(&debug, &[args, &desk].concat());
        told.push_str(&ran.out());
        told.push_str(&ran.err());
    };
    let sync = ["sync", "-f", "quickstart"];
    tell(&sync);
    // A new name and address, one that is none, one that another person has, and a row that does not parse.
    checkout.edit(
        "quickstart/people.csv",
        "Nuria Muñoz,Nuria,Muñoz,nuria.munoz@acme.example",
        "Changed Name,Nuria,Muñoz,changed.name@acme.example",
    );
    let people = std::fs::read_to_string(checkout.path("quickstart/people.csv")).unwrap();
    let mut in_scope = people
        .lines()
        .filter(|line| line.contains("Sales EMEA") && !line.contains("Changed Name") && !line.contains("Contractor"));
    let (one, two, three) = (in_scope.next().unwrap(), in_scope.next().unwrap(), in_scope.next().unwrap());
    let mail = |line: &str| line.split(',').find(|cell| cell.contains('@')).unwrap().to_owned();
    checkout.edit("quickstart/people.csv", &mail(one), "no address at all");
    checkout.edit("quickstart/people.csv", &mail(two), &mail(three));
    tell(&sync);
    tell(&["sync", "-f", "quickstart", "-o", "json"]);
    checkout.edit("quickstart/people.csv", "\n10005,", "\n10005,too,many,fields,");
    tell(&sync);
    for args in [&["history", "emea-sales"][..], &["history", "emea-sales", "-o", "json"]] {
        tell(args);
    }
    let runs = checkout.run(&["history", "emea-sales", "-o", "json", "--kdesk", "kdesk.db"]);
    let runs: serde_json::Value = serde_json::from_str(&runs.out()).unwrap();
    for run in runs.as_array().unwrap() {
        let id = run["id"].as_str().unwrap();
        tell(&["logs", "emea-sales", "--run", id]);
        tell(&["logs", "emea-sales", "--run", id, "--raw"]);
    }
    for word in ["10016", "NotMappable", "DuplicateEmail", "people.csv:"] {
        assert!(told.contains(word), "what is to be told is told: {word}");
    }
    let (told, found) =
        (told.to_lowercase(), |private: &&String| told.to_lowercase().contains(&private.to_lowercase()));
    let first = personal.iter().find(found);
    assert!(
        first.is_none(),
        "{first:?} in {:?}",
        first.and_then(|private| told.find(&private.to_lowercase())).map(|at| &told[at.saturating_sub(300)..at + 60])
    );
}
