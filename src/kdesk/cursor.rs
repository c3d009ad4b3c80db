//! The cursor of RFC 9865: where a listing stands, sealed so that a client can neither read nor make one up.
//!
//! It is a position (the key of the last row), not a snapshot: contacts are neither shown twice nor left out when
//! others come and go between two pages, because a contact's `seq` never changes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::types::Value as Sql;

use super::error::ScimError;

/// Seconds for which a cursor can be used (`pagination.cursorTimeout`).
pub(super) const TIMEOUT: i64 = 3600;
const VERSION: u8 = 1;
const TAG: usize = 16;

/// Where a listing stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Position {
    /// The last row's place in the order of creation.
    pub(super) seq: i64,
    /// Its sort key, if the listing is sorted.
    pub(super) key: Option<Sql>,
    /// Matches counted on the first page: counting again on each page would cost more than the page.
    pub(super) total: i64,
}

/// Seals and opens cursors for one workspace.
#[derive(Debug, Clone)]
pub(super) struct Sealer {
    secret: [u8; 32],
}

impl Sealer {
    pub(super) fn new(secret: [u8; 32]) -> Self {
        Self { secret }
    }

    /// `query` stands for what was asked: a cursor fits the query it came from and no other.
    pub(super) fn seal(&self, position: &Position, query: &str, now_seconds: i64) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&now_seconds.to_be_bytes());
        bytes.extend_from_slice(&position.seq.to_be_bytes());
        bytes.extend_from_slice(&position.total.to_be_bytes());
        match &position.key {
            Some(Sql::Integer(key)) => {
                bytes.push(b'i');
                bytes.extend_from_slice(&key.to_be_bytes());
            }
            Some(Sql::Text(key)) => {
                bytes.push(b't');
                bytes.extend_from_slice(key.as_bytes());
            }
            Some(Sql::Blob(key)) => {
                bytes.push(b'b');
                bytes.extend_from_slice(key);
            }
            Some(Sql::Null | Sql::Real(_)) | None => bytes.push(b'n'),
        }
        let tag = self.tag(&bytes, query);
        bytes.extend_from_slice(&tag);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    pub(super) fn open(&self, cursor: &str, query: &str, now_seconds: i64) -> Result<Position, ScimError> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_not_base64| ScimError::InvalidCursor)?;
        let (body, tag) = bytes.split_last_chunk::<TAG>().ok_or(ScimError::InvalidCursor)?;
        // blake3 compares in constant time.
        if self.tag(body, query) != *tag {
            return Err(ScimError::InvalidCursor);
        }
        let read = || {
            let (&[VERSION], rest) = body.split_first_chunk::<1>()? else { return None };
            let (issued, rest) = rest.split_first_chunk::<8>()?;
            let (seq, rest) = rest.split_first_chunk::<8>()?;
            let (total, rest) = rest.split_first_chunk::<8>()?;
            let (kind, key) = rest.split_first()?;
            let key = match kind {
                b'i' => Some(Sql::Integer(i64::from_be_bytes(*key.first_chunk::<8>()?))),
                b't' => Some(Sql::Text(std::str::from_utf8(key).map_or(None, |key| Some(key.to_owned()))?)),
                b'b' => Some(Sql::Blob(key.to_vec())),
                _ => None,
            };
            let position = Position { seq: i64::from_be_bytes(*seq), key, total: i64::from_be_bytes(*total) };
            Some((i64::from_be_bytes(*issued), position))
        };
        let (issued, position) = read().ok_or(ScimError::InvalidCursor)?;
        if now_seconds.saturating_sub(issued) > TIMEOUT { Err(ScimError::ExpiredCursor) } else { Ok(position) }
    }

    fn tag(&self, body: &[u8], query: &str) -> [u8; TAG] {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(body).update(query.as_bytes());
        let mut tag = [0; TAG];
        hasher.finalize_xof().fill(&mut tag);
        tag
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &str = "filter=title pr";

    #[test]
    fn returns_the_position_it_was_given() {
        let sealer = Sealer::new([7; 32]);
        for key in [None, Some(Sql::Integer(-5)), Some(Sql::Text("é".into())), Some(Sql::Blob(vec![0, 255]))] {
            let position = Position { seq: 42, key, total: 1_000_000 };
            let cursor = sealer.seal(&position, QUERY, 100);
            assert_eq!(sealer.open(&cursor, QUERY, 100 + TIMEOUT), Ok(position));
            assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "fit for a URL");
        }
    }

    #[test]
    fn rejects_another_query_another_workspace_a_changed_bit_and_old_age() {
        let sealer = Sealer::new([7; 32]);
        let cursor = sealer.seal(&Position { seq: 1, key: None, total: 2 }, QUERY, 0);
        assert_eq!(sealer.open(&cursor, "filter=active eq true", 0), Err(ScimError::InvalidCursor));
        assert_eq!(Sealer::new([8; 32]).open(&cursor, QUERY, 0), Err(ScimError::InvalidCursor));
        assert_eq!(sealer.open(&cursor, QUERY, TIMEOUT + 1), Err(ScimError::ExpiredCursor));
        for index in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed == cursor || sealer.open(&changed, QUERY, 0).is_err(), "{index}");
        }
        for nonsense in ["", "A", "%%%", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(sealer.open(nonsense, QUERY, 0), Err(ScimError::InvalidCursor));
        }
    }
}
