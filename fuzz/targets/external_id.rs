//! `externalId`, which says who owns a contact (L7).
//!
//! - Any text is read without panic; what was read, written and read again, is the same person of the same owner with
//!   the same marks, to the second.
//! - Any owner and any person, written, are read back: no two share a text, and one owner's prefix holds for it alone.
//! - What fits is never longer than 255 bytes, whatever is marked on it.
#![no_main]

use arbitrary::Arbitrary;
use contactsync::contact::{ExternalId, Mark, MarkKind, OwnershipKey};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    text: &'a str,
    key: &'a str,
    person: &'a str,
    adopted: bool,
    mark: Option<(bool, u32)>,
}

fuzz_target!(|input: Input| {
    if let Some(id) = ExternalId::parse(input.text) {
        assert!(!id.person.is_empty());
        assert!(input.text.starts_with(&id.owner.prefix()), "the owner's prefix is what lists are asked for");
        let again = ExternalId::parse(&id.to_string()).expect("what is written is read");
        assert_eq!((&again.owner, &again.person, again.adopted), (&id.owner, &id.person, id.adopted));
        let mark = |id: &ExternalId| id.mark.map(|mark| (mark.kind, mark.at.as_nanosecond().div_euclid(1_000_000_000)));
        assert_eq!(mark(&again), mark(&id));
        assert_eq!(again.to_string(), id.to_string());
    }
    let (Ok(owner), false) = (OwnershipKey::new(input.key), input.person.is_empty()) else { return };
    let mark = input.mark.map(|(left, at)| Mark {
        kind: if left { MarkKind::Left } else { MarkKind::Deactivated },
        at: Timestamp::from_second(i64::from(at)).expect("a time"),
    });
    let id = ExternalId { owner, person: input.person.to_owned(), adopted: input.adopted, mark };
    let written = id.to_string();
    assert_eq!(ExternalId::parse(&written).as_ref(), Some(&id));
    assert!(!id.fits() || written.len() <= 255, "L7");
});
