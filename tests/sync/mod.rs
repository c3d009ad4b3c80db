//! Whole runs: a real directory, the real wire, the bundled workspace.

mod coming_and_going;
mod conflicts;
mod cut_off;
mod emails;
mod faults;
mod fields;
mod foreign_desk;
mod hold;
mod installations;
mod killed;
mod large;
mod ldap;
mod owning;
mod planning;
mod reading;
mod requests;
mod resuming;
mod two_at_once;
