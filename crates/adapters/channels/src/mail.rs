//! Mail by SMTP.

use std::time::Duration;

use async_trait::async_trait;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use sha2::Digest as _;
use std::sync::Arc;
use tessera_access::{Mail, Mailer};
use tessera_kernel::{Clock, Code, Fault, Result, Secret};

use crate::failure::{again, never};

type Transport = AsyncSmtpTransport<Tokio1Executor>;
type SmtpError = lettre::transport::smtp::Error;

/// How the way to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all.
    None,
    /// After a greeting in the clear; a server that cannot do this gets no mail.
    StartTls,
    /// From the first byte.
    Implicit,
}

impl std::str::FromStr for MailTls {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "none" => Ok(Self::None),
            "starttls" => Ok(Self::StartTls),
            "implicit" => Ok(Self::Implicit),
            _ => Err(()),
        }
    }
}

/// The mail server, and who writes.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// The mail server's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted.
    pub tls: MailTls,
    /// Who this server is to the mail server, and the password.
    pub credentials: Option<(String, Secret)>,
    /// The address that mail comes from, `Name <name@example.com>`.
    pub from: String,
    /// Longest time for one mail.
    pub timeout: Duration,
    /// Certificates of authorities besides the public ones, in PEM.
    pub extra_authorities: Option<Vec<u8>>,
}

/// Sends mail by SMTP.
pub struct SmtpMailer {
    way: Option<Way>,
    clock: Arc<dyn Clock>,
}

struct Way {
    transport: Transport,
    host: String,
    from: Mailbox,
    timeout: Duration,
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let host = self.way.as_ref().map(|way| &way.host);
        f.debug_struct("SmtpMailer").field("host", &host).finish_non_exhaustive()
    }
}

impl SmtpMailer {
    /// A mailer; without settings, one that sends nothing.
    ///
    /// # Errors
    /// `Invalid`, with the setting as its field.
    pub fn new(settings: Option<MailSettings>, clock: Arc<dyn Clock>) -> Result<Self> {
        let way = settings.map(Way::new).transpose()?;
        Ok(Self { way, clock })
    }

    /// Connects to the mail server and signs in there, and sends nothing.
    ///
    /// # Errors
    /// As [`Mailer::send`].
    pub async fn probe(&self) -> Result<()> {
        let way = self.way()?;
        let tested = Box::pin(way.transport.test_connection());
        match tokio::time::timeout(way.timeout, tested).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(again(&way.host, "the mail server does not answer NOOP")),
            Ok(Err(error)) => Err(way.explain(&error)),
            Err(_) => Err(way.late()),
        }
    }

    fn way(&self) -> Result<&Way> {
        self.way.as_ref().ok_or_else(|| {
            Fault::new(Code::Unsupported, "no mail server is configured (mail.host)")
        })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    fn configured(&self) -> bool {
        self.way.is_some()
    }

    async fn send(&self, mail: &Mail) -> Result<()> {
        let way = self.way()?;
        let to =
            mail.to.iter().map(|address| mailbox("to", address)).collect::<Result<Vec<_>>>()?;
        if to.is_empty() {
            return Err(Fault::invalid("to", "nobody gets this mail"));
        }
        let first = way.send(self.message(way, mail, &to)?).await;
        match first {
            // A server refuses a mail as a whole for the sake of one of its addresses.
            Err(fault) if fault.code() == Code::Invalid && to.len() > 1 => {
                self.one_by_one(way, mail, &to, fault).await
            }
            other => other,
        }
    }
}

impl SmtpMailer {
    async fn one_by_one(&self, way: &Way, mail: &Mail, to: &[Mailbox], whole: Fault) -> Result<()> {
        let mut sent = false;
        for one in to {
            match way.send(self.message(way, mail, std::slice::from_ref(one))?).await {
                Ok(()) => sent = true,
                Err(fault) => tracing::warn!(to = %one.email, %fault, "an address was refused"),
            }
        }
        if sent { Ok(()) } else { Err(whole) }
    }

    fn message(&self, way: &Way, mail: &Mail, to: &[Mailbox]) -> Result<Message> {
        // Also what is no identifier must give a header that holds together.
        let id = sha2::Sha256::digest(mail.deduplication.as_bytes());
        let id: String = id.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let mut builder = Message::builder()
            .from(way.from.clone())
            .date(self.clock.now().into())
            .message_id(Some(format!("<{id}@{}>", way.from.email.domain())))
            .subject(mail.subject.split_whitespace().collect::<Vec<_>>().join(" "))
            // So that nobody's out-of-office reply comes back: RFC 3834.
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        for one in to {
            builder = builder.to(one.clone());
        }
        let made = match &mail.html {
            Some(html) => builder
                .multipart(MultiPart::alternative_plain_html(mail.text.clone(), html.clone())),
            None => builder.singlepart(SinglePart::plain(mail.text.clone())),
        };
        made.map_err(|error| never(&way.host, error))
    }
}

impl Way {
    fn new(settings: MailSettings) -> Result<Self> {
        let from = mailbox("mail.from", &settings.from)?;
        let tls = || tls_parameters(&settings);
        let tls = match settings.tls {
            MailTls::None => Tls::None,
            MailTls::StartTls => Tls::Required(tls()?),
            MailTls::Implicit => Tls::Wrapper(tls()?),
        };
        let mut transport = Transport::builder_dangerous(settings.host.as_str())
            .port(settings.port)
            .timeout(Some(settings.timeout))
            .tls(tls);
        if let Some((username, password)) = &settings.credentials {
            let password = password.expose().to_owned();
            transport = transport.credentials(Credentials::new(username.clone(), password));
        }
        Ok(Self {
            transport: transport.build(),
            host: settings.host,
            from,
            timeout: settings.timeout,
        })
    }

    async fn send(&self, message: Message) -> Result<()> {
        // On the heap: a handshake with its buffers is large.
        match tokio::time::timeout(self.timeout, Box::pin(self.transport.send(message))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(self.explain(&error)),
            Err(_) => Err(self.late()),
        }
    }

    fn late(&self) -> Fault {
        again(&self.host, "no answer in time (mail.timeout_seconds)")
    }

    fn explain(&self, error: &SmtpError) -> Fault {
        let mut words = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            words = format!("{words}: {error}");
            cause = error.source();
        }
        // That this server may not send is no fault of the mail: RFC 4954, section 6.
        let signing_in = error
            .status()
            .is_some_and(|code| ["530", "534", "535", "538"].contains(&code.to_string().as_str()));
        if error.is_permanent() && !signing_in {
            never(&self.host, words)
        } else {
            again(&self.host, words)
        }
    }
}

fn tls_parameters(settings: &MailSettings) -> Result<TlsParameters> {
    let mut builder = TlsParameters::builder(settings.host.clone())
        .certificate_store(CertificateStore::WebpkiRoots);
    if let Some(pem) = &settings.extra_authorities {
        let extra = Certificate::from_pem(pem)
            .map_err(|error| Fault::invalid("mail.ca_file", error.to_string()))?;
        builder = builder.add_root_certificate(extra);
    }
    builder.build_rustls().map_err(|error| Fault::invalid("mail.tls", error.to_string()))
}

/// Reads an address, with or without a name before it.
pub(crate) fn mailbox(field: &str, text: &str) -> Result<Mailbox> {
    text.parse().map_err(|error| Fault::invalid(field, format!("{text:?} is no address: {error}")))
}
