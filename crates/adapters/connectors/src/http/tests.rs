//! Requests against a server of our own on this machine.

use std::sync::Mutex;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A signal that fires when told to, or never.
#[derive(Default)]
struct Signal(tokio::sync::Notify);

#[async_trait]
impl CancelSignal for Signal {
    async fn cancelled(&self) {
        self.0.notified().await;
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

fn never() -> Arc<dyn CancelSignal> {
    Arc::new(Signal::default())
}

/// Answers one request after the other with these texts, and keeps what was asked. One that has no
/// answer left is never answered.
#[expect(clippy::disallowed_methods, reason = "ends with its test")]
async fn serve(answers: Vec<String>) -> (Url, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    tokio::spawn(async move {
        let mut held = Vec::new();
        let mut answers = answers.into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = vec![0; 65536];
            let length = stream.read(&mut text).await.unwrap();
            seen.lock().unwrap().push(String::from_utf8_lossy(&text[..length]).into_owned());
            match answers.next() {
                Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
                None => held.push(stream),
            }
        }
    });
    (format!("http://{address}/").parse().unwrap(), asked)
}

fn good(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

fn moved(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
}

fn client(settings: ConnectorSettings) -> Http {
    Http::new(Arc::new(settings), &HttpTls::default()).unwrap()
}

fn limits() -> HttpLimits {
    HttpLimits::document(&ConnectorSettings::default(), 30)
}

async fn fail(http: &Http, request: HttpRequest, limits: &HttpLimits) -> Fault {
    http.fetch(request, limits, &never()).await.err().expect("it fails")
}

#[tokio::test]
async fn an_answer_is_read_and_credentials_of_the_address_are_shown() {
    let (mut url, asked) = serve(vec![good("hello")]).await;
    url.set_username("me").unwrap();
    url.set_password(Some("a b")).unwrap();
    let request = HttpRequest::get(url).header("x-more", "1").unwrap();
    let answer =
        client(ConnectorSettings::default()).fetch(request, &limits(), &never()).await.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (StatusCode::OK, &b"hello"[..]));
    let asked = asked.lock().unwrap()[0].to_lowercase();
    assert!(asked.contains("x-more: 1"), "{asked}");
    // The text as base64, in lower case like the rest.
    assert!(asked.contains(&STANDARD.encode("me:a b").to_lowercase()), "{asked}");
}

#[tokio::test]
async fn a_closed_address_is_never_asked_also_after_a_redirect() {
    let (url, asked) = serve(vec![moved("http://127.0.0.2:1/x")]).await;
    let settings = ConnectorSettings {
        denied_networks: vec!["127.0.0.2/32".parse().unwrap()],
        ..ConnectorSettings::default()
    };
    let fault = fail(&client(settings), HttpRequest::get(url), &limits()).await;
    assert_eq!(fault.code(), Code::Invalid);
    assert!(fault.detail().contains("closed to data sources"), "{}", fault.detail());
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_server() {
    let (other, heard) = serve(vec![good("there")]).await;
    let (url, _) = serve(vec![moved(other.as_str())]).await;
    let request = HttpRequest::get(url).basic("me", &Secret::new("pw".to_owned())).unwrap();
    let request = request.header("x-api-key", "secret").unwrap();
    let answer =
        client(ConnectorSettings::default()).fetch(request, &limits(), &never()).await.unwrap();
    assert_eq!(&answer.body[..], b"there");
    let heard = heard.lock().unwrap()[0].to_lowercase();
    assert!(!heard.contains("authorization") && !heard.contains("x-api-key"), "{heard}");
}

#[tokio::test]
async fn redirects_and_bytes_and_time_end() {
    let (url, _) = serve(vec![moved("/"); 9]).await;
    let http = client(ConnectorSettings::default());
    let fault = fail(&http, HttpRequest::get(url), &limits()).await;
    assert!(fault.detail().contains("sources.http_redirects_max"), "{}", fault.detail());

    let (url, _) = serve(vec![good(&"x".repeat(100))]).await;
    let few = HttpLimits { bytes: Some(99), ..limits() };
    assert_eq!(fail(&http, HttpRequest::get(url), &few).await.code(), Code::TooLarge);

    let (url, _) = serve(Vec::new()).await;
    let short = HttpLimits { time: Duration::from_millis(20), ..limits() };
    assert_eq!(fail(&http, HttpRequest::get(url), &short).await.code(), Code::TimedOut);
}

#[tokio::test]
async fn a_cancelled_run_ends_its_request() {
    let (url, _) = serve(Vec::new()).await;
    let signal = Arc::new(Signal::default());
    signal.0.notify_one();
    let cancel: Arc<dyn CancelSignal> = signal;
    let (http, limits) = (client(ConnectorSettings::default()), limits());
    let asked = http.fetch(HttpRequest::get(url), &limits, &cancel).await;
    assert_eq!(asked.err().expect("it ends").code(), Code::Cancelled);
}
