//! Writing.

use super::BOOLEAN;

/// Writes elements one after the other, each with the shortest length.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// An element whose contents are these bytes.
    pub(crate) fn put(&mut self, tag: u8, contents: &[u8]) {
        self.bytes.push(tag);
        let (digits, from) = length(contents.len());
        self.bytes.extend(digits.iter().skip(from));
        self.bytes.extend_from_slice(contents);
    }

    /// An element that holds what `inside` writes.
    pub(crate) fn nest(&mut self, tag: u8, inside: impl FnOnce(&mut Self)) {
        self.bytes.push(tag);
        let start = self.bytes.len();
        inside(self);
        let (digits, from) = length(self.bytes.len() - start);
        self.bytes.splice(start..start, digits.into_iter().skip(from));
    }

    /// A number in the fewest bytes that keep it from looking negative.
    pub(crate) fn unsigned(&mut self, tag: u8, number: u32) {
        let mut digits = [0; 5];
        for (place, byte) in digits.iter_mut().skip(1).zip(number.to_be_bytes()) {
            *place = byte;
        }
        let mut digits = digits.as_slice();
        while let [0, rest @ ..] = digits
            && rest.first().is_some_and(|next| *next < 0x80)
        {
            digits = rest;
        }
        self.put(tag, digits);
    }

    /// Elements that are BER already.
    pub(crate) fn raw(&mut self, elements: &[u8]) {
        self.bytes.extend_from_slice(elements);
    }

    pub(crate) fn boolean(&mut self, value: bool) {
        self.put(BOOLEAN, &[if value { 0xff } else { 0 }]);
    }
}

/// The bytes of a length, and where in them it begins.
fn length(length: usize) -> ([u8; 9], usize) {
    let mut bytes = [0; 9];
    let digits = length.to_be_bytes();
    for (place, byte) in bytes.iter_mut().skip(9 - digits.len()).zip(digits) {
        *place = byte;
    }
    if length < 0x80 {
        return (bytes, 8);
    }
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let count = 0x80 | u8::try_from(9 - zeros).unwrap_or(8);
    if let Some(place) = bytes.get_mut(zeros - 1) {
        *place = count;
    }
    (bytes, zeros - 1)
}
