//! What happens on a real Kubernetes API server.

mod admission;
mod check;
mod control_plane;
mod deletion;
mod everywhere;
mod ha;
pub(crate) mod kstatus;
mod logs;
mod moves;
mod office;
mod promtool;
mod quickstart;
mod requests;
mod resources;
mod schedules;
mod series;
mod states;
mod stores;
mod support;
mod tenants;
mod tokens;
mod workspaces;
