//! contactsync brings people from a company's directory into a KDesk workspace as contacts, one way.

pub mod kdesk;
pub mod scim;
