//! The bundled workspace over the real wire.

mod bulk;
mod conformance;
mod listing;
mod protocol;
mod resources;
mod support;
mod tokens;
