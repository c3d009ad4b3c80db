//! Reads the answers (RFC 4511 section 4) that a reader of people gets. What of a message is not needed is read over.

use bytes::{Buf as _, Bytes};

use super::PAGED_RESULTS;
use super::ber::{ENUMERATED, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE};

const BIND_RESPONSE: u8 = 0x61;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const RESPONSE_NAME: u8 = 0x8a;

const NOTICE_OF_DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";

/// An answer, and the id of the request that it answers (0: the server speaks unasked).
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: u32,
    pub(crate) answer: Answer,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Bind(Outcome),
    Extended(Outcome),
    /// A `SearchResultEntry`, still in BER: `SEQUENCE { name, attributes }` without its head.
    Entry(Bytes),
    /// The URLs of a `SearchResultReference`.
    Reference(Vec<String>),
    /// The end of a search, and the cookie of its page.
    Done(Outcome, Cookie),
    /// Says nothing that a reader of people needs.
    Intermediate,
    /// The server is about to close the connection.
    Disconnection(u32),
}

/// How an operation ended. The rest of what a server says about it (matched name, referrals) is read over.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) code: u32,
    /// Diagnostics, for the eyes of [`super::super::fault`] only: they may name people (L20).
    pub(crate) text: String,
}

/// What the end of a page says about the next one.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Cookie {
    /// Nothing, or nothing that can be read: so it does not say that this page is the last (L2).
    Unknown,
    /// Empty on the last page.
    Next(Vec<u8>),
}

/// Reads one whole message.
pub(crate) fn read(mut bytes: Bytes) -> Result<Message, Malformed> {
    let mut whole = Reader::new(&bytes);
    let mut message = whole.enter(SEQUENCE)?;
    let id = message.unsigned(INTEGER)?;
    let (tag, body) = message.next()?;
    if !whole.is_empty() || id > i32::MAX.cast_unsigned() {
        return Err(Malformed);
    }
    let answer = match tag {
        ENTRY => {
            // The controls of entries say nothing that is needed here, so what follows the entry is cut off.
            let end = bytes.len() - message.len();
            let start = end - body.len();
            bytes.truncate(end);
            bytes.advance(start);
            return Ok(Message { id, answer: Answer::Entry(bytes) });
        }
        REFERENCE => Answer::Reference(urls(body)?),
        SEARCH_DONE => {
            let (outcome, _) = outcome(body)?;
            Answer::Done(outcome, cookie(message))
        }
        BIND_RESPONSE => Answer::Bind(outcome(body)?.0),
        EXTENDED_RESPONSE => {
            let (outcome, mut rest) = outcome(body)?;
            if id != 0 {
                Answer::Extended(outcome)
            } else if rest.expect(RESPONSE_NAME)? == NOTICE_OF_DISCONNECTION {
                Answer::Disconnection(outcome.code)
            } else {
                Answer::Intermediate
            }
        }
        INTERMEDIATE => Answer::Intermediate,
        _ => return Err(Malformed),
    };
    Ok(Message { id, answer })
}

/// An `LDAPResult` (section 4.1.9), and what stands behind it.
fn outcome(body: &[u8]) -> Result<(Outcome, Reader<'_>), Malformed> {
    let mut parts = Reader::new(body);
    let code = parts.unsigned(ENUMERATED)?;
    let _matched = parts.expect(OCTET_STRING)?;
    let text = String::from_utf8_lossy(parts.expect(OCTET_STRING)?).into_owned();
    if parts.peek() == Some(REFERRAL) {
        parts.next()?;
    }
    Ok((Outcome { code, text }, parts))
}

fn urls(body: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut parts = Reader::new(body);
    let mut urls = Vec::new();
    while !parts.is_empty() {
        urls.push(parts.text(OCTET_STRING)?.to_owned());
    }
    Ok(urls)
}

fn cookie(after_operation: Reader<'_>) -> Cookie {
    paged_results(after_operation).ok().flatten().map_or(Cookie::Unknown, |cookie| Cookie::Next(cookie.to_vec()))
}

/// The cookie in the paged results control, where the answer has one.
fn paged_results(mut rest: Reader<'_>) -> Result<Option<&[u8]>, Malformed> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut controls = rest.enter(CONTROLS)?;
    while !controls.is_empty() {
        let mut control = controls.enter(SEQUENCE)?;
        if control.expect(OCTET_STRING)? != PAGED_RESULTS {
            continue;
        }
        if control.peek() != Some(OCTET_STRING) {
            // The criticality.
            control.next()?;
        }
        return cookie_in(control.expect(OCTET_STRING)?).map(Some);
    }
    Ok(None)
}

/// The cookie in the value of a paged results control.
pub(crate) fn cookie_in(value: &[u8]) -> Result<&[u8], Malformed> {
    let mut value = Reader::new(value).enter(SEQUENCE)?;
    value.expect(INTEGER)?;
    value.expect(OCTET_STRING)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::ldap::wire::ber::{BOOLEAN, SET, Writer};

    /// A message from a server.
    fn message(id: u32, operation: u8, inside: impl FnOnce(&mut Writer), controls: &[u8]) -> Bytes {
        let mut writer = Writer::default();
        writer.nest(SEQUENCE, |message| {
            message.unsigned(INTEGER, id);
            message.nest(operation, inside);
            message.raw(controls);
        });
        writer.into_bytes().into()
    }

    fn result(code: u32) -> impl FnOnce(&mut Writer) {
        move |result| {
            result.unsigned(ENUMERATED, code);
            result.put(OCTET_STRING, b"dc=acme");
            result.put(OCTET_STRING, b"data 52e, v1db1");
            result.nest(REFERRAL, |urls| urls.put(OCTET_STRING, b"ldap://other"));
        }
    }

    /// Controls with a paged results control that holds this, after one that is nobody's business.
    fn controls(value: &[u8]) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.nest(CONTROLS, |controls| {
            controls.nest(SEQUENCE, |control| control.put(OCTET_STRING, b"1.2.3"));
            controls.nest(SEQUENCE, |control| {
                control.put(OCTET_STRING, PAGED_RESULTS);
                control.put(BOOLEAN, &[0]);
                control.put(OCTET_STRING, value);
            });
        });
        writer.into_bytes()
    }

    fn end_of_page(controls: &[u8]) -> Cookie {
        match read(message(7, SEARCH_DONE, result(0), controls)).unwrap().answer {
            Answer::Done(outcome, cookie) if outcome.code == 0 => cookie,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn results_keep_their_code_and_their_text() {
        let outcome = Outcome { code: 49, text: "data 52e, v1db1".into() };
        let bind = read(message(1, BIND_RESPONSE, result(49), &[])).unwrap();
        assert_eq!((bind.id, bind.answer), (1, Answer::Bind(outcome)));
        let Answer::Extended(refused) = read(message(1, EXTENDED_RESPONSE, result(52), &[])).unwrap().answer else {
            panic!("no extended response");
        };
        assert_eq!(refused.code, 52);
    }

    #[test]
    fn reads_the_cookie_of_a_page() {
        assert_eq!(end_of_page(&controls(&[0x30, 5, 2, 1, 0, 4, 0])), Cookie::Next(vec![]));
        assert_eq!(end_of_page(&controls(&[0x30, 0x81, 8, 2, 2, 4, 0, 4, 2, 7, 8])), Cookie::Next(vec![7, 8]));
    }

    #[test]
    fn l02_a_cookie_that_cannot_be_read_is_not_the_last() {
        assert_eq!(end_of_page(&[]), Cookie::Unknown);
        for broken in [&[][..], &[0x30], &[0x30, 0], &[0x30, 5, 2, 1, 0, 4, 9], &[0x30, 0x89, 1], &[4, 2, 7, 8]] {
            assert_eq!(end_of_page(&controls(broken)), Cookie::Unknown);
        }
        // Controls that end in the middle.
        assert_eq!(end_of_page(&[CONTROLS, 9, SEQUENCE, 1]), Cookie::Unknown);
        assert_eq!(end_of_page(&[CONTROLS, 3, SEQUENCE, 9, 0]), Cookie::Unknown);
    }

    #[test]
    fn entries_are_cut_out_and_references_are_told() {
        let entry = |entry: &mut Writer| {
            entry.put(OCTET_STRING, b"cn=ann");
            entry.nest(SEQUENCE, |_| ());
        };
        let found = read(message(7, ENTRY, entry, &controls(&[]))).unwrap().answer;
        assert_eq!(found, Answer::Entry(Bytes::from_static(&[4, 6, b'c', b'n', b'=', b'a', b'n', b'n', 0x30, 0])));
        let told = read(message(7, REFERENCE, |urls| urls.put(OCTET_STRING, b"ldap://a"), &[])).unwrap().answer;
        assert_eq!(told, Answer::Reference(vec!["ldap://a".into()]));
        assert!(read(message(7, REFERENCE, |urls| urls.put(OCTET_STRING, &[0xff]), &[])).is_err());
    }

    #[test]
    fn a_server_that_goes_says_so() {
        let notice = |name: &'static [u8]| {
            let inside = |notice: &mut Writer| {
                result(52)(notice);
                notice.put(RESPONSE_NAME, name);
            };
            read(message(0, EXTENDED_RESPONSE, inside, &[])).unwrap().answer
        };
        assert_eq!(notice(NOTICE_OF_DISCONNECTION), Answer::Disconnection(52));
        assert_eq!(notice(b"1.2.3"), Answer::Intermediate);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        assert!(read(message(7, SET, |_| (), &[])).is_err());
        assert!(read(message(7, SEARCH_DONE, |done| done.put(ENUMERATED, &[0x80]), &[])).is_err());
        assert!(read(message(u32::MAX, SEARCH_DONE, result(0), &[])).is_err());
        let mut two = message(7, SEARCH_DONE, result(0), &[]).to_vec();
        two.extend_from_within(..);
        assert!(read(two.into()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _answer = read(bytes.clone().into());
            for operation in [ENTRY, REFERENCE, SEARCH_DONE, BIND_RESPONSE, EXTENDED_RESPONSE, INTERMEDIATE] {
                let _answer = read(message(7, operation, |inside| inside.raw(&bytes), &[]));
                let _answer = read(message(0, operation, result(0), &bytes));
            }
        }

        #[test]
        fn a_message_with_one_byte_changed_is_an_answer_or_refused(at in 0_usize..90, byte in any::<u8>()) {
            let mut bytes = message(7, SEARCH_DONE, result(0), &controls(&[0x30, 5, 2, 1, 0, 4, 0])).to_vec();
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            let _answer = read(bytes.into());
        }
    }
}
