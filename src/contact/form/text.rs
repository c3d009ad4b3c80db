//! Plain text: Unicode NFC, trimmed, lines ended by LF.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// Text as it is written and compared: in Unicode normalisation form C, without white space around it, with LF for line
/// ends. Borrows when nothing changes.
pub fn canonical_text(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.is_ascii() && !text.contains('\r') {
        return Cow::Borrowed(text);
    }
    let text = ComposingNormalizerBorrowed::new_nfc().normalize(text);
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n")) } else { text }
}
