//! Mail through a real SMTP server: encryption, credentials, refusals.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{NOW, at, notice, plain};
use serde_json::json;
use tessera_access::{Mail, Mailer};
use tessera_bi::AlertState::{Ok as Over, Triggered};
use tessera_bi::ports::Channels;
use tessera_channels::{AllChannels, ChannelSettings, MailSettings, MailTls, SmtpMailer};
use tessera_kernel::{Clock, Code, Secret, TestClock};
use tessera_testkit::smtp::{SMTP_PASSWORD, Smtp};

fn clock() -> Arc<dyn Clock> {
    Arc::new(TestClock::at(at(NOW)))
}

fn settings(server: &Smtp, tls: MailTls) -> MailSettings {
    let credentials = Some(("tessera".to_owned(), Secret::new(SMTP_PASSWORD)));
    MailSettings {
        host: "localhost".to_owned(),
        port: server.port(),
        tls,
        credentials: credentials.filter(|_| tls != MailTls::None),
        from: "Tessera <tessera@example.com>".to_owned(),
        timeout: Duration::from_secs(10),
        extra_authorities: Some(std::fs::read(server.certificate()).expect("the certificate")),
    }
}

fn mailer(settings: MailSettings) -> SmtpMailer {
    SmtpMailer::new(Some(settings), clock()).expect("a mailer")
}

fn mail(to: &[&str]) -> Mail {
    Mail {
        to: to.iter().map(|&to| to.to_owned()).collect(),
        subject: "Grüße\r\nBcc: x@example.com".to_owned(),
        text: "Hello\n.\nworld".to_owned(),
        html: Some("<p>Hello</p>".to_owned()),
        deduplication: "one".to_owned(),
    }
}

#[tokio::test]
async fn a_mail_is_encrypted_signed_in_and_whole() {
    for (mode, tls) in [("starttls", MailTls::StartTls), ("implicit", MailTls::Implicit)] {
        let server = Smtp::start(mode).expect("a mail server");
        let mailer = mailer(settings(&server, tls));
        mailer.probe().await.expect("it works");
        mailer.send(&mail(&["Ada <ada@example.com>", "bob@example.com"])).await.expect("sent");
        let got = server.next().expect("the mail");
        assert_eq!(got["from"], "tessera@example.com");
        assert_eq!(got["to"], json!(["ada@example.com", "bob@example.com"]));
        assert_eq!(got["user"], "tessera");
        if mode == "starttls" {
            assert_eq!(got["encrypted"], true);
        }
        let data = got["data"].as_str().expect("text");
        for line in [
            "From: Tessera <tessera@example.com>\r\n",
            "To: Ada <ada@example.com>, bob@example.com\r\n",
            "Date: Sat, 21 Nov 2026 09:21:34 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Message-ID: <7692c3ad3540bb803c020b3aee66cd88@example.com>\r\n",
            "<p>Hello</p>",
            "Hello\r\n.\r\nworld",
        ] {
            assert!(data.contains(line), "{line:?} is not in {data}");
        }
        assert!(!data.contains("\r\nBcc:"), "{data}");
    }
}

#[tokio::test]
async fn a_stranger_as_mail_server_gets_neither_password_nor_mail() {
    let server = Smtp::start("starttls").expect("a mail server");
    let stranger = MailSettings { extra_authorities: None, ..settings(&server, MailTls::StartTls) };
    let fault = mailer(stranger).send(&mail(&["ada@example.com"])).await.expect_err("refused");
    assert_eq!(fault.code(), Code::Unavailable);
    // A server that does not encrypt.
    let open = Smtp::start("none").expect("a mail server");
    let downgraded = settings(&open, MailTls::StartTls);
    let fault = mailer(downgraded).send(&mail(&["ada@example.com"])).await.expect_err("refused");
    assert_eq!(fault.code(), Code::Unavailable);
    assert!(open.waiting().is_empty() && server.waiting().is_empty());
}

#[tokio::test]
async fn only_what_may_work_later_is_worth_another_attempt() {
    let server = Smtp::start("none").expect("a mail server");
    let mailer = mailer(settings(&server, MailTls::None));
    let code = async |to: &[&str]| mailer.send(&mail(to)).await.map_err(|fault| fault.code());
    assert_eq!(code(&["refused@example.com"]).await, Err(Code::Invalid));
    assert_eq!(code(&["later@example.com"]).await, Err(Code::Unavailable));
    assert_eq!(code(&["no address"]).await, Err(Code::Invalid));
    assert_eq!(code(&[]).await, Err(Code::Invalid));
    assert!(server.waiting().is_empty());
    // The others get theirs.
    assert_eq!(code(&["refused@example.com", "ada@example.com"]).await, Ok(()));
    assert_eq!(server.next().expect("the mail")["to"], json!(["ada@example.com"]));
    let wrong = Smtp::start("starttls").expect("a mail server");
    let credentials = Some(("tessera".to_owned(), Secret::new("wrong")));
    let wrong = MailSettings { credentials, ..settings(&wrong, MailTls::StartTls) };
    let fault = self::mailer(wrong).probe().await.expect_err("refused");
    assert_eq!(fault.code(), Code::Unavailable);
    assert!(!fault.detail().contains("wrong"), "{fault}");
    let nowhere = MailSettings { port: 1, ..settings(&server, MailTls::None) };
    let fault = self::mailer(nowhere).send(&mail(&["ada@example.com"])).await.expect_err("refused");
    assert_eq!(fault.code(), Code::Unavailable);
    let none = SmtpMailer::new(None, clock()).expect("a mailer");
    assert!(!none.configured());
    let fault = none.send(&mail(&["ada@example.com"])).await.expect_err("refused");
    assert_eq!(fault.code(), Code::Unsupported);
}

#[tokio::test]
async fn an_alert_comes_by_mail_in_both_states() {
    let server = Smtp::start("none").expect("a mail server");
    let mailer = Arc::new(mailer(settings(&server, MailTls::None)));
    let channels = AllChannels::new(ChannelSettings::default(), mailer, clock()).expect("channels");
    let options = json!({ "addresses": "ada@example.com,bob@example.com," });
    common::deliver(&channels, "email", &options, &notice(Triggered)).await;
    let got = server.next().expect("the mail");
    assert_eq!(got["to"], json!(["ada@example.com", "bob@example.com"]));
    let data = got["data"].as_str().expect("text");
    assert!(data.contains("Subject: S too many\r\n") && data.contains("B 1 2"), "{data}");
    let options =
        json!({ "addresses": "ada@example.com", "subject_template": "{state}: {alert_name}" });
    common::deliver(&channels, "email", &options, &plain(Over)).await;
    let got = server.next().expect("the mail");
    let data = got["data"].as_str().expect("text");
    for text in [
        "Subject: OK: too many\r\n",
        "too many went back to normal.",
        "Condition: max(qty) > 2",
        "Value: 3",
        "Query: Orders \"today\" http://127.0.0.1:5000/queries/7",
        "Alert: http://127.0.0.1:5000/alerts/2",
    ] {
        assert!(data.contains(text), "{text:?} is not in {data}");
    }
    let usual = ChannelSettings {
        mail_subject: "[{state}] {alert_name}".to_owned(),
        ..ChannelSettings::default()
    };
    let mailer = Arc::new(self::mailer(settings(&server, MailTls::None)));
    let channels = AllChannels::new(usual, mailer, clock()).expect("channels");
    let schema = &channels.types()[0].schema["properties"]["subject_template"];
    assert_eq!(schema["default"], "[{state}] {alert_name}");
    let options = json!({ "addresses": "ada@example.com" });
    common::deliver(&channels, "email", &options, &plain(Triggered)).await;
    let got = server.next().expect("the mail");
    let data = got["data"].as_str().expect("text");
    assert!(data.contains("Subject: [TRIGGERED] too many\r\n"), "{data}");
    let fault = AllChannels::new(
        ChannelSettings::default(),
        Arc::new(SmtpMailer::new(None, clock()).expect("a mailer")),
        clock(),
    )
    .expect("channels")
    .deliver("email", &options, &plain(Over))
    .await
    .expect_err("no mail server");
    assert_eq!(fault.code(), Code::Unsupported);
}
