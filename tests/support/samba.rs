//! Samba.
