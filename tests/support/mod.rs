//! Servers and makers that tests share.

pub mod api_proxy;
pub mod ber;
pub mod between;
pub mod clouds;
pub mod cluster;
pub mod company;
pub mod eventually;
pub mod google;
pub mod graph;
pub mod house;
pub mod job_runner;
pub mod ldap_proxy;
pub mod ledger;
pub mod misbehaving_desk;
pub mod okta;
pub mod processes;
pub mod python;
pub mod s3;
pub mod samba;
pub mod scim2_server;
pub mod scim_idp;
pub mod service;
pub mod slapd;
pub mod tls;
pub mod upheaval;
