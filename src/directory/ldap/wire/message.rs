//! LDAP messages (RFC 4511 section 4): writes the requests that a reader of people makes, reads the answers.

use bytes::{Buf as _, Bytes};

use super::ber::{ENUMERATED, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE, Writer};

const BIND: u8 = 0x60;
const BIND_RESPONSE: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_RESPONSE: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const RESPONSE_NAME: u8 = 0x8a;
const SIMPLE: u8 = 0x80;
const REQUEST_NAME: u8 = 0x80;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
const NOTICE_OF_DISCONNECTION: &[u8] = b"1.3.6.1.4.1.1466.20036";
const PAGED_RESULTS: &[u8] = b"1.2.840.113556.1.4.319";

/// How far below its base a search goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope {
    Base = 0,
    Subtree = 2,
}

/// What to search, with the filter in BER.
#[derive(Debug)]
pub(crate) struct SearchRequest<'a> {
    pub(crate) base: &'a str,
    pub(crate) scope: Scope,
    pub(crate) filter: &'a [u8],
    pub(crate) attributes: &'a [String],
    /// The size of a page, and the cookie of the page before it (RFC 2696).
    pub(crate) page: Option<(u32, &'a [u8])>,
}

pub(crate) fn bind(id: u32, dn: &str, password: &str) -> Vec<u8> {
    envelope(id, |message| {
        message.nest(BIND, |bind| {
            bind.unsigned(INTEGER, 3);
            bind.put(OCTET_STRING, dn.as_bytes());
            bind.put(SIMPLE, password.as_bytes());
        });
    })
}

/// Farewell; it has no answer.
pub(crate) fn unbind(id: u32) -> Vec<u8> {
    envelope(id, |message| message.put(UNBIND, &[]))
}

pub(crate) fn start_tls(id: u32) -> Vec<u8> {
    envelope(id, |message| message.nest(EXTENDED, |request| request.put(REQUEST_NAME, START_TLS)))
}

pub(crate) fn search(id: u32, request: &SearchRequest<'_>) -> Vec<u8> {
    envelope(id, |message| {
        message.nest(SEARCH, |search| {
            search.put(OCTET_STRING, request.base.as_bytes());
            search.put(ENUMERATED, &[request.scope as u8]);
            // Aliases are not followed; no limits but the server's own; values, not only types.
            search.put(ENUMERATED, &[0]);
            search.unsigned(INTEGER, 0);
            search.unsigned(INTEGER, 0);
            search.boolean(false);
            search.raw(request.filter);
            search.nest(SEQUENCE, |names| {
                for name in request.attributes {
                    names.put(OCTET_STRING, name.as_bytes());
                }
            });
        });
        let Some((size, cookie)) = request.page else { return };
        let mut value = Writer::default();
        value.nest(SEQUENCE, |value| {
            value.unsigned(INTEGER, size);
            value.put(OCTET_STRING, cookie);
        });
        message.nest(CONTROLS, |controls| {
            controls.nest(SEQUENCE, |control| {
                control.put(OCTET_STRING, PAGED_RESULTS);
                control.boolean(true);
                control.put(OCTET_STRING, &value.into_bytes());
            });
        });
    })
}

fn envelope(id: u32, operation: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut message = Writer::default();
    message.nest(SEQUENCE, |message| {
        message.unsigned(INTEGER, id);
        operation(message);
    });
    message.into_bytes()
}

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
        let mut value = control.enter(OCTET_STRING)?.enter(SEQUENCE)?;
        value.expect(INTEGER)?;
        return value.expect(OCTET_STRING).map(Some);
    }
    Ok(None)
}
