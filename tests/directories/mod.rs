//! What every directory promises, proven against real servers.

mod ldap;
mod ldap_ad;
mod ldap_groups;
mod ldap_speed;
mod ldap_tls;
mod ldap_whole;
