//! Samba as the controller of an Active Directory domain, on an address of its own below 127.0.0.0/8: its ports are
//! fixed (389, 636, 3268), so two servers would meet on one address.
//!
//! The domain is provisioned once per target folder (4 seconds) and copied for each server.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use contactsync::api::{LdapBind, LdapFlavor, LdapSource, SecretSource};
use contactsync::directory::ldap::{LdapDirectory, LdapSettings, open};
use contactsync::net::{Reach, Secret};
use tempfile::TempDir;

use super::slapd::{certificates, key};

pub const SUFFIX: &str = "DC=acme,DC=example";
pub const ADMIN: &str = "administrator@acme.example";
pub const PASSWORD: &str = "Correct-Horse-1";
const PACKAGES: &str =
    "install the packages samba, samba-dsdb-modules, samba-ad-provision, ldb-tools and python3-samba";
const PROVISION: &str = r#"
import logging, sys
from samba import provision
from samba.auth import system_session
from samba.dsdb import DS_DOMAIN_FUNCTION_2008_R2
provision.provision(logging.getLogger(), system_session(), targetdir=sys.argv[1], realm="ACME.EXAMPLE", domain="ACME",
    hostname="dc1", hostip="127.0.0.1", adminpass=sys.argv[2], serverrole="active directory domain controller",
    dom_for_fun_level=DS_DOMAIN_FUNCTION_2008_R2, dns_backend="NONE", skip_sysvolacl=True)
"#;

pub struct Samba {
    child: Child,
    folder: TempDir,
    pub address: String,
    ca: Vec<u8>,
}

impl Samba {
    /// The server that tests share while one of them holds it, with these entries.
    pub fn shared(ldif: &str) -> Arc<Self> {
        static SHARED: Mutex<Weak<Samba>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let samba = Arc::new(Self::start(ldif));
            *shared = Arc::downgrade(&samba);
            samba
        })
    }

    fn start(ldif: &str) -> Self {
        assert!(Path::new("/usr/sbin/samba").exists(), "samba is missing: {PACKAGES}");
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        run(Command::new("cp").arg("-a").arg(provisioned()).arg(at.join("dc")));
        let process = std::process::id();
        let address = format!("127.{}.{}.77", process / 250 % 250 + 1, process % 250 + 1);
        let ca = certificates(at, &address);
        run(Command::new("chmod").arg("600").arg(at.join("server.key")));
        let config = at.join("smb.conf");
        std::fs::write(&config, settings(&at.display().to_string(), &address)).unwrap();
        std::fs::write(at.join("entries.ldif"), ldif).unwrap();
        run(Command::new("ldbadd")
            .arg(format!("--configfile={}", config.display()))
            .arg("-H")
            .arg(at.join("dc/private/sam.ldb"))
            .arg(at.join("entries.ldif")));
        let child = Command::new("/usr/sbin/samba")
            .args(["-F", "-M", "single", "--debug-stdout", "-s"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(at.join("log")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut samba = Self { child, folder, address, ca };
        samba.wait();
        samba
    }

    fn wait(&mut self) {
        let patience = Instant::now() + Duration::from_mins(1);
        while TcpStream::connect((self.address.as_str(), 636)).is_err() {
            let log = || std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "samba ended (it needs root for its ports): {}", log());
            assert!(Instant::now() < patience, "samba does not answer: {}", log());
            std::thread::yield_now();
        }
    }

    pub fn settings(&self) -> LdapSettings {
        let source = LdapSource {
            url: format!("ldaps://{}", self.address),
            base_dn: SUFFIX.into(),
            group_base_dn: None,
            flavor: Some(LdapFlavor::ActiveDirectory),
            bind: Some(LdapBind { dn: ADMIN.into(), password: SecretSource { secret_ref: key("ad", "password") } }),
            tls: None,
            person_filter: None,
            id_attribute: None,
            disabled_when: None,
            page_size: Some(4),
        };
        LdapSettings {
            source,
            password: Some(Secret::new(PASSWORD)),
            ca: Some(self.ca.clone()),
            reach: Reach::default(),
            timeout: LdapSettings::TIMEOUT,
        }
    }

    /// The directory, with a change to its settings.
    pub fn directory(&self, change: impl FnOnce(&mut LdapSettings)) -> LdapDirectory {
        let mut settings = self.settings();
        change(&mut settings);
        open(settings).unwrap()
    }
}

impl Drop for Samba {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn settings(at: &str, address: &str) -> String {
    format!(
        "[global]\nnetbios name = DC1\nrealm = ACME.EXAMPLE\nworkgroup = ACME\n\
         server role = active directory domain controller\nserver services = ldap\n\
         private dir = {at}/dc/private\nlock directory = {at}/dc\nstate directory = {at}/dc/state\n\
         cache directory = {at}/dc/cache\npid directory = {at}\nncalrpc dir = {at}/ncalrpc\n\
         interfaces = {address}/8\nbind interfaces only = yes\n\
         tls enabled = yes\ntls cafile = {at}/ca.pem\ntls certfile = {at}/server.pem\ntls keyfile = {at}/server.key\n"
    )
}

/// An empty domain, made once.
fn provisioned() -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let domain = cache.join("samba-domain-1");
    if !domain.exists() {
        let fresh = tempfile::tempdir_in(cache).unwrap();
        run(Command::new("/usr/bin/python3").args(["-c", PROVISION]).arg(fresh.path()).arg(PASSWORD));
        // Another process may have been quicker; either domain will do.
        assert!(std::fs::rename(fresh.path(), &domain).is_ok() || domain.exists());
    }
    domain
}

fn run(command: &mut Command) {
    let output =
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}: {PACKAGES}"));
    assert!(output.status.success(), "{command:?}: {}: {PACKAGES}", String::from_utf8_lossy(&output.stderr));
}
