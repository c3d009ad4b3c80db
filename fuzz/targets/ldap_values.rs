//! What an LDAP server's answers hold: names, ids, cookies, ranges, messages; and the filters that are sent to it.
//!
//! - Nothing panics. A name's canonical form is its own, and lies below its own base and no other.
//! - The filter that finds an id is a filter, and what somebody wrote cannot leave its place in ours.
//! - L2: values in ranges are read to the `*` in as many requests as there are answers, without a hole, or refused.
#![no_main]

use arbitrary::Arbitrary;
use contactsync::directory::dn;
use contactsync::fuzzing::ldap;
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
enum Input<'a> {
    Names(&'a str, &'a str),
    Id(u8, &'a [u8]),
    Sids(&'a [u8], &'a [u8]),
    /// Or a whole message.
    Cookie(&'a [u8]),
    Filter(&'a str, &'a str),
    Ranges(Vec<(Name<'a>, Vec<&'a [u8]>)>),
}

#[derive(Arbitrary, Debug)]
enum Name<'a> {
    Plain,
    /// Small numbers, and by wrapping the greatest ones.
    Last(i8),
    Part(i8, i8),
    /// As many as there are values, from where the one before ended.
    Right,
    Other(&'a str),
}

fuzz_target!(|input: Input| match input {
    Input::Names(one, other) => names(one, other),
    Input::Id(attribute, value) => {
        let attribute = ["objectGUID", "entryUUID", "employeeNumber"][usize::from(attribute) % 3];
        let Some((id, filter)) = ldap::id(attribute, value) else { return };
        assert!(!id.is_empty());
        let filter = filter.expect("an id that was read can be found");
        assert_eq!(ldap::check_filter(&filter), Ok(filter.as_str()));
        if attribute != "employeeNumber" {
            assert_eq!(ldap::id(attribute, value).map(|(id, _)| id.to_lowercase()), Some(id));
        }
    }
    Input::Sids(person, group) => {
        let sid = ldap::sid_text(person);
        assert_eq!(sid.is_some(), person.len() >= 8 && person.len() == 8 + 4 * usize::from(person[1]));
        if let (Some(sid), Some(primary)) = (sid, ldap::primary_group_sid(person, group))
            && person.len() > 8
        {
            let primary = ldap::sid_text(&primary).expect("as long as the person's");
            assert_eq!(primary.rsplit_once('-').map(|it| it.0), sid.rsplit_once('-').map(|it| it.0), "one domain");
        }
    }
    Input::Cookie(control) => {
        if let Some((name, attributes, values)) = ldap::message(control) {
            // Each takes two bytes at least.
            assert!(name.len() + 2 * (attributes + values) < control.len());
        }
        if let Some(cookie) = ldap::cookie(control) {
            assert!(control.windows(cookie.len().max(1)).any(|part| part == cookie) || cookie.is_empty());
        }
    }
    Input::Filter(filter, value) => {
        let equals = ldap::equals("cn", value);
        assert_eq!(ldap::check_filter(&equals), Ok(equals.as_str()), "a value stays in its place");
        if let Ok(filter) = ldap::check_filter(filter) {
            let both = ldap::and(filter, &equals);
            assert!(ldap::check_filter(&both).is_ok() || both.matches('(').count() > 32, "{both}");
        }
    }
    Input::Ranges(answers) => ranges(answers),
});

fn names(one: &str, other: &str) {
    let Ok(base) = dn::normalize(one) else { return };
    assert_eq!(dn::normalize(&base).as_ref(), Ok(&base));
    assert!(dn::is_under(&base, &base) && dn::is_under(&base, ""));
    let Ok(name) = dn::normalize(other) else { return };
    if !one.trim().is_empty() && !other.trim().is_empty() {
        let below = dn::normalize(&format!("{other},{one}")).expect("two names are one");
        assert_eq!(below, format!("{name},{base}"));
        assert!(dn::is_under(&below, &base) && !dn::is_under(&base, &below));
    }
}

fn number(edge: i8) -> u64 {
    i64::from(edge).cast_unsigned()
}

fn ranges(answers: Vec<(Name, Vec<&[u8]>)>) {
    let (mut ranged, mut sent, mut read) = (ldap::Ranged::members(), 0_u64, 0_u64);
    let answered = answers.len();
    let mut requests = 0;
    for (name, values) in answers {
        let Some(request) = ranged.request() else { break };
        assert!(requests == 0 || request != "member", "L2: begins again");
        requests += 1;
        let count = values.len() as u64;
        let name = match name {
            Name::Plain => "member".to_owned(),
            Name::Last(first) => format!("member;range={}-*", number(first)),
            Name::Part(first, last) => format!("member;range={}-{}", number(first), number(last)),
            Name::Right if count == 0 => "member;range=0-*".to_owned(),
            Name::Right => format!("member;range={sent}-{}", sent + count - 1),
            Name::Other(name) => name.to_owned(),
        };
        sent += count;
        let Some(values) = ranged.accept(vec![(name, values.into_iter().map(<[u8]>::to_vec).collect())]) else {
            return;
        };
        read += values.len() as u64;
        assert!(!values.is_empty() || ranged.request().is_none(), "L2: an answer without values goes on");
    }
    assert!(requests <= answered && read <= sent);
}
