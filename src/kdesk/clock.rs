//! The one place of the bundled workspace that reads the wall clock; everything below it takes the time as an argument.

use jiff::Timestamp;

/// The present moment, cut to the millisecond that `meta.created` and `meta.lastModified` carry.
#[expect(clippy::disallowed_methods, reason = "the one clock of this folder: all others are handed the time")]
pub(super) fn now() -> Timestamp {
    truncate(Timestamp::now())
}

/// Milliseconds are what is stored and shown, so that a filter on `meta.lastModified` with the shown value is exact.
pub(super) fn truncate(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// `xsd:dateTime` in UTC with milliseconds (RFC 7643 section 2.3.5).
pub(super) fn text(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map(|at| format!("{at:.3}")).unwrap_or_default()
}
