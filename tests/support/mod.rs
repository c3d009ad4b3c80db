//! Servers and makers that tests share.

pub mod company;
pub mod house;
pub mod misbehaving_desk;
pub mod python;
pub mod samba;
pub mod slapd;
pub mod tls;
