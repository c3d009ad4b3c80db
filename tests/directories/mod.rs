//! Where people come from: every source is held to the one suite in `conformance`, and to the rules of its own.

#[macro_use]
pub mod conformance;
mod examples;
#[macro_use]
pub mod faults;
mod entra;
mod entra_rules;
mod entra_scope;
mod file;
mod file_rules;
mod google;
mod google_auth;
mod google_conformance;
mod ldap;
mod ldap_ad;
mod ldap_conformance;
mod ldap_groups;
mod ldap_speed;
mod ldap_tls;
mod ldap_whole;
mod okta;
mod okta_rules;
mod okta_sign_in;
mod scim;
mod scim_foreign;
mod scim_run;
mod scim_traps;
mod shown;
mod standard;
mod throttled;
