//! A proxy before a real LDAP server, with a certificate of its own: one search of a run is answered wrongly.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use contactsync::directory::ldap::LdapSettings;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use super::ber::{DONE, ENTRY, Message, SEARCH};
use super::slapd::Slapd;
use super::tls::{Authority, Flaw};

/// What goes wrong with the answer to one search.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// It ends with this result code.
    Code(u8),
    /// The connection ends after its entries, before the result.
    CutBeforeResult,
    /// The connection ends within a message.
    CutInMessage,
    /// The connection ends after the result.
    CutAfterResult,
    /// Part of it lies on another server.
    Reference,
    /// The result comes without controls.
    NoControls,
    /// An entry comes without its id.
    NoId,
    /// An entry comes twice.
    Twice,
    /// An entry is left out, and the result says nothing of it.
    LostEntry,
    /// There is always one more page, with nothing on it.
    EmptyPages,
    /// There is always one more page, the same again.
    SamePage,
    /// No answer.
    Silence,
    /// Bytes that are no LDAP.
    Garbage,
    /// A result without anything in it.
    EmptyResult,
    /// An entry that ends in the middle of itself.
    HalfEntry,
    /// Of every `mail` only the first value comes, as Active Directory gives long attributes.
    Ranges,
}

const COOKIE: &[u8] = b"there is always more";

#[derive(Default)]
struct Plan {
    trouble: Option<(usize, Trouble)>,
    searches: usize,
    met: bool,
}

pub struct LdapProxy {
    address: SocketAddr,
    ca: Vec<u8>,
    plan: Arc<Mutex<Plan>>,
}

impl LdapProxy {
    pub async fn before(slapd: &Slapd) -> Self {
        let authority = Authority::new();
        let acceptor = authority.acceptor(Flaw::None);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server: SocketAddr = slapd.ldap().trim_start_matches("ldap://").parse().unwrap();
        let plan = Arc::new(Mutex::new(Plan::default()));
        let shared = Arc::clone(&plan);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, plan) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    client.set_nodelay(true).unwrap();
                    let Ok(client) = acceptor.accept(client).await else { return };
                    let server = TcpStream::connect(server).await.unwrap();
                    server.set_nodelay(true).unwrap();
                    Box::pin(Connection::new(client, server, plan).run()).await;
                });
            }
        });
        Self { address, ca: authority.pem.into_bytes(), plan }
    }

    /// The settings of a directory behind the proxy.
    pub fn settings(&self, slapd: &Slapd) -> LdapSettings {
        let mut settings = slapd.settings();
        settings.source.url = format!("ldaps://{}", self.address);
        settings.ca = Some(self.ca.clone());
        settings
    }

    /// From here on the search with this number, counted from 0, meets trouble.
    pub fn expect(&self, at: usize, trouble: Trouble) {
        *self.plan.lock().unwrap() = Plan { trouble: Some((at, trouble)), ..Plan::default() };
    }

    /// From here on all goes well; gives how many searches there were, and whether one met trouble.
    pub fn behave(&self) -> (usize, bool) {
        let plan = std::mem::take(&mut *self.plan.lock().unwrap());
        (plan.searches, plan.met)
    }
}

/// One client's connection.
struct Connection {
    from_client: ReadHalf<TlsStream<TcpStream>>,
    to_client: WriteHalf<TlsStream<TcpStream>>,
    server: TcpStream,
    plan: Arc<Mutex<Plan>>,
    /// The search that is in trouble, by its message id.
    troubled: Option<(Vec<u8>, Trouble)>,
    /// The entries of its answer.
    entries: Vec<Message>,
}

impl Connection {
    fn new(client: TlsStream<TcpStream>, server: TcpStream, plan: Arc<Mutex<Plan>>) -> Self {
        let (from_client, to_client) = tokio::io::split(client);
        Self { from_client, to_client, server, plan, troubled: None, entries: Vec::new() }
    }

    async fn run(mut self) {
        let (mut asked, mut answered) = (Vec::new(), Vec::new());
        loop {
            let (mut request, mut answer) = ([0; 16 * 1024], [0; 16 * 1024]);
            let going = tokio::select! {
                read = self.from_client.read(&mut request) => match read {
                    Ok(length @ 1..) => {
                        asked.extend(&request[..length]);
                        self.requests(&mut asked).await
                    }
                    _ => false,
                },
                read = self.server.read(&mut answer) => match read {
                    Ok(length @ 1..) => {
                        answered.extend(&answer[..length]);
                        self.answers(&mut answered).await
                    }
                    _ => false,
                },
            };
            if !going {
                return;
            }
        }
    }

    /// Whether the connection goes on.
    async fn requests(&mut self, bytes: &mut Vec<u8>) -> bool {
        while let Some(message) = Message::take(bytes) {
            if message.tag == SEARCH {
                if message.holds(COOKIE) {
                    if !self.same_again(&message.id).await {
                        return false;
                    }
                    continue;
                }
                self.count(&message);
            }
            if self.server.write_all(&message.bytes()).await.is_err() {
                return false;
            }
        }
        true
    }

    fn count(&mut self, search: &Message) {
        let mut plan = self.plan.lock().unwrap();
        let number = plan.searches;
        plan.searches += 1;
        if let Some((at, trouble)) = plan.trouble
            && at == number
        {
            let pages = matches!(trouble, Trouble::EmptyPages | Trouble::SamePage | Trouble::NoControls);
            plan.met |= !pages || search.is_paged();
            if plan.met {
                self.troubled = Some((search.id.clone(), trouble));
            }
        }
    }

    async fn answers(&mut self, bytes: &mut Vec<u8>) -> bool {
        while let Some(message) = Message::take(bytes) {
            let trouble = self.troubled.as_ref().filter(|(id, _)| *id == message.id).map(|(_, trouble)| *trouble);
            let (parts, going) = match trouble {
                Some(trouble) => self.spoil(message, trouble),
                None => (vec![message.bytes()], true),
            };
            for part in parts {
                if self.to_client.write_all(&part).await.is_err() {
                    return false;
                }
            }
            drop(self.to_client.flush().await);
            if !going {
                return false;
            }
        }
        true
    }

    /// What is sent in place of a message, and whether the connection goes on.
    fn spoil(&mut self, mut message: Message, trouble: Trouble) -> (Vec<Vec<u8>>, bool) {
        let first = message.tag == ENTRY && self.entries.is_empty();
        if message.tag == ENTRY {
            self.entries.push(message.clone());
        }
        let whole = message.bytes();
        let done = message.tag == DONE;
        let id = message.id.clone();
        match trouble {
            Trouble::Silence => (vec![], true),
            Trouble::Code(code) if done => {
                message.body[2] = code;
                (vec![message.bytes()], true)
            }
            Trouble::CutBeforeResult if done => (vec![], false),
            Trouble::CutAfterResult if done => (vec![whole], false),
            Trouble::CutInMessage => (vec![whole[..whole.len() / 2].to_vec()], false),
            Trouble::Reference if done => (vec![Message::reference(&id).bytes(), whole], true),
            Trouble::NoControls if done => {
                message.controls.clear();
                (vec![message.bytes()], true)
            }
            Trouble::NoId if first => {
                message.replace(b"entryUUID", b"entryUUIX");
                (vec![message.bytes()], true)
            }
            Trouble::Twice if first => (vec![whole.clone(), whole], true),
            Trouble::LostEntry if first => (vec![], true),
            Trouble::EmptyPages | Trouble::SamePage if done => {
                if trouble == Trouble::EmptyPages {
                    self.entries.clear();
                }
                (vec![Message::done_with_cookie(&id, COOKIE).bytes()], true)
            }
            Trouble::Garbage => (vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()], true),
            Trouble::EmptyResult if done => {
                message.body.clear();
                (vec![message.bytes()], true)
            }
            Trouble::HalfEntry if first => {
                message.body.truncate(message.body.len() / 2);
                (vec![message.bytes()], true)
            }
            Trouble::Ranges if message.tag == ENTRY => {
                message.rename(b"mail", b"mail;range=0-0");
                (vec![message.bytes()], true)
            }
            _ => (vec![whole], true),
        }
    }

    /// One more page, as the first was.
    async fn same_again(&mut self, id: &[u8]) -> bool {
        let mut page = Vec::new();
        for entry in &self.entries {
            page.extend(Message { id: id.to_vec(), ..entry.clone() }.bytes());
        }
        page.extend(Message::done_with_cookie(id, COOKIE).bytes());
        self.to_client.write_all(&page).await.is_ok() && self.to_client.flush().await.is_ok()
    }
}
