//! What happens on a real Kubernetes API server.

mod admission;
mod control_plane;
mod office;
mod quickstart;
mod resources;
mod support;
