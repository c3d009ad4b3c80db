//! Who is who among the cluster's connections: whose an ownership key is, who takes it over, who points at a workspace.
//! It follows the watch, and answers without looking through every object.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

use jiff::Timestamp;

use super::reserved::Claimant;
use crate::api::ContactSyncConnection;
use crate::contact::OwnershipKey;
use crate::directory;

/// Namespace and name of an object.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Name {
    /// Namespace.
    pub(super) namespace: String,
    /// Name.
    pub(super) name: String,
}

impl Name {
    /// A name from its parts.
    pub(super) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// A name as it is printed: `<namespace>/<name>`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.split_once('/').map(|(namespace, name)| Self::new(namespace, name))
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// What the roster keeps of a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Member {
    /// Who it is.
    pub(super) name: Name,
    /// The object itself: a re-created one has another.
    pub(super) uid: String,
    /// The key it owns contacts under.
    pub(super) key: OwnershipKey,
    /// It has run under that key: status says so, which nobody but the controller writes.
    pub(super) bound: bool,
    /// The keys it takes over.
    pub(super) take_over: Vec<OwnershipKey>,
    /// The key that it names for its own and may not use.
    pub(super) refused: Option<OwnershipKey>,
    /// The keys that it names to take over and may not.
    pub(super) refused_takeovers: Vec<OwnershipKey>,
    /// The workspace it points at; `None` where its spec cannot be read.
    pub(super) workspace: Option<Name>,
    /// What its directory is known by.
    pub(super) directory: BTreeSet<String>,
    /// When it was made.
    pub(super) created: Option<Timestamp>,
    /// It is being deleted.
    pub(super) deleting: bool,
}

impl Member {
    /// What is kept of a connection; `None` where its key is none.
    pub(super) fn of(connection: &ContactSyncConnection, cluster: &str) -> Option<Self> {
        let metadata = &connection.metadata;
        let name = Name::new(metadata.namespace.clone()?, metadata.name.clone()?);
        let reference = &connection.spec.workspace_ref;
        let namespace = reference.namespace.clone().unwrap_or_else(|| name.namespace.clone());
        let claimant = Claimant { namespace: &name.namespace, is_guest: namespace != name.namespace, cluster };
        let own = || OwnershipKey::new(format!("{cluster}/{name}")).ok();
        let key = match &connection.spec.ownership_key {
            Some(key) => OwnershipKey::new(key.clone()).ok()?,
            None => own()?,
        };
        let take_over = connection.spec.take_over_from.iter().flatten();
        let take_over = take_over.filter_map(|key| OwnershipKey::new(key.clone()).ok());
        let (take_over, refused_takeovers): (Vec<_>, Vec<_>) = take_over.partition(|key| claimant.may_take_over(key));
        let may_own = claimant.may_own(&key);
        // What it may not have it does not keep others from having.
        let refused = (!may_own).then(|| key.clone());
        let key = if may_own { key } else { own()? };
        let binding = connection.status.as_ref().and_then(|status| status.binding.as_ref());
        Some(Self {
            bound: binding.is_some_and(|binding| binding.ownership_key == key.as_str()),
            uid: metadata.uid.clone().unwrap_or_default(),
            refused,
            refused_takeovers,
            key,
            take_over,
            workspace: Some(Name::new(namespace, reference.name.clone())),
            directory: directory::identities(&connection.spec.source),
            created: metadata.creation_timestamp.as_ref().map(|time| time.0),
            deleting: metadata.deletion_timestamp.is_some(),
            name,
        })
    }

    /// Of two that say one key is theirs, the one that has run under it keeps it, else the elder: a key can be written
    /// into an old connection that owns nothing.
    pub(super) fn rank(&self) -> (bool, Option<Timestamp>, &Name) {
        (!self.bound, self.created, &self.name)
    }
}

/// Every connection that is known.
#[derive(Debug, Default)]
pub(super) struct Roster {
    members: HashMap<Name, Member>,
    keys: HashMap<OwnershipKey, BTreeSet<Name>>,
    takers: HashMap<OwnershipKey, BTreeSet<Name>>,
    workspaces: BTreeMap<Name, BTreeSet<Name>>,
    directories: HashMap<String, BTreeSet<Name>>,
}

impl Roster {
    /// Takes a connection in, or what became of it. Says whether anything changed that others look at.
    pub(super) fn put(&mut self, member: Member) -> bool {
        if self.members.get(&member.name) == Some(&member) {
            return false;
        }
        self.remove(&member.name);
        let name = member.name.clone();
        self.keys.entry(member.key.clone()).or_default().insert(name.clone());
        for key in &member.take_over {
            self.takers.entry(key.clone()).or_default().insert(name.clone());
        }
        for identity in &member.directory {
            self.directories.entry(identity.clone()).or_default().insert(name.clone());
        }
        if let Some(workspace) = &member.workspace {
            self.workspaces.entry(workspace.clone()).or_default().insert(name.clone());
        }
        self.members.insert(name, member);
        true
    }

    /// Forgets a connection, and gives back what was known of it.
    pub(super) fn remove(&mut self, name: &Name) -> Option<Member> {
        let member = self.members.remove(name)?;
        leave(&mut self.keys, &member.key, name);
        for key in &member.take_over {
            leave(&mut self.takers, key, name);
        }
        for identity in &member.directory {
            leave(&mut self.directories, identity, name);
        }
        if let Some(workspace) = &member.workspace
            && let Some(names) = self.workspaces.get_mut(workspace)
        {
            names.remove(name);
            if names.is_empty() {
                self.workspaces.remove(workspace);
            }
        }
        Some(member)
    }

    /// Every connection that is known.
    pub(super) fn names(&self) -> impl Iterator<Item = &Name> {
        self.members.keys()
    }

    /// What is known of a connection.
    pub(super) fn get(&self, name: &Name) -> Option<&Member> {
        self.members.get(name)
    }

    /// Whose a key is: of several that claim it, the first one's by [`Member::rank`].
    pub(super) fn holder(&self, key: &OwnershipKey) -> Option<&Member> {
        self.keys.get(key)?.iter().filter_map(|name| self.members.get(name)).min_by(|a, b| a.rank().cmp(&b.rank()))
    }

    /// The others that live on with what a connection owns, were it gone: they have the same key, or take it over, at the
    /// same workspace.
    pub(super) fn heirs(&self, member: &Member) -> Vec<Name> {
        let names = self.keys.get(&member.key).into_iter().chain(self.takers.get(&member.key)).flatten();
        let lives_on = |other: &&Member| {
            let somewhere = member.workspace.is_none() || other.workspace.is_none();
            !other.deleting && (somewhere || other.workspace == member.workspace)
        };
        let others = names.filter(|name| **name != member.name).filter_map(|name| self.members.get(name));
        others.filter(lives_on).map(|other| other.name.clone()).collect()
    }

    /// The keys of other connections that read the same directory for the same workspace.
    pub(super) fn same_directory(&self, member: &Member) -> Vec<OwnershipKey> {
        let names = member.directory.iter().filter_map(|identity| self.directories.get(identity)).flatten();
        let others: BTreeSet<&Name> = names.filter(|name| **name != member.name).collect();
        let others = others.into_iter().filter_map(|name| self.members.get(name));
        others.filter(|other| other.workspace == member.workspace).map(|other| other.key.clone()).collect()
    }

    /// Connections that point at a workspace.
    pub(super) fn at_workspace(&self, workspace: &Name) -> Vec<Name> {
        self.workspaces.get(workspace).into_iter().flatten().cloned().collect()
    }

    /// The connections whose standing may change with this one's: of the same key, or on either side of a takeover.
    pub(super) fn related(&self, member: &Member) -> BTreeSet<Name> {
        let mut related = BTreeSet::new();
        related.extend(self.keys.get(&member.key).into_iter().flatten().cloned());
        related.extend(self.takers.get(&member.key).into_iter().flatten().cloned());
        for key in &member.take_over {
            related.extend(self.keys.get(key).into_iter().flatten().cloned());
        }
        related.remove(&member.name);
        related
    }
}

fn leave<K: Eq + Hash>(index: &mut HashMap<K, BTreeSet<Name>>, key: &K, name: &Name) {
    if let Some(names) = index.get_mut(key) {
        names.remove(name);
        if names.is_empty() {
            index.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> OwnershipKey {
        OwnershipKey::new(text).unwrap()
    }

    fn member(name: &str, own: &str, take_over: &[&str], created: &str) -> Member {
        Member {
            name: Name::new("support", name),
            uid: name.to_owned(),
            key: key(own),
            bound: false,
            take_over: take_over.iter().map(|text| key(text)).collect(),
            refused: None,
            refused_takeovers: Vec::new(),
            workspace: Some(Name::new("support", "acme")),
            directory: BTreeSet::from(["file people.csv".to_owned()]),
            created: Some(created.parse().unwrap()),
            deleting: false,
        }
    }

    #[test]
    fn l07_of_two_with_one_key_the_elder_holds_it_until_it_goes() {
        let mut roster = Roster::default();
        roster.put(member("a-younger", "k/one", &[], "2026-11-23T11:00:00Z"));
        roster.put(member("elder", "k/one", &[], "2026-11-23T10:00:00Z"));
        assert_eq!(roster.holder(&key("k/one")).unwrap().name.name, "elder");
        let elder = roster.remove(&Name::new("support", "elder")).unwrap();
        assert_eq!(roster.holder(&key("k/one")).unwrap().name.name, "a-younger");
        assert_eq!(roster.related(&elder).len(), 1);
    }

    #[test]
    fn l07_who_has_run_under_a_key_keeps_it_from_an_elder_that_names_it_later() {
        let mut roster = Roster::default();
        roster.put(member("elder", "k/one", &[], "2026-11-23T10:00:00Z"));
        roster.put(Member { bound: true, ..member("owner", "k/one", &[], "2026-11-23T11:00:00Z") });
        assert_eq!(roster.holder(&key("k/one")).unwrap().name.name, "owner");
    }

    #[test]
    fn l07_a_key_that_somebody_takes_over_has_an_heir_at_the_same_workspace_only() {
        let mut roster = Roster::default();
        let old = member("old", "k/old", &[], "2026-11-23T10:00:00Z");
        roster.put(old.clone());
        assert!(roster.heirs(&old).is_empty());
        let mut elsewhere = member("new", "k/new", &["k/old"], "2026-11-23T11:00:00Z");
        elsewhere.workspace = Some(Name::new("support", "other"));
        roster.put(elsewhere);
        assert!(roster.heirs(&old).is_empty());
        roster.put(member("new", "k/new", &["k/old"], "2026-11-23T11:00:00Z"));
        assert_eq!(roster.heirs(&old), [Name::new("support", "new")]);
        roster.remove(&old.name);
        assert_eq!(roster.heirs(&old), [Name::new("support", "new")], "also when it is gone already");
        let mut going = member("new", "k/new", &["k/old"], "2026-11-23T11:00:00Z");
        going.deleting = true;
        roster.put(going);
        assert!(roster.heirs(&old).is_empty(), "one that goes itself inherits nothing");
    }

    #[test]
    fn l09_connections_of_one_directory_know_each_other_at_the_same_workspace() {
        let mut roster = Roster::default();
        let one = member("one", "k/one", &[], "2026-11-23T10:00:00Z");
        roster.put(one.clone());
        roster.put(member("two", "k/two", &[], "2026-11-23T10:00:00Z"));
        let mut elsewhere = member("three", "k/three", &[], "2026-11-23T10:00:00Z");
        elsewhere.workspace = Some(Name::new("support", "other"));
        roster.put(elsewhere);
        let mut other = member("four", "k/four", &[], "2026-11-23T10:00:00Z");
        other.directory = BTreeSet::from(["server dc1".to_owned()]);
        roster.put(other);
        assert_eq!(roster.same_directory(&one), [key("k/two")]);
    }

    #[test]
    fn a_workspace_knows_who_points_at_it() {
        let mut roster = Roster::default();
        assert!(roster.put(member("a", "k/a", &[], "2026-11-23T10:00:00Z")));
        assert!(!roster.put(member("a", "k/a", &[], "2026-11-23T10:00:00Z")), "nothing changed");
        let acme = Name::new("support", "acme");
        assert_eq!(roster.at_workspace(&acme), [Name::new("support", "a")]);
        let mut moved = member("a", "k/a", &[], "2026-11-23T10:00:00Z");
        moved.workspace = Some(Name::new("support", "other"));
        assert!(roster.put(moved));
        assert!(roster.at_workspace(&acme).is_empty());
    }
}
