//! The bytes between the driver and the server. The first exchange, in which both say whether they
//! encrypt, is done here, and so is the encryption; the driver is then told that there is none.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tessera_kernel::{Code, Fault, Result};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Bytes in front of what a packet carries.
const HEAD: usize = 8;

/// Most that a packet of the handshake carries, in bytes.
const PACKET_BYTES: usize = 4096 - HEAD;

/// The kind of the packets of the first exchange, and that of answers.
const PRELOGIN: u8 = 0x12;
const ANSWER: u8 = 0x04;

/// The last packet of a message.
const LAST: u8 = 0x01;

/// What the encryption byte says: all of it, none.
const ENCRYPT: u8 = 1;
const NOTHING: u8 = 2;

/// The field that says so, and the end of the fields.
const FIELD: u8 = 1;
const END: u8 = 0xff;

/// A stream whose driver has to be greeted.
pub(super) struct Wire {
    inner: Inner,
    /// What is left of the driver's own first message, which nobody is told.
    swallowed: Vec<u8>,
    swallows: bool,
    /// What is left of the answer to it.
    greeting: Vec<u8>,
}

enum Inner {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<Packets>>),
}

/// Speaks first with a server, and encrypts if both want it. `tls` is `None` for no encryption;
/// `must` tells that there is to be one.
pub(super) async fn open(
    mut stream: TcpStream,
    host: &str,
    tls: Option<Arc<ClientConfig>>,
    must: bool,
) -> Result<Wire> {
    let wanted = if tls.is_some() { ENCRYPT } else { NOTHING };
    let said = exchange(&mut stream, wanted).await.map_err(|error| broken(&error))?;
    let (place, encrypts) = encryption(&said).ok_or_else(|| failed("no answer of SQL Server"))?;
    // It encrypts if it can at all: to be asked for it is enough.
    let encrypted = encrypts != NOTHING;
    let inner = match tls {
        Some(tls) if encrypted => {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|error| failed(&error.to_string()))?;
            let connector = TlsConnector::from(tls);
            let opened = connector.connect(name, Packets::new(stream)).await;
            let mut opened = opened.map_err(|error| broken(&error))?;
            opened.get_mut().0.shaking = false;
            Inner::Encrypted(Box::new(opened))
        }
        Some(_) if must => return Err(failed("the server does not encrypt; use_ssl wants it")),
        None if encrypts == 3 => return Err(failed("the server wants encryption; set use_ssl")),
        _ => Inner::Plain(stream),
    };
    let mut said = said;
    if let Some(byte) = said.get_mut(place) {
        *byte = NOTHING;
    }
    let greeting = packet(ANSWER, &said);
    Ok(Wire { inner, swallowed: Vec::new(), swallows: true, greeting })
}

fn failed(detail: &str) -> Fault {
    Fault::new(Code::SourceFailed, detail.to_owned())
}

fn broken(error: &io::Error) -> Fault {
    failed(&format!("no connection to SQL Server: {error}"))
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + HEAD).unwrap_or(u16::MAX).to_be_bytes();
    let mut packet = vec![kind, LAST, length[0], length[1], 0, 0, 1, 0];
    packet.extend_from_slice(body);
    packet
}

/// The length of the packet that begins with these bytes.
fn length_of(head: &[u8]) -> Option<usize> {
    let bytes: [u8; 2] = head.get(2..4)?.try_into().ok()?;
    Some(usize::from(u16::from_be_bytes(bytes)).max(HEAD))
}

/// Says what we want, and returns what the server answers.
async fn exchange(stream: &mut TcpStream, wanted: u8) -> io::Result<Vec<u8>> {
    // Two fields, version and encryption: kind, place and length of each.
    let mut body = vec![0, 0, 11, 0, 6, FIELD, 0, 17, 0, 1, END];
    body.extend_from_slice(&[16, 0, 0, 0, 0, 0, wanted]);
    stream.write_all(&packet(PRELOGIN, &body)).await?;
    let mut head = [0; HEAD];
    stream.read_exact(&mut head).await?;
    let length = length_of(&head).unwrap_or(HEAD);
    let mut said = vec![0; length - HEAD];
    stream.read_exact(&mut said).await?;
    Ok(said)
}

/// Where the encryption byte of an answer stands, and what it says.
fn encryption(said: &[u8]) -> Option<(usize, u8)> {
    let mut at = 0;
    loop {
        match *said.get(at)? {
            END => return None,
            FIELD => {
                let place: [u8; 2] = said.get(at + 1..at + 3)?.try_into().ok()?;
                let place = usize::from(u16::from_be_bytes(place));
                return Some((place, *said.get(place)?));
            }
            _ => at += 5,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.swallows && !self.greeting.is_empty() {
            let length = self.greeting.len().min(into.remaining());
            into.put_slice(&self.greeting[..length]);
            self.greeting.drain(..length);
            return Poll::Ready(Ok(()));
        }
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Inner::Encrypted(stream) => Pin::new(stream.as_mut()).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.swallows {
            // Up to the end of its head first, then up to the end of the packet.
            let known = self.swallowed.len();
            let end = length_of(&self.swallowed).filter(|_| known >= HEAD).unwrap_or(HEAD);
            let length = bytes.len().min(end - known);
            self.swallowed.extend_from_slice(&bytes[..length]);
            let known = self.swallowed.len();
            if known >= HEAD && length_of(&self.swallowed).is_some_and(|end| known >= end) {
                self.swallows = false;
            }
            return Poll::Ready(Ok(length));
        }
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Inner::Encrypted(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(context),
            Inner::Encrypted(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Inner::Encrypted(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}

/// While the encryption is agreed on, its bytes go within packets; then they go as they are.
pub(super) struct Packets {
    inner: TcpStream,
    shaking: bool,
    /// Packets that are to be sent.
    out: Vec<u8>,
    /// The head of the packet that comes, and how much of its body is still to come.
    head: Vec<u8>,
    left: usize,
}

impl Packets {
    fn new(inner: TcpStream) -> Self {
        Self { inner, shaking: true, out: Vec::new(), head: Vec::new(), left: 0 }
    }

    fn poll_out(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            let sent = ready!(Pin::new(&mut self.inner).poll_write(context, &self.out))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.out.drain(..sent);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Packets {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.shaking {
            return Pin::new(&mut self.inner).poll_read(context, into);
        }
        while self.left == 0 {
            let mut rest = [0; HEAD];
            let wanted = HEAD - self.head.len();
            let mut buffer = ReadBuf::new(&mut rest[..wanted]);
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let read = buffer.filled().to_vec();
            self.head.extend(read);
            if self.head.len() == HEAD {
                self.left = length_of(&self.head).unwrap_or(HEAD) - HEAD;
                self.head.clear();
            }
        }
        let wanted = self.left.min(into.remaining());
        let read = {
            let mut part = ReadBuf::new(into.initialize_unfilled_to(wanted));
            ready!(Pin::new(&mut self.inner).poll_read(context, &mut part))?;
            part.filled().len()
        };
        into.advance(read);
        self.left -= read;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Packets {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.shaking {
            ready!(self.poll_out(context))?;
            return Pin::new(&mut self.inner).poll_write(context, bytes);
        }
        let length = bytes.len().min(PACKET_BYTES);
        let made = packet(PRELOGIN, &bytes[..length]);
        self.out.extend(made);
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(context))?;
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(context))?;
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
