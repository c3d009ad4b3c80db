//! Servers and makers that tests share.

pub mod company;
pub mod samba;
pub mod slapd;
