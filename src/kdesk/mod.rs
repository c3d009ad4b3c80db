//! The bundled KDesk workspace: a SCIM 2.0 service provider on SQLite.
