//! OpenLDAP's slapd on free ports of 127.0.0.1, with a certificate of its own, gone when dropped.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use contactsync::api::{LdapBind, LdapSource, SecretSource};
use contactsync::directory::ldap::{LdapDirectory, LdapSettings, open};
use contactsync::net::{Reach, Secret};
use tempfile::TempDir;

use super::company::SUFFIX;

const SLAPD: &str = "/usr/sbin/slapd";
const SLAPADD: &str = "/usr/sbin/slapadd";
pub const ADMIN: &str = "cn=admin,dc=acme,dc=example";
pub const PASSWORD: &str = "correct horse";

/// What a server is started with.
#[derive(Default)]
pub struct Options<'a> {
    /// The entries.
    pub ldif: &'a str,
    /// Lines of slapd.conf for the database, such as `sizelimit 5` or `access to …`.
    pub config: &'a str,
    /// No certificate: a server that speaks in clear only.
    pub plain: bool,
}

pub struct Slapd {
    child: Child,
    folder: TempDir,
    ldap: u16,
    ldaps: u16,
    pub ca: Vec<u8>,
}

impl Slapd {
    /// A server with these entries.
    pub fn with(ldif: &str) -> Self {
        Self::start(&Options { ldif, ..Options::default() })
    }

    pub fn start(options: &Options<'_>) -> Self {
        for program in [SLAPD, SLAPADD] {
            assert!(Path::new(program).exists(), "{program} is missing: install the packages slapd and ldap-utils");
        }
        let folder = tempfile::tempdir().unwrap();
        let ca = certificates(folder.path(), "127.0.0.1");
        let config = configure(folder.path(), options);
        let ldif = folder.path().join("entries.ldif");
        std::fs::write(&ldif, options.ldif).unwrap();
        let load = Command::new(SLAPADD).arg("-q").arg("-f").arg(&config).arg("-l").arg(&ldif).output().unwrap();
        assert!(load.status.success(), "slapadd: {}", String::from_utf8_lossy(&load.stderr));
        let (ldap, ldaps) = free_ports();
        let mut listen = format!("ldap://127.0.0.1:{ldap}");
        if !options.plain {
            listen.push_str(&format!(" ldaps://127.0.0.1:{ldaps}"));
        }
        let mut child = Command::new(SLAPD)
            .args(["-d", "0", "-h", &listen, "-f"])
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        wait_for(&mut child, ldap, folder.path());
        Self { child, folder, ldap, ldaps, ca }
    }

    pub fn ldaps(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.ldaps)
    }

    pub fn ldap(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.ldap)
    }

    /// A source that reads everything as the administrator.
    pub fn source(&self) -> LdapSource {
        LdapSource {
            url: self.ldaps(),
            base_dn: SUFFIX.into(),
            group_base_dn: None,
            flavor: None,
            bind: Some(LdapBind { dn: ADMIN.into(), password: SecretSource { secret_ref: key("ldap", "password") } }),
            tls: None,
            person_filter: None,
            id_attribute: None,
            disabled_when: None,
            page_size: None,
        }
    }

    pub fn settings(&self) -> LdapSettings {
        LdapSettings {
            source: self.source(),
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

    /// Applies LDIF changes as the administrator.
    pub fn modify(&self, changes: &str) {
        let mut child = self
            .client("ldapmodify")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(changes.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success(), "ldapmodify: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// One of OpenLDAP's own client programs, over TLS and signed in.
    pub fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("LDAPTLS_CACERT", self.folder.path().join("ca.pem"));
        command.args(["-x", "-H", &self.ldaps(), "-D", ADMIN, "-w", PASSWORD]);
        command
    }

    /// Ends the server now.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn key(name: &str, key: &str) -> contactsync::api::KeyRef {
    contactsync::api::KeyRef { name: name.into(), key: key.into() }
}

fn configure(folder: &Path, options: &Options<'_>) -> PathBuf {
    let at = folder.display();
    std::fs::create_dir(folder.join("db")).unwrap();
    let tls = if options.plain {
        String::new()
    } else {
        format!(
            "TLSCACertificateFile {at}/ca.pem\nTLSCertificateFile {at}/server.pem\nTLSCertificateKeyFile {at}/server.key\n"
        )
    };
    let config = format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\n\
         include /etc/ldap/schema/inetorgperson.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
         pidfile {at}/pid\nsizelimit unlimited\n{tls}\
         database mdb\nsuffix {SUFFIX}\nrootdn {ADMIN}\nrootpw \"{PASSWORD}\"\ndirectory {at}/db\nmaxsize 1073741824\n\
         dbnosync\nindex objectClass,entryUUID,uid,cn eq\n{}\n",
        options.config
    );
    let file = folder.join("slapd.conf");
    std::fs::write(&file, config).unwrap();
    file
}

/// An authority and a server certificate for an address, and for no name. Gives the authority.
pub fn certificates(folder: &Path, address: &str) -> Vec<u8> {
    let mut authority = rcgen::CertificateParams::new(vec![]).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority.distinguished_name.push(rcgen::DnType::CommonName, "contactsync test authority");
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let ca = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let server = rcgen::CertificateParams::new(vec![address.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("ca.pem"), &ca).unwrap();
    std::fs::write(folder.join("server.pem"), server.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
    ca.into_bytes()
}

fn free_ports() -> (u16, u16) {
    let (one, other) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    (one.local_addr().unwrap().port(), other.local_addr().unwrap().port())
}

fn wait_for(child: &mut Child, port: u16, folder: &Path) {
    let patience = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(child.try_wait().unwrap().is_none(), "slapd ended: {}", log());
        assert!(Instant::now() < patience, "slapd does not answer: {}", log());
        std::thread::yield_now();
    }
}
