//! Servers and makers that tests share.

pub mod between;
pub mod company;
pub mod house;
pub mod ledger;
pub mod misbehaving_desk;
pub mod processes;
pub mod python;
pub mod samba;
pub mod slapd;
pub mod upheaval;
