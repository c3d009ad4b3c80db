//! Which ownership keys a connection may use. A key is power over the contacts that are owned under it, and over the
//! run records that lie under it; who may write a manifest in one namespace must not get it over another's.

use crate::contact::OwnershipKey;

/// Who asks for a key.
pub(super) struct Claimant<'a> {
    /// The connection's namespace.
    pub(super) namespace: &'a str,
    /// Its workspace lies in another namespace, whose people let it in, but did not hand it their contacts.
    pub(super) is_guest: bool,
    /// First part of ownership keys that connections do not write out.
    pub(super) cluster: &'a str,
}

impl Claimant<'_> {
    /// Whether it may own contacts under a key: never under one that names another namespace of this cluster.
    pub(super) fn may_own(&self, key: &OwnershipKey) -> bool {
        if self.is_guest { self.names_own_namespace(key) } else { !self.is_anothers(key) }
    }

    /// Whether it may take over what is owned under a key: at a workspace of its own namespace whatever its people write.
    pub(super) fn may_take_over(&self, key: &OwnershipKey) -> bool {
        !self.is_guest || self.names_own_namespace(key)
    }

    /// `<anything>/<own namespace>/<anything>`: this cluster's name may have been another.
    fn names_own_namespace(&self, key: &OwnershipKey) -> bool {
        let mut parts = key.as_str().rsplit('/');
        parts.next().is_some() && parts.next() == Some(self.namespace) && parts.next().is_some()
    }

    fn is_anothers(&self, key: &OwnershipKey) -> bool {
        let rest = key.as_str().strip_prefix(self.cluster).and_then(|rest| rest.strip_prefix('/'));
        rest.and_then(|rest| rest.split_once('/')).is_some_and(|(namespace, _)| namespace != self.namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(is_guest: bool, key: &str) -> (bool, bool) {
        let claimant = Claimant { namespace: "emea", is_guest, cluster: "default" };
        let key = OwnershipKey::new(key).unwrap();
        (claimant.may_own(&key), claimant.may_take_over(&key))
    }

    #[test]
    fn l07_a_key_of_another_namespace_is_not_for_the_asking() {
        assert_eq!(ask(false, "default/emea/old"), (true, true));
        assert_eq!(ask(false, "acme/support/old"), (true, true), "another cluster's");
        assert_eq!(ask(false, "people"), (true, true));
        assert_eq!(ask(false, "default/people"), (true, true), "it names no namespace");
        assert_eq!(ask(false, "default/support/old"), (false, true), "contacts are at its own namespace's desk");
        assert_eq!(ask(false, "default/support/old/emea/x"), (false, true));
    }

    #[test]
    fn l07_a_guest_uses_keys_that_name_its_namespace_and_no_others() {
        assert_eq!(ask(true, "default/emea/old"), (true, true));
        assert_eq!(ask(true, "acme/emea/old"), (true, true), "from when the cluster had another name");
        for key in
            ["default/support/old", "acme/support/old", "people", "emea/people", "default/emea", "default/emea/x/y"]
        {
            assert_eq!(ask(true, key), (false, false), "{key}");
        }
    }
}
