//! Doors to inner functions for the targets in `fuzz/`. There only where cargo-fuzz builds (`cfg(fuzzing)`): nothing else
//! may lean on them.

pub use crate::desk::fuzzing as desk;
pub use crate::directory::ldap::fuzzing as ldap;
pub use crate::kdesk::fuzzing as kdesk;
