//! Whole runs of which something goes wrong: with the desk, with the directory, in the middle. Whatever it is, nobody
//! is removed, doubled or let in who should not be, the result is honest, and the next run sets everything right.

mod invariants;
mod ldap;
mod lies;
mod middle;
mod passing;
mod scene;
mod sweep;
