//! Servers and makers that tests share.

pub mod company;
pub mod misbehaving_desk;
pub mod samba;
pub mod slapd;
