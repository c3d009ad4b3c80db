//! Connections that share people, run together from one folder.

use super::Checkout;

const SYNC: [&str; 5] = ["sync", "-f", "overlap", "--kdesk", "kdesk.db"];

/// Two connections that read one file are known to read one directory: an address that comes back under another number
/// is another person's, and the contact with its tickets is not handed over.
#[test]
fn l09_an_address_that_comes_back_under_another_number_is_handed_to_nobody() {
    let checkout = Checkout::of("overlap");
    checkout.run(&SYNC);
    let (before, person) = ("10002,Małgorzata Pietrzak,Małgorzata,Pietrzak,malgorzata.pietrzak@acme.example", "10002");
    let mut moved = before.replace("malgorzata.", "m.");
    moved.push_str(",Account Manager,EMEA/Sales,Nowhere,,PL\n");
    let heir = "10999,Marek Pietrzak,Marek,Pietrzak,malgorzata.pietrzak@acme.example,Agent,EMEA/Support,Support,,PL";
    checkout.edit("overlap/hr.csv", &format!("{before},Account Manager,EMEA/Sales,Sales,,PL\n"), &moved);
    checkout.edit("overlap/hr.csv", &moved, &format!("{moved}{heir}\n"));
    let ran = checkout.run(&SYNC);
    assert!(ran.out().contains("left 1"), "{}{}", ran.out(), ran.err());
    assert!(ran.out().contains("AddressReused 1"), "{}", ran.out());
    assert!(!ran.out().contains("claimed"), "{}", ran.out());
    let log = checkout.run(&["logs", "support/support", "--raw", "--kdesk", "kdesk.db"]).out();
    assert!(log.contains("\"person\":\"10999\"") && !log.contains(person), "{log}");
}
