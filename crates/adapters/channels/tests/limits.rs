//! Where requests may go, what they may cost, and which failures are worth another attempt.

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use common::{NOW, Receiver, at, channels, notice};
use serde_json::json;
use tessera_bi::AlertState::Triggered;
use tessera_bi::ports::Channels;
use tessera_channels::ChannelSettings;
use tessera_kernel::{Code, Fault};

async fn failure(url: &str, change: impl FnOnce(&mut ChannelSettings)) -> Fault {
    let channels = channels(url, change);
    let options = json!({ "url": format!("{url}/hook/s3cret") });
    let fault = channels.deliver("webhook", &options, &notice(Triggered)).await;
    let fault = fault.expect_err("it fails");
    assert!(!fault.detail().contains("s3cret"), "{fault}");
    fault
}

#[tokio::test]
async fn a_receiver_that_asks_for_patience_is_asked_again_when_it_says() {
    let busy = Receiver::answering(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 4\r\n\r\nslow",
    );
    let fault = failure(&busy.url, |_| ()).await;
    assert_eq!((fault.code(), fault.retry_after_seconds()), (Code::Unavailable, Some(17)));
    assert!(fault.detail().contains("answered 429 slow"), "{fault}");
    let later = Receiver::answering(
        "HTTP/1.1 503 No\r\nRetry-After: Sat, 21 Nov 2026 09:23:34 GMT\r\nContent-Length: 0\r\n\r\n",
    );
    let fault = failure(&later.url, |_| ()).await;
    assert_eq!((fault.code(), fault.retry_after_seconds()), (Code::Unavailable, Some(120)));
    let broken = Receiver::answering("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(failure(&broken.url, |_| ()).await.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_refusal_and_a_redirect_are_final() {
    let gone = Receiver::answering("HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\nno hook");
    let fault = failure(&gone.url, |_| ()).await;
    assert_eq!(fault.code(), Code::Invalid);
    assert!(fault.detail().contains("answered 404 no hook"), "{fault}");
    let elsewhere = Receiver::start();
    let target = elsewhere.url.clone();
    let away = Receiver::with(move |_| {
        format!("HTTP/1.1 307 Away\r\nLocation: {target}/x\r\nContent-Length: 0\r\n\r\n")
    });
    assert_eq!(failure(&away.url, |_| ()).await.code(), Code::Invalid);
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn no_connection_no_name_and_no_answer_are_worth_another_attempt() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it").port();
    let fault = failure(&format!("http://127.0.0.1:{port}"), |_| ()).await;
    assert_eq!(fault.code(), Code::Unavailable);
    let fault = failure("http://nowhere.invalid", |_| ()).await;
    assert_eq!(fault.code(), Code::Unavailable);
    // It takes the connection and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let fault = failure(&url, |settings| settings.timeout = Duration::from_millis(200)).await;
    assert_eq!(fault.code(), Code::Unavailable);
    assert!(fault.detail().contains("channels.timeout_seconds"), "{fault}");
}

#[tokio::test]
async fn closed_networks_get_nothing_however_they_are_written() {
    let receiver = Receiver::start();
    let port = receiver.url.rsplit(':').next().expect("a port").to_owned();
    for host in ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "0.0.0.0", "[::ffff:127.0.0.1]"]
    {
        let fault = failure(&format!("http://{host}:{port}"), |settings| {
            settings.denied_networks =
                ["127.0.0.0/8", "::1/128"].map(|text| text.parse().expect("a network")).to_vec();
        })
        .await;
        assert_eq!(fault.code(), Code::Forbidden, "{host}: {fault}");
    }
    let only = failure(&receiver.url, |settings| {
        settings.allowed_networks = vec!["10.0.0.0/8".parse().expect("a network")];
    })
    .await;
    assert_eq!(only.code(), Code::Forbidden);
    assert!(receiver.requests().is_empty());
}

#[test]
fn options_that_can_never_work_are_refused_before_they_are_saved() {
    let channels = channels("http://localhost", |settings| {
        settings.denied_networks = vec!["169.254.0.0/16".parse().expect("a network")];
    });
    let field = |kind: &str, options| {
        let fault = channels.check(kind, &options).expect_err("refused");
        fault.field().unwrap_or_default().to_owned()
    };
    assert_eq!(field("webhook", json!({ "url": "http://169.254.169.254/x" })), "options.url");
    assert_eq!(field("webhook", json!({ "url": "file:///etc/passwd" })), "options.url");
    assert_eq!(field("slack", json!({})), "options.url");
    let weak = json!({ "url": "http://x.org", "signing_secret": "weak" });
    assert_eq!(field("webhook", weak), "options.signing_secret");
    assert_eq!(field("email", json!({ "addresses": "nobody" })), "options.addresses");
    assert_eq!(field("nope", json!({})), "type");
}

#[tokio::test]
async fn without_permission_nothing_goes_out_in_the_clear_but_to_this_machine() {
    let receiver = Receiver::start();
    let closed = channels(&receiver.url, |settings| settings.allow_http = false);
    let options = json!({ "url": receiver.url });
    closed.deliver("webhook", &options, &notice(Triggered)).await.expect("this machine");
    assert!(closed.check("webhook", &json!({ "url": "http://10.0.0.1/" })).is_err());
    assert!(closed.check("webhook", &json!({ "url": "https://10.0.0.1/" })).is_ok());
}

#[tokio::test]
async fn sizes_are_limited_both_ways() {
    let receiver = Receiver::start();
    let fault = failure(&receiver.url, |settings| settings.message_bytes_max = 100).await;
    assert_eq!(fault.code(), Code::TooLarge);
    assert!(receiver.requests().is_empty());
    // An answer without an end.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut seen = [0; 4096];
        let _ = stream.read(&mut seen);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let answer = channels(&url, |settings| settings.answer_bytes_max = 8192)
        .deliver("webhook", &json!({ "url": url }), &notice(Triggered))
        .await
        .expect("delivered");
    assert!(answer.len() < 300, "{answer}");
}

#[tokio::test]
async fn encrypted_receivers_are_believed_only_with_a_known_certificate() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) =
        tessera_testkit::smtp::certificate(folder.path()).expect("a certificate");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let acceptor = acceptor(&certificate, &key);
    let serving = async {
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let mut seen = [0; 8192];
            let _ = stream.read(&mut seen).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            let _ = stream.shutdown().await;
        }
    };
    let url = format!("https://localhost:{port}");
    let options = json!({ "url": url });
    let asking = async {
        let stranger = failure(&url, |_| ()).await;
        assert_eq!(stranger.code(), Code::Unavailable, "{stranger}");
        let pem = std::fs::read(&certificate).expect("the certificate");
        let channels = channels(&url, |settings| settings.extra_authorities = Some(pem));
        let answer = channels.deliver("webhook", &options, &notice(Triggered)).await;
        assert_eq!(answer.expect("delivered"), "200 ok");
    };
    tokio::select! {
        () = asking => {}
        () = serving => {}
    }
}

fn acceptor(certificate: &std::path::Path, key: &std::path::Path) -> tokio_rustls::TlsAcceptor {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let chain = CertificateDer::pem_file_iter(certificate)
        .expect("the file")
        .collect::<Result<Vec<_>, _>>()
        .expect("certificates");
    let key = PrivateKeyDer::from_pem_file(key).expect("the key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a configuration");
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

#[test]
fn the_test_clock_is_what_the_messages_say() {
    assert_eq!(at(NOW).timestamp(), 1_795_252_894);
}
