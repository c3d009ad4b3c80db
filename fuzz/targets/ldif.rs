//! LDIF (RFC 2849) as a file of people.
//!
//! - No bytes panic, or take more than bounded time and memory.
//! - Who was read, written as LDIF and read again, is the same, whoever wrote it: folded, CRLF, commented, base64.
//! - L2: a file that is cut is refused, or nobody is missing (see `files::cut`).
//! - Asking about groups changes nobody but their groups.
#![no_main]

use contactsync::api::{FileFormat, Membership};
use contactsync::directory::{GroupQuery, ReadQuery, ResolvedGroup, dn};
use contactsync_fuzz::{files, mix, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let (source, query) = (files::source(FileFormat::Ldif, "entryUUID"), files::query());
    let Ok(people) = files::read(&source, &query, data) else { return };
    let written = print::ldif(&people);
    for text in [print::other_ldif(&written), written] {
        let again = files::read(&source, &query, text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(again, people);
    }
    files::cut(&source, &query, data, &people, mix(data) % (data.len() + 1));
    let id = dn::normalize("cn=staff,dc=a").expect("a name");
    for membership in [Membership::Direct, Membership::Nested] {
        let group = GroupQuery { group: ResolvedGroup { id: id.clone(), handle: id.clone() }, membership };
        let query = ReadQuery { groups: vec![group], ..query.clone() };
        let Ok(members) = files::read(&source, &query, data) else { continue };
        assert_eq!(members.len(), people.len());
        for (member, person) in members.iter().zip(&people) {
            assert_eq!((&member.id, &member.attributes), (&person.id, &person.attributes));
        }
    }
});
