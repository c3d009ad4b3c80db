//! Who may come in, with which token, certificate and kubeconfig.

use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Config};
use kube::{Client, ResourceExt as _};

use super::Cluster;
use crate::support::slapd::certificates;

/// The administrator, for whom no rule is asked.
pub const ADMIN: &str = "admin";
/// Who else there is, and their groups. They may do nothing until a test binds a role to them.
const USERS: [(&str, &[&str]); 6] = [
    (ADMIN, &["system:masters"]),
    ("controller", &["system:serviceaccounts"]),
    ("editor", &["support-editors"]),
    ("viewer", &["support-viewers"]),
    ("flux", &["deployers"]),
    ("stranger", &[]),
];
pub const TOKENS: &str = "tokens.csv";
pub const SERVICE_ACCOUNT_KEY: &str = "service-account.key";
