//! Writes the requests (RFC 4511 section 4) that a reader of people makes.

use super::PAGED_RESULTS;
use super::ber::{ENUMERATED, INTEGER, OCTET_STRING, SEQUENCE, Writer};

const BIND: u8 = 0x60;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const EXTENDED: u8 = 0x77;
const CONTROLS: u8 = 0xa0;
const SIMPLE: u8 = 0x80;
const REQUEST_NAME: u8 = 0x80;

const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_the_standard_writes_them() {
        assert_eq!(hex::encode(bind(1, "cn=a", "pw")), "3012020101600d0201030404636e3d6180027077");
        assert_eq!(hex::encode(start_tls(1)), format!("301d02010177188016{}", hex::encode("1.3.6.1.4.1.1466.20037")));
        assert_eq!(hex::encode(unbind(300)), "30060202012c4200");
        let attributes = ["mail".to_owned()];
        let filter = [0x87, 2, b'c', b'n'];
        let scope = Scope::Subtree;
        let page = Some((1000, &[7][..]));
        let asked = SearchRequest { base: "dc=a", scope, filter: &filter, attributes: &attributes, page };
        let operation = "6321040464633d610a01020a01000201000201000101008702636e300604046d61696c";
        let control = format!("a02830260416{}0101ff04093007020203e8040107", hex::encode("1.2.840.113556.1.4.319"));
        assert_eq!(hex::encode(search(2, &asked)), format!("3050020102{operation}{control}"));
        let unpaged = SearchRequest { page: None, ..asked };
        assert_eq!(hex::encode(search(2, &unpaged)), format!("3026020102{operation}"));
    }
}
