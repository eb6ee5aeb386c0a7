//! Answers arrive whole, from copies or not, however slowly they are taken.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::routing::get;
use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use super::{Listener, Peer, Sending};

/// A body of so many bytes in which no part equals another one.
fn body(bytes: usize) -> Bytes {
    (0..bytes).map(|at| ((at * 31) ^ (at >> 8)) as u8).collect()
}

/// Serves `/<n>`: the n-th body, from memory that stays.
async fn serve(sending: Sending, bodies: Vec<Bytes>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = |State((sending, bodies)): State<(Sending, Vec<Bytes>)>,
                  ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
                  Path(at): Path<usize>| async move {
        assert!(peer.ip().is_loopback());
        sending.offer(&bodies[at]);
        Body::from(bodies[at].clone())
    };
    let app = Router::new().route("/{at}", get(answer)).with_state((sending.clone(), bodies));
    let service = app.into_make_service_with_connect_info::<Peer>();
    let serving = axum::serve(Listener::new(listener, sending), service);
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(serving.into_future());
    address
}

/// Asks for bodies over one connection, all at once, and takes them in small pieces.
async fn ask(address: SocketAddr, asked: &[usize], bodies: &[Bytes]) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(16 * 1024).expect("a small buffer");
    let mut stream = socket.connect(address).await.expect("a connection");
    let requests: String =
        asked.iter().map(|at| format!("GET /{at} HTTP/1.1\r\nhost: x\r\n\r\n")).collect();
    stream.write_all(requests.as_bytes()).await.expect("sent");
    let mut waiting = Vec::new();
    for at in asked {
        let body = &bodies[*at];
        let end = loop {
            if let Some(end) = waiting.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(stream.read_buf(&mut waiting).await.expect("a head"), 0);
        };
        let head = String::from_utf8(waiting.drain(..end).collect()).expect("a head in ASCII");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{head}");
        while waiting.len() < body.len() {
            assert_ne!(stream.read_buf(&mut waiting).await.expect("a body"), 0);
            tokio::task::yield_now().await;
        }
        let came: Vec<u8> = waiting.drain(..body.len()).collect();
        assert!(came == body[..], "another body of {} bytes", body.len());
    }
}

async fn arrive_whole(bytes_max: usize) {
    let bodies: Vec<_> = [10, 32 << 10, 123_880, 1 << 20, (1 << 20) + 1, 0].map(body).into();
    let sending = Sending::new(bytes_max);
    let address = serve(sending, bodies.clone()).await;
    let asked = [2, 2, 0, 3, 1, 5, 3, 4, 2, 4, 3, 1, 2];
    let asking = (0..8).map(|_| ask(address, &asked, &bodies));
    let within = Duration::from_secs(60);
    tokio::time::timeout(within, futures::future::join_all(asking)).await.expect("no one waits on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_arrive_whole_from_copies() {
    arrive_whole(8 << 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_arrive_whole_when_copies_come_and_go() {
    arrive_whole((1 << 20) + 1000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_arrive_whole_without_copies() {
    arrive_whole(0).await;
}
