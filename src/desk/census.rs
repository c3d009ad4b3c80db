//! Who owns contacts on a desk, as an unfiltered listing showed it lately. A filter that finds nothing is believed only
//! if such a listing agrees (L16); where many connections begin together at one desk, one listing answers for all.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Change, ChangeKind};

/// How long a listing answers for others.
const FRESH: Duration = Duration::from_mins(1);

/// The owners on one desk; empty until somebody listed everything.
#[derive(Default)]
pub(super) struct Census(Mutex<Option<Taken>>);

struct Taken {
    /// From before the listing began.
    at: Instant,
    owners: Owners,
}

/// Of each owner one `externalId`, under what all of theirs begin with (`<owner>/`).
#[derive(Debug, Default)]
pub(super) struct Owners(BTreeMap<String, String>);

impl Owners {
    /// Notes whose contact it is. Person ids hold no slash, so what comes before the last one is the owner.
    pub(super) fn note(&mut self, external_id: &str) {
        let prefix = external_id.rfind('/').and_then(|slash| external_id.get(..=slash));
        if let Some(prefix) = prefix
            && !self.0.contains_key(prefix)
        {
            self.0.insert(prefix.to_owned(), external_id.to_owned());
        }
    }

    fn has(&self, prefix: &str) -> bool {
        self.0.range(prefix.to_owned()..).next().is_some_and(|(owner, _)| owner.starts_with(prefix))
    }
}

impl Census {
    /// Keeps what a whole, unfiltered listing showed that began at `at`.
    pub(super) fn take(&self, at: Instant, owners: Owners) {
        *self.lock() = Some(Taken { at, owners });
    }

    /// What is about to be written changes who owns contacts.
    pub(super) fn heed(&self, batch: &[Change]) {
        let mut census = self.lock();
        let Some(taken) = census.as_mut() else { return };
        for change in batch {
            match &change.kind {
                ChangeKind::Create { external_id, .. }
                | ChangeKind::Update { external_id: Some(Some(external_id)), .. } => {
                    taken.owners.note(&external_id.to_string());
                }
                ChangeKind::Update { external_id: None | Some(None), .. } | ChangeKind::Delete { .. } => {}
            }
        }
    }

    /// Whether a fresh listing says that nothing begins with `prefix`; then `notice` is shown an `externalId` of every
    /// owner. `false`: nobody knows, or somebody's does.
    pub(super) fn has_none(&self, prefix: &str, notice: &dyn Fn(&str)) -> bool {
        let census = self.lock();
        let Some(taken) = census.as_ref().filter(|taken| taken.at.elapsed() < FRESH) else { return false };
        if taken.owners.has(prefix) {
            return false;
        }
        for external_id in taken.owners.0.values() {
            notice(external_id);
        }
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Taken>> {
        // Nothing is left half done under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::contact::{ExternalId, OwnershipKey};

    fn census(ids: &[&str]) -> Census {
        let census = Census::default();
        let mut owners = Owners::default();
        for id in ids {
            owners.note(id);
        }
        census.take(Instant::now(), owners);
        census
    }

    #[test]
    fn l16_a_listing_answers_for_owners_that_it_did_not_show() {
        let census = census(&["default/support/emea/7!adopted", "default/support/emea/8", "stray"]);
        let seen = RefCell::new(Vec::new());
        let notice = |id: &str| seen.borrow_mut().push(id.to_owned());
        assert!(census.has_none("default/support/apac/", &notice));
        assert_eq!(*seen.borrow(), ["default/support/emea/7!adopted"]);
        assert!(!census.has_none("default/support/emea/", &|_| {}));
        assert!(!census.has_none("default/support/", &|_| {}), "a longer key begins like this one");
        assert!(census.has_none("default/support/eme/", &|_| {}));
    }

    #[test]
    fn l16_what_is_written_since_counts_and_what_is_old_does_not() {
        let census = census(&[]);
        let owner = OwnershipKey::new("default/support/emea").unwrap();
        let create = ChangeKind::Create {
            external_id: ExternalId::new(owner, "7"),
            active: true,
            fields: Vec::new(),
            connection: String::new(),
        };
        census.heed(&[Change { key: 0, kind: create }]);
        assert!(!census.has_none("default/support/emea/", &|_| {}));
        assert!(census.has_none("default/support/apac/", &|_| {}));
        let old = Instant::now().checked_sub(FRESH).unwrap();
        census.take(old, Owners::default());
        assert!(!census.has_none("default/support/apac/", &|_| {}));
        assert!(!Census::default().has_none("default/support/apac/", &|_| {}), "nobody has listed anything");
    }
}
