//! contactsync brings people from a company's directory into a KDesk workspace as contacts, one way.
//!
//! The house, and which way its arrows point:
//!
//! ```text
//! cli -> controller, manifest -> sync -> person, directory, desk, runlog -> net
//! cli -> remote -> controller, as far as its endpoint of run logs is named
//! ```
//!
//! `keys` is where credentials are read from: the trait, and the cluster; a checkout's are `manifest`'s.
//!
//! `api` holds the words that manifests are written in and `contact` the words of a contact; both are read by all and
//! read nobody. `schedule` says when a connection is due. `person`, `schedule`, the deciding half of `sync` and that of
//! `controller` do no I/O and are handed the time. `telemetry` is how a long-running command tells what it does. `kdesk`,
//! the bundled workspace, shares nothing with the client side but `scim`.

pub mod api;
pub mod cli;
pub mod clock;
pub mod contact;
pub mod controller;
pub mod desk;
pub mod directory;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod kdesk;
pub mod keys;
pub mod manifest;
pub mod net;
pub mod person;
pub mod remote;
pub mod runlog;
pub mod schedule;
pub mod scim;
pub mod sync;
pub mod telemetry;
