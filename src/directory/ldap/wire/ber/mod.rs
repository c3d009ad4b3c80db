//! BER as LDAP uses it (RFC 4511 section 5.1): definite lengths, one-byte tags, octet strings in one piece.
//!
//! Reading borrows from the bytes and copies nothing. It never recurses: what is inside an element is read by whoever
//! expects something there, so nesting costs an attacker bytes and us nothing.

mod reader;
mod writer;

pub(crate) use reader::{Malformed, Reader, element_size};
pub(crate) use writer::Writer;

/// Universal tags.
pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_take_every_definite_form() {
        for (bytes, length) in [
            (&[4, 1, 7][..], 1),
            (&[4, 0x81, 1, 7], 1),
            // Active Directory always takes four bytes.
            (&[4, 0x84, 0, 0, 0, 1, 7], 1),
            (&[4, 0], 0),
        ] {
            assert_eq!(Reader::new(bytes).next().unwrap().1.len(), length);
            assert_eq!(element_size(bytes, 4), Ok(Some(bytes.len())));
        }
    }

    #[test]
    fn what_is_no_ber_of_ldap_is_refused() {
        for bytes in [
            &[][..],
            &[4],
            &[4, 2, 7],
            &[4, 0x82, 1],
            // Indefinite.
            &[0x24, 0x80, 4, 1, 7, 0, 0],
            // Longer than memory, and longer than a number.
            &[4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7],
            &[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7],
            &[4, 0xff],
            // A tag that goes on.
            &[0x1f, 0x81, 1, 0],
        ] {
            assert_eq!(Reader::new(bytes).next(), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0x24, 3, 4, 1, 7]).expect(OCTET_STRING), Err(Malformed));
        for number in [&[2, 0][..], &[2, 1, 0x80], &[2, 5, 1, 0, 0, 0, 0], &[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]] {
            assert_eq!(Reader::new(number).unsigned(INTEGER), Err(Malformed), "{number:?}");
        }
        assert_eq!(Reader::new(&[2, 5, 0, 0xff, 0xff, 0xff, 0xff]).unsigned(INTEGER), Ok(u32::MAX));
    }

    #[test]
    fn the_size_of_an_element_is_told_as_soon_as_it_can_be() {
        assert_eq!(element_size(&[], SEQUENCE), Ok(None));
        assert_eq!(element_size(&[0x30], SEQUENCE), Ok(None));
        assert_eq!(element_size(&[0x30, 0x82, 1], SEQUENCE), Ok(None));
        assert_eq!(element_size(&[0x30, 0x82, 1, 0], SEQUENCE), Ok(Some(260)));
        assert_eq!(element_size(&[0x15], SEQUENCE), Err(Malformed));
        assert_eq!(element_size(&[0x30, 0x80], SEQUENCE), Err(Malformed));
        assert_eq!(element_size(&[&[0x30, 0x88][..], &[0xff; 8]].concat(), SEQUENCE), Err(Malformed));
    }

    #[test]
    fn a_million_levels_are_one_element() {
        let mut bytes = Vec::new();
        for _ in 0..1_000_000 {
            bytes.extend([0x30, 0x84, 0, 0, 0, 0]);
        }
        let mut reader = Reader::new(&bytes);
        while let Ok(contents) = reader.expect(SEQUENCE) {
            assert!(contents.is_empty());
        }
        assert!(reader.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut size = element_size(&bytes, bytes.first().copied().unwrap_or_default());
            let mut reader = Reader::new(&bytes);
            while let Ok((tag, contents)) = reader.next() {
                if let Ok(Some(size)) = std::mem::replace(&mut size, Ok(None)) {
                    prop_assert_eq!(bytes.len() - reader.len(), size);
                }
                let mut inner = Reader::new(contents);
                let _text = inner.text(tag);
                let _number = inner.unsigned(INTEGER);
            }
        }

        #[test]
        fn what_is_written_is_read_back(
            number in any::<u32>(),
            contents in proptest::collection::vec(any::<u8>(), 0..70_000),
            flag in any::<bool>(),
        ) {
            let mut writer = Writer::default();
            writer.nest(SEQUENCE, |inside| {
                inside.unsigned(INTEGER, number);
                inside.nest(SET, |inside| inside.put(OCTET_STRING, &contents));
                inside.boolean(flag);
            });
            let bytes = writer.into_bytes();
            prop_assert_eq!(element_size(&bytes, SEQUENCE), Ok(Some(bytes.len())));
            let mut whole = Reader::new(&bytes);
            let mut inside = whole.enter(SEQUENCE).unwrap();
            prop_assert!(whole.is_empty());
            prop_assert_eq!(inside.unsigned(INTEGER), Ok(number));
            prop_assert_eq!(inside.enter(SET).unwrap().expect(OCTET_STRING), Ok(&contents[..]));
            prop_assert_eq!(inside.expect(BOOLEAN).unwrap() != [0], flag);
            prop_assert!(inside.is_empty());
            for cut in [1, 2, bytes.len() / 2, bytes.len() - 1] {
                prop_assert_eq!(Reader::new(&bytes[..cut]).next(), Err(Malformed));
            }
        }
    }
}
