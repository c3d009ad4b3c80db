//! Manifests of a checkout: what is read, what is refused, and in which words.

mod crds;
mod identity;
mod inputs;
mod references;
mod refused;
mod support;
