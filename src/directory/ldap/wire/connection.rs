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

use super::answer::{self, Answer, Message, Outcome};
use super::ber::{self, Malformed, SEQUENCE};
use super::request::{self, SearchRequest};

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

/// What every connection becomes before anybody signs in.
pub(crate) type TlsWire = Wire<TlsStream<BufReader<TcpStream>>>;

/// Makes TLS of a TCP connection. Records are read from a buffer, many with one call of the system.
pub(crate) async fn over_tls(
    tcp: TcpStream,
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
) -> io::Result<TlsWire> {
    let stream = TlsConnector::from(config).connect(name, BufReader::with_capacity(READ, tcp)).await?;
    Ok(Wire::new(stream))
}

impl Wire<TcpStream> {
    /// Asks for TLS on a connection in clear. Gives the connection back when the server agrees.
    pub(crate) async fn start_tls(mut self) -> Result<Result<TcpStream, Outcome>, Broken> {
        let id = self.next_id();
        self.send(&request::start_tls(id)).await?;
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
        self.send(&request::bind(id, dn, password)).await?;
        match self.answer(id).await? {
            Answer::Bind(outcome) => Ok(outcome),
            _ => Err(Broken::Unexpected),
        }
    }

    /// Asks for a search; gives the id that its answers carry.
    pub(crate) async fn search(&mut self, asked: &SearchRequest<'_>) -> Result<u32, Broken> {
        let id = self.next_id();
        self.send(&request::search(id, asked)).await?;
        Ok(id)
    }

    /// The next answer to the request with this id, which is the only one under way.
    pub(crate) async fn answer(&mut self, id: u32) -> Result<Answer, Broken> {
        loop {
            let size = ber::element_size(&self.received, SEQUENCE)?;
            match size {
                Some(size) if size > MAX_MESSAGE => return Err(Broken::TooLong),
                Some(size) if size <= self.received.len() => {
                    let message = answer::read(self.received.split_to(size).freeze())?;
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
        let _said = self.send(&request::unbind(id)).now_or_never();
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

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: [u8; 14] = [0x30, 12, 2, 1, 1, 0x65, 7, 10, 1, 0, 4, 0, 4, 0];
    const FILTER: [u8; 4] = [0x87, 2, b'c', b'n'];

    /// What a search comes to on a connection whose server answers with these bytes, `chunk` at a time, and goes.
    async fn search(answers: &[u8], chunk: usize) -> Result<Vec<Answer>, Broken> {
        let (ours, mut theirs) = tokio::io::duplex(chunk);
        let serve = async {
            let mut request = [0; 64];
            assert!(theirs.read(&mut request).await.unwrap() > 0);
            // A client that had enough goes first.
            let _sent = theirs.write_all(answers).await;
            drop(theirs);
        };
        let ask = async {
            let mut wire = Wire::new(ours);
            let scope = request::Scope::Base;
            let asked = SearchRequest { base: "", scope, filter: &FILTER, attributes: &[], page: None };
            let id = wire.search(&asked).await?;
            let mut answers = Vec::new();
            loop {
                let answer = wire.answer(id).await?;
                let last = matches!(answer, Answer::Done(..));
                answers.push(answer);
                if last {
                    return Ok(answers);
                }
            }
        };
        tokio::join!(serve, ask).1
    }

    fn entries(count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..count {
            bytes.extend([0x30, 0x84, 0, 0, 0, 14, 2, 1, 1, 0x64, 9, 4, 5, b'c', b'n', b'=', b'a', b'b', 0x30, 0]);
        }
        bytes.extend(DONE);
        bytes
    }

    #[tokio::test]
    async fn messages_are_cut_off_wherever_the_bytes_are_cut() {
        for chunk in [64, 65, 71, 1000, 20_000, 100_000] {
            let answers = search(&entries(5000), chunk).await.unwrap();
            assert_eq!(answers.len(), 5001);
            let whole = |answer: &Answer| matches!(answer, Answer::Entry(entry) if entry.len() == 9);
            assert!(answers.iter().take(5000).all(whole));
        }
    }

    #[tokio::test]
    async fn l02_a_connection_that_ends_is_no_end() {
        let answers = entries(2);
        for cut in 0..answers.len() {
            assert!(matches!(search(&answers[..cut], 64).await, Err(Broken::Closed)), "{cut}");
        }
    }

    #[tokio::test]
    async fn what_was_not_asked_for_breaks_the_connection() {
        let mut other = DONE;
        other[4] = 9;
        assert!(matches!(search(&other, 64).await, Err(Broken::Unexpected)));
        assert!(matches!(search(b"HTTP/1.1 400 Bad Request\r\n\r\n", 64).await, Err(Broken::Malformed)));
        assert!(matches!(search(&[0x30, 0x80, 2, 1, 1, 0x65, 0, 0], 64).await, Err(Broken::Malformed)));
        assert!(matches!(search(&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2, 1, 1], 64).await, Err(Broken::TooLong)));
    }

    #[tokio::test]
    async fn l02_a_server_that_goes_is_no_end() {
        let name = b"1.3.6.1.4.1.1466.20036";
        let mut notice = vec![0x30, 36, 2, 1, 0, 0x78, 31, 10, 1, 52, 4, 0, 4, 0, 0x8a, 22];
        notice.extend(name);
        assert!(matches!(search(&notice, 64).await, Err(Broken::Disconnected(52))));
        // What a server says in between is no answer, and no end.
        let mut patient = vec![0x30, 5, 2, 1, 1, 0x79, 0];
        patient.extend(DONE);
        assert_eq!(search(&patient, 64).await.unwrap().len(), 1);
    }
}
