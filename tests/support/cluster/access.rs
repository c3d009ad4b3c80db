//! Who may come in, with which token, certificate and kubeconfig.

use std::path::{Path, PathBuf};

use kube::Client;
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};

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
/// The editor again, with a certificate, and with a token that an exec plugin gives.
pub const BY_CERTIFICATE: &str = "editor-by-certificate";
pub const BY_PLUGIN: &str = "editor-by-plugin";
pub const CLIENT_CA: &str = "client-ca.pem";
pub const TOKENS: &str = "tokens.csv";
pub const SERVICE_ACCOUNT_KEY: &str = "service-account.key";
pub const SERVICE_ACCOUNT_PUBLIC: &str = "service-account.pub";

/// Writes certificates and tokens.
pub fn prepare(folder: &Path) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.join(SERVICE_ACCOUNT_KEY), key.serialize_pem()).unwrap();
    std::fs::write(folder.join(SERVICE_ACCOUNT_PUBLIC), key.public_key_pem()).unwrap();
    let lines = USERS.map(|(user, groups)| format!("{},{user},{user},\"{}\"\n", token(user), groups.join(",")));
    std::fs::write(folder.join(TOKENS), lines.concat()).unwrap();
    certificates(folder, "127.0.0.1");
    client_certificates(folder);
}

/// An authority for users' certificates, and one for the editor (RBAC takes the user from CN, the groups from O).
fn client_certificates(folder: &Path) {
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "contactsync test users");
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.join(CLIENT_CA), authority.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, key);
    let mut user = CertificateParams::new(vec![]).unwrap();
    user.distinguished_name.push(DnType::CommonName, "editor");
    user.distinguished_name.push(DnType::OrganizationName, "support-editors");
    user.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
    let key = KeyPair::generate().unwrap();
    std::fs::write(folder.join("editor.pem"), user.signed_by(&key, &issuer).unwrap().pem()).unwrap();
    std::fs::write(folder.join("editor.key"), key.serialize_pem()).unwrap();
}

/// A kubeconfig for each user.
pub fn write_kubeconfigs(folder: &Path, port: u16) {
    let by_token = USERS.map(|(user, _groups)| (user, serde_json::json!({"token": token(user)})));
    let credential = serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": token("editor")},
    });
    let plugin = serde_json::json!({"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never",
        "command": "sh", "args": ["-c", "printf %s \"$CREDENTIAL\""],
        "env": [{"name": "CREDENTIAL", "value": credential.to_string()}],
    }});
    let certificate = serde_json::json!({
        "client-certificate": folder.join("editor.pem"), "client-key": folder.join("editor.key"),
    });
    let others = [(BY_CERTIFICATE, certificate), (BY_PLUGIN, plugin)];
    for (user, credentials) in by_token.into_iter().chain(others) {
        let text = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": {
                "server": format!("https://127.0.0.1:{port}"),
                "certificate-authority": folder.join("ca.pem"),
            }}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": user}}],
        });
        std::fs::write(kubeconfig(folder, user), text.to_string()).unwrap();
    }
}

/// Where a user's kubeconfig lies.
pub fn kubeconfig(folder: &Path, user: &str) -> PathBuf {
    let known = USERS.iter().any(|(known, _groups)| *known == user) || [BY_CERTIFICATE, BY_PLUGIN].contains(&user);
    assert!(known, "no user {user}: see USERS");
    folder.join(format!("{user}.kubeconfig"))
}

fn token(user: &str) -> String {
    format!("{user}-token")
}

impl Cluster {
    /// The administrator's client. It belongs to the runtime of the test that asks: ask in each test.
    pub async fn client(&self) -> Client {
        self.client_as(ADMIN).await
    }

    /// One of [`USERS`]' client.
    pub async fn client_as(&self, user: &str) -> Client {
        Client::try_from(self.config_as(user).await).unwrap()
    }

    /// What a client is made from, for tests that want another one.
    pub async fn config_as(&self, user: &str) -> Config {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig_of(user)).unwrap();
        Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap()
    }
}
