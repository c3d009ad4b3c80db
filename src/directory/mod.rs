//! Where people come from: one trait, one file or folder per source, one match from the manifest to a source, and one
//! conformance suite (`tests/directories`) that every source passes. What several need is here once: `attribute` (names
//! within JSON records), `segment`, `delivery` (the sending end of a read), `web` (those that are read over HTTP).
//!
//! A directory reads; it decides nothing about scope beyond what it can leave unread. Above all it proves that a read
//! was whole: without that proof nobody is ever removed (L2).

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::api::{GroupRef, Membership};
use crate::net::api::Throttling;
use crate::person::{Person, PersonId};

mod attribute;
mod delivery;
pub mod dn;
pub mod entra;
mod error;
pub mod file;
pub mod google;
pub mod ldap;
pub mod okta;
mod place;
mod same;
pub mod scim;
mod seen;
mod segment;
mod shown;
mod web;

pub use error::Error;
pub use place::{Member, Place};
pub use same::{identities, is_same};
pub use web::Wiring;

use seen::Seen;

/// A directory that people are read from.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Checks that the directory answers, that the credentials are good, and that every name resolves to exactly one
    /// group; gives the directory's immutable ids of them, in the order asked.
    async fn resolve_groups(&self, groups: &[GroupRef]) -> Result<Vec<ResolvedGroup>, Error>;

    /// Reads every person that the query may concern, in pages, into `pages`; a directory may leave unread only people
    /// who are surely out of scope. Gives the proof that the read was whole, or an error, never a shortened list (L2).
    /// A closed receiver ends the read with [`Error::Cancelled`].
    async fn read(&self, query: &ReadQuery, pages: mpsc::Sender<Vec<Person>>) -> Result<WholeRead, Error>;

    /// Reads people again by id, whatever their scope: those who are still there, disabled ones included, and whether the
    /// directory's own part of the scope takes them in ([`Person::in_query`]). An id that is missing from the answer is
    /// gone; an error says nothing about anybody (L3).
    async fn read_again(&self, query: &ReadQuery, ids: &[PersonId]) -> Result<Vec<Person>, Error>;

    /// Everything that the directory says of the people who have this id or this address, whatever their scope, so that a
    /// mapping can be written without guessing. Nobody is no error. At most [`MOST_SHOWN`] of several.
    async fn show(&self, who: &Who) -> Result<Vec<Shown>, Error>;

    /// How often it asked to be asked less since it was opened.
    fn throttling(&self) -> Throttling {
        Throttling::default()
    }
}

/// How many people [`Directory::show`] gives at most.
pub const MOST_SHOWN: usize = 10;

/// Somebody to look for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Who {
    /// By the directory's id.
    Id(String),
    /// By an address of theirs.
    Email(String),
}

/// A person as the directory has them.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The directory's immutable id.
    pub id: PersonId,
    /// Whether the directory marks the account as disabled.
    pub disabled: bool,
    /// Where in the directory the person lies, as [`Person::location`].
    pub location: Option<String>,
    /// Every attribute that the reader may see, by the directory's own names.
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// What a run needs to know of people: fixed for the whole run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReadQuery {
    /// The attributes that scope and mapping use, spelt as the manifest spells them. Directories that ignore case
    /// (LDAP) give them back under this spelling.
    pub attributes: BTreeSet<String>,
    /// The groups that each person's [`crate::person::GroupSet`] speaks of, in order.
    pub groups: Vec<GroupQuery>,
    /// `scope.pattern.segment`: the part of the directory that people must lie in.
    pub segment: Option<String>,
    /// `scope.pattern.filter`, in the directory's own language.
    pub filter: Option<String>,
    /// Groups (places in `groups`) of which a person must be in at least one to be in scope, when that alone bounds the
    /// scope: a directory may leave everybody else unread. Empty: no such bound.
    pub only_members_of: Vec<usize>,
}

/// A group whose members a run wants to know.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupQuery {
    /// The directory's immutable id of it, as [`Directory::resolve_groups`] gave it.
    pub group: ResolvedGroup,
    /// Whether members of groups inside it count.
    pub membership: Membership,
}

/// A group that exists, exactly once.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ResolvedGroup {
    /// The directory's immutable id (a file has no other than the name).
    pub id: String,
    /// What the directory needs to find it again (LDAP: its DN now); not for comparing.
    pub handle: String,
}

/// The proof that a directory was read to its end (L2). Only a source makes one, as the last thing a read does.
#[derive(Debug)]
pub struct WholeRead {
    people: u64,
    /// Enabled people whom the read met and did not send, because they are in none of the groups that bound the scope.
    passed_over: Seen,
}

impl WholeRead {
    /// Says that every person was sent, and how many.
    pub(in crate::directory) fn of(people: u64) -> Self {
        Self { people, passed_over: Seen::default() }
    }

    /// The same read, with whom it did not send.
    pub(in crate::directory) fn passing_over(self, passed_over: Seen) -> Self {
        Self { passed_over, ..self }
    }

    /// Whether the read met this person, enabled and surely out of scope: they are not gone. `false` says nothing: a
    /// directory need not meet whom it is not asked for.
    pub fn passed_over(&self, id: &str) -> bool {
        self.passed_over.contains(id)
    }

    /// How many people were read.
    pub fn people(&self) -> u64 {
        self.people
    }
}
