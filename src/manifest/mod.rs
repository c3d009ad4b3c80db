//! Manifests as a Git checkout holds them: found, read and checked without a cluster, each mistake told with file, line
//! and what to type instead.
//!
//! [`check`] is all of it, for `contactsync validate`; [`load`] is the same for a run, which needs every object to be
//! right. What scope and mapping mean is compiled elsewhere and comes in as a hook ([`Checks::compile`]); directory and
//! desk are never asked.
//!
//! ```text
//! files -> yaml -> kinds -> metadata, schema, rules -> object -> validate (schedule, source, references), store
//! ```

mod admission;
mod data;
mod diagnostic;
mod files;
mod kinds;
mod malformed;
mod metadata;
mod node;
mod object;
mod read;
mod references;
mod rules;
mod scalar;
mod scalars;
mod schedule;
mod schema;
mod source;
mod store;
mod validate;
mod words;
mod yaml;

pub use admission::admits;
pub use diagnostic::{Diagnostic, Severity};
pub use files::Input;
pub use kinds::ManifestKind;
pub use object::{Data, Located, Manifests, Object};
pub use read::{Loaded, read};
pub use store::ManifestKeys;
pub use validate::{Checks, ownership_key, validate};

/// Reads manifests and checks each by itself; all that is wrong when any object cannot work. Warnings of objects that
/// can are left out: [`check`] gives them.
pub fn load(inputs: &[Input]) -> Result<Manifests, Vec<Diagnostic>> {
    let loaded = read(inputs);
    if loaded.diagnostics.iter().any(Diagnostic::is_error) { Err(loaded.diagnostics) } else { Ok(loaded.manifests) }
}

/// Reads manifests and checks everything that can be checked offline.
pub fn check(inputs: &[Input], checks: &Checks<'_>) -> Loaded {
    let mut loaded = read(inputs);
    loaded.diagnostics.extend(validate(&loaded.manifests, checks));
    loaded.diagnostics.sort();
    loaded.diagnostics.dedup();
    loaded
}
