//! Mail to people: what is said, and the port through which it goes.

use async_trait::async_trait;
use tessera_kernel::Result;

/// One mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Addresses of those who get it.
    pub to: Vec<String>,
    /// One line.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML, if there is one.
    pub html: Option<String>,
    /// Tells attempts of the same mail from another mail; becomes its `Message-ID`.
    pub deduplication: String,
}

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync + 'static {
    /// Whether a mail server is configured. If not, `send` fails with `Code::Unsupported`.
    fn configured(&self) -> bool;
    /// Hands a mail to the mail server. `Code::Unavailable` is worth another attempt, other codes are not.
    async fn send(&self, mail: &Mail) -> Result<()>;
}
