//! Servers and makers that tests share.

pub mod ber;
pub mod company;
pub mod house;
pub mod ldap_proxy;
pub mod misbehaving_desk;
pub mod python;
pub mod samba;
pub mod slapd;
pub mod tls;
