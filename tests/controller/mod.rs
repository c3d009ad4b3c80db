//! What happens on a real Kubernetes API server.

mod admission;
mod control_plane;
mod deletion;
mod everywhere;
mod ha;
mod kstatus;
mod logs;
mod moves;
mod office;
mod quickstart;
mod requests;
mod resources;
mod schedules;
mod states;
mod stores;
mod support;
mod workspaces;
