//! Connections that send what there is a copy of from the copy.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use rustix::fs::sendfile;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::Sending;

/// Accepts connections that send from copies.
pub struct Listener {
    listener: TcpListener,
    sending: Sending,
}

impl Listener {
    /// On an address that is listened on.
    #[must_use]
    pub fn new(listener: TcpListener, sending: Sending) -> Self {
        Self { listener, sending }
    }
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, peer) = axum::serve::Listener::accept(&mut self.listener).await;
        // An answer is written at once; its last packet need not wait for earlier ones to arrive.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        (Connection { stream, sending: self.sending.clone() }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A connection to a caller.
pub struct Connection {
    stream: TcpStream,
    sending: Sending,
}

impl Connection {
    /// Writes by a call of our own, once the kernel has room.
    fn poll_write_by(
        &self,
        context: &mut Context<'_>,
        mut write: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            let wrote = self.stream.try_io(Interest::WRITABLE, &mut write);
            match wrote {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                wrote => return Poll::Ready(wrote),
            }
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let copied = slices
            .iter()
            .enumerate()
            .find_map(|(at, slice)| Some((at, slice.len(), self.sending.find(slice)?)));
        match copied {
            None => Pin::new(&mut self.stream).poll_write_vectored(context, slices),
            Some((0, bytes, part)) => self.poll_write_by(context, || {
                let mut offset = part.offset;
                Ok(sendfile(&self.stream, part.file(), Some(&mut offset), bytes)?)
            }),
            // What stands before it, usually the head, waits in the kernel to share its packet.
            Some(_) => self.poll_write_by(context, || {
                SockRef::from(&self.stream).send_with_flags(&slices[0], libc::MSG_MORE)
            }),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
