//! One connection: sends requests, and cuts the answers off what comes in, without copying them.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use futures::FutureExt as _;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::ber::{self, Malformed, SEQUENCE};
use super::message::{self, Answer, Message, Outcome, SearchRequest};

/// What is read at once. TLS hands on at most 16 KiB.
const READ: usize = 64 * 1024;
/// Room below which the buffer is made larger.
const LOW: usize = 16 * 1024;
/// The longest message: a group of about a million members, whose names come in one entry.
const MAX_MESSAGE: usize = 128 * 1024 * 1024;

/// Why a connection can be used no longer.
#[derive(Debug, Error)]
pub(crate) enum Broken {
    /// It ended in the middle.
    #[error("the connection was lost")]
    Closed,
    /// It failed.
    #[error("the connection was lost: {0}")]
    Io(#[source] io::Error),
    /// What came is not LDAP.
    #[error("it sent what is no LDAP (RFC 4511)")]
    Malformed,
    /// A message is longer than any should be.
    #[error("it sent a message of more than {} MiB", MAX_MESSAGE >> 20)]
    TooLong,
    /// An answer to a request that was not made.
    #[error("it sent an answer that was not asked for")]
    Unexpected,
    /// The server said that it closes the connection.
    #[error("it closes the connection (code {0})")]
    Disconnected(u32),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A connection over whatever carries bytes.
pub(crate) struct Wire<S> {
    stream: S,
    received: BytesMut,
    last_id: u32,
}

/// Makes TLS of a TCP connection. Records are read from a buffer, many with one call of the system.
pub(crate) async fn over_tls(
    tcp: TcpStream,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
) -> io::Result<Wire<TlsStream<BufReader<TcpStream>>>> {
    let stream = TlsConnector::from(config).connect(name, BufReader::with_capacity(READ, tcp)).await?;
    Ok(Wire::new(stream))
}

impl Wire<TcpStream> {
    /// Asks for TLS on a connection in clear. Gives the connection back when the server agrees.
    pub(crate) async fn start_tls(mut self) -> Result<Result<TcpStream, Outcome>, Broken> {
        let id = self.next_id();
        self.send(&message::start_tls(id)).await?;
        match self.answer(id).await? {
            // Bytes that came before TLS began could be anybody's.
            Answer::Extended(outcome) if outcome.code == 0 && self.received.is_empty() => Ok(Ok(self.stream)),
            Answer::Extended(outcome) if outcome.code != 0 => Ok(Err(outcome)),
            _ => Err(Broken::Unexpected),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, received: BytesMut::new(), last_id: 0 }
    }

    /// Signs in.
    pub(crate) async fn bind(&mut self, dn: &str, password: &str) -> Result<Outcome, Broken> {
        let id = self.next_id();
        self.send(&message::bind(id, dn, password)).await?;
        match self.answer(id).await? {
            Answer::Bind(outcome) => Ok(outcome),
            _ => Err(Broken::Unexpected),
        }
    }

    /// Asks for a search; gives the id that its answers carry.
    pub(crate) async fn search(&mut self, request: &SearchRequest<'_>) -> Result<u32, Broken> {
        let id = self.next_id();
        self.send(&message::search(id, request)).await?;
        Ok(id)
    }

    /// The next answer to the request with this id, which is the only one under way.
    pub(crate) async fn answer(&mut self, id: u32) -> Result<Answer, Broken> {
        loop {
            let size = ber::element_size(&self.received, SEQUENCE)?;
            match size {
                Some(size) if size > MAX_MESSAGE => return Err(Broken::TooLong),
                Some(size) if size <= self.received.len() => {
                    let message = message::read(self.received.split_to(size).freeze())?;
                    if let Some(answer) = ours(message, id)? {
                        return Ok(answer);
                    }
                }
                _ => self.receive().await?,
            }
        }
    }

    async fn receive(&mut self) -> Result<(), Broken> {
        if self.received.capacity() - self.received.len() < LOW {
            self.received.reserve(READ);
        }
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(Broken::Closed),
            _ => Ok(()),
        }
    }

    async fn send(&mut self, request: &[u8]) -> Result<(), Broken> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        Ok(())
    }

    /// Says farewell as far as that can be done without waiting.
    pub(crate) fn unbind(&mut self) {
        let id = self.next_id();
        let _said = self.send(&message::unbind(id)).now_or_never();
    }

    fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }
}

/// The answer in a message, unless it says nothing.
fn ours(message: Message, id: u32) -> Result<Option<Answer>, Broken> {
    match message.answer {
        Answer::Disconnection(code) => Err(Broken::Disconnected(code)),
        Answer::Intermediate => Ok(None),
        answer if message.id == id => Ok(Some(answer)),
        _ => Err(Broken::Unexpected),
    }
}
