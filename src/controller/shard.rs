//! Which workspaces are this process's: where one controller is not enough, several share them, each with its own leader.
//!
//! Pure. Everybody watches everything, because whose an ownership key is, and who is gone, is asked about all connections
//! (L7, L8). But each workspace, and with it its connections and its rate budget, is one shard's business alone.

use super::roster::Name;

/// One of several equal parts of all workspaces.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shard {
    index: u16,
    count: u16,
}

impl Shard {
    /// All there is.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Part `index`, counted from 0, of `count`; `None`: there is no such part.
    pub fn new(index: u16, count: u16) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Which part it is, counted from 0.
    pub fn index(self) -> u16 {
        self.index
    }

    /// Of how many.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Whether an object is this shard's: a workspace, or whatever cannot be read, by its own name.
    pub(super) fn owns(self, name: &Name) -> bool {
        place(name, self.count) == self.index
    }

    /// The lease of whoever leads this shard. That of the only one is called as if there were no shards.
    pub(super) fn lease(self, name: &str) -> String {
        match self.count {
            1 => name.to_owned(),
            count => format!("{name}-{}-of-{count}", self.index),
        }
    }

    /// The lease that the leaders of all shards hold together, as `count`: while it lasts no other count leads.
    pub(super) fn count_lease(name: &str) -> String {
        format!("{name}-shards")
    }
}

/// The shard of a name: the first eight bytes of the BLAKE3 hash of `<namespace>/<name>`, read as a big-endian number,
/// modulo the number of shards. This never changes: two versions must agree on it.
fn place(name: &Name, count: u16) -> u16 {
    let hash = blake3::hash(name.to_string().as_bytes());
    let number = hash.as_bytes().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    u16::try_from(number % u64::from(count.max(1))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_puts_a_workspace_into_the_same_shard() {
        let place = |name: &str, count| {
            let (namespace, name) = name.split_once('/').unwrap();
            super::place(&Name::new(namespace, name), count)
        };
        let vector = |name| [1, 2, 3, 5, 16].map(|count| place(name, count));
        assert_eq!(vector("support/acme"), [0, 1, 1, 1, 7]);
        assert_eq!(vector("support/globex"), [0, 1, 2, 2, 1]);
        assert_eq!(vector("default/desk"), [0, 0, 0, 2, 0]);
    }

    #[test]
    fn every_workspace_is_of_exactly_one_shard_and_all_have_about_as_many() {
        let mut sizes = [0; 4];
        for n in 0..4000 {
            let name = Name::new("support", format!("workspace-{n}"));
            let owners: Vec<u16> =
                (0..4).filter(|index| Shard::new(*index, 4).is_some_and(|shard| shard.owns(&name))).collect();
            assert_eq!(owners.len(), 1, "{name}");
            sizes[usize::from(owners[0])] += 1;
        }
        assert!(sizes.iter().all(|size| (900..1100).contains(size)), "{sizes:?}");
        assert!(Shard::WHOLE.owns(&Name::new("a", "b")));
    }

    #[test]
    fn a_shard_is_one_of_those_there_are_and_has_a_lease_of_its_own() {
        assert_eq!(Shard::new(2, 2), None);
        assert_eq!(Shard::new(0, 0), None);
        assert_eq!(Shard::new(0, 1), Some(Shard::WHOLE));
        assert_eq!(Shard::WHOLE.lease("contactsync"), "contactsync");
        assert_eq!(Shard::new(1, 3).unwrap().lease("contactsync"), "contactsync-1-of-3");
        assert_eq!(Shard::count_lease("contactsync"), "contactsync-shards");
    }
}
